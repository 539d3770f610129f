import type { EnteredProject } from '../projects/project-access.ts'
import type { FolderAt } from './folders/folder-store.ts'
import { folderDepthMax, joinPath } from './folders/folder-paths.ts'
import { tooMuch } from './folder-secrets.ts'
import { type ImportedFolder, type ImportsOf, readImports } from './imported-secrets.ts'
import { type MetadataWish, meetsWishes } from './metadata-filter.ts'
import { expandShown } from './references/expand-shown.ts'
import { secretLimits } from './secret-limits.ts'
import {
  type FoundIn,
  type PlacedFolder,
  type SecretPlace,
  type SecretReading,
  type SecretReadingDependencies,
  type ShownSecret,
  addressOf,
  createSecretReading,
  secretsOf,
} from './secret-reading.ts'

export interface ListSecretsDependencies extends SecretReadingDependencies {
  folders: { listBelow(from: { folderId: string; depthMax: number }): Promise<readonly FolderAt[]> }
  imports: ImportsOf
}

export interface ViewOptions {
  /** False: every value is hidden. */
  readonly viewValue: boolean
  readonly expand: boolean
}

export interface ListOptions extends ViewOptions {
  readonly recursive: boolean
  readonly includeImports: boolean
  readonly wishes: readonly MetadataWish[]
}

export interface SecretList {
  readonly projectId: string
  readonly secrets: readonly ShownSecret[]
  readonly imports: readonly { folder: PlacedFolder; secrets: readonly ShownSecret[] }[]
}

/**
 * Empty where there is no such folder. Those that the actor may not read are left out. The same for the same project,
 * rights, place and options, as long as what the stores answer is the same: list-replies.ts relies on that.
 */
export async function listSecrets(
  dependencies: ListSecretsDependencies,
  entered: EnteredProject,
  place: SecretPlace,
  options: ListOptions,
): Promise<SecretList> {
  const reading = createSecretReading(dependencies, entered)
  const at = { environment: place.environment.slug, secretPath: joinPath(place.path) }
  if (options.recursive) reading.sight.requireSomethingSomewhere(at)
  else reading.sight.requireSomethingToRead(at)
  const folders = await foldersOf(dependencies, reading, place, options.recursive)
  const imported = options.includeImports ? await readImports(reading, dependencies.imports, folders) : []
  requireOneReply(folders, imported)

  const show = async (secrets: readonly FoundIn[]): Promise<ShownSecret[]> =>
    reading.show(await wishedOf(reading, options.wishes, secrets), options.viewValue)
  const own = await show(folders.flatMap(secretsOf))
  const shownImports: { folder: PlacedFolder; secrets: ShownSecret[] }[] = []
  for (const { folder, secrets } of imported) shownImports.push({ folder, secrets: await show(secrets) })
  const { id: projectId } = entered.project
  if (!options.expand) return { projectId, secrets: own, imports: shownImports }

  const everything = await expandShown(reading, [...own, ...shownImports.flatMap(({ secrets }) => secrets)])
  const secrets = everything.splice(0, own.length)
  const imports = shownImports.map(({ folder, secrets: { length } }) => ({
    folder,
    secrets: everything.splice(0, length),
  }))
  return { projectId, secrets, imports }
}

/** Everything counts, also what the reader may not see or did not ask for: nobody learns from it how much that is. */
function requireOneReply(folders: readonly PlacedFolder[], imported: readonly ImportedFolder[]): void {
  const all = [...folders.flatMap(secretsOf), ...imported.flatMap(({ secrets }) => secrets)]
  const bytes = all.reduce((sum, { stored }) => sum + stored.content.value.length, 0)
  if (all.length > secretLimits.secretsPerReply || bytes > secretLimits.bytesPerReply) throw tooMuch()
}

/** Whoever may not read encrypted metadata does not find by it either. */
async function wishedOf(
  reading: SecretReading,
  wishes: readonly MetadataWish[],
  secrets: readonly FoundIn[],
): Promise<readonly FoundIn[]> {
  if (wishes.length === 0) return secrets
  const notes = await reading.openNotes(secrets.map(({ stored }) => stored))
  return secrets.filter((secret, index) => {
    const metadata = notes[index]?.metadata ?? []
    const mayReadAll = reading.sight.can('read-value', addressOf(secret))
    return meetsWishes(mayReadAll ? metadata : metadata.filter(({ isEncrypted }) => !isEncrypted), wishes)
  })
}

async function foldersOf(
  { folders, store }: ListSecretsDependencies,
  reading: SecretReading,
  place: SecretPlace,
  recursive: boolean,
): Promise<readonly PlacedFolder[]> {
  if (!recursive) {
    const folder = await reading.folderAt(place)
    return folder === undefined ? [] : [folder]
  }
  const top = await store.findFolder({ environmentId: place.environment.id, path: place.path })
  if (top === undefined) return []
  const below = await folders.listBelow({ folderId: top.id, depthMax: folderDepthMax })
  const places = new Map(
    below.map(({ id, path }) => [id, { environment: place.environment, path: [...place.path, ...path] }]),
  )
  const read = await reading.foldersWith(places)
  return read.toSorted((one, other) => (one.secretPath < other.secretPath ? -1 : 1))
}
