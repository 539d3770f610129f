import { ApiError } from '../http/api-error.ts'
import type { Actor } from '../permissions/actor.ts'
import { projectDenied } from '../permissions/project-rights.ts'
import type { EnteredProject, NamedProject, ProjectAccess } from '../projects/project-access.ts'
import type { FolderAt } from './folders/folder-store.ts'
import { folderDepthMax, joinPath, parseSecretPath } from './folders/folder-paths.ts'
import { type FolderSecretsReader, tooMuch } from './folder-secrets.ts'
import { type ImportedFolder, type ImportsOf, readImports } from './imported-secrets.ts'
import { type MetadataWish, meetsWishes } from './metadata-filter.ts'
import { expandShown } from './references/expand-shown.ts'
import { secretLimits } from './secret-limits.ts'
import {
  type PlacedFolder,
  type SecretPlace,
  type SecretReading,
  type ShownSecret,
  addressOf,
  createSecretReading,
  secretsOf,
} from './secret-reading.ts'
import type { SecretStore } from './secret-store.ts'

export interface ReadSecretsDependencies {
  access: ProjectAccess
  store: Pick<
    SecretStore,
    'findFolder' | 'statesOf' | 'locate' | 'findVersion' | 'listVersions' | 'countVersions'
  >
  folders: { listBelow(from: { folderId: string; depthMax: number }): Promise<readonly FolderAt[]> }
  imports: ImportsOf
  folderSecrets: FolderSecretsReader
}

/** As a request names it. */
export interface NamedPlace extends NamedProject {
  readonly environment: string
  readonly secretPath: string
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

export interface FoundSecret {
  readonly projectId: string
  readonly secret: ShownSecret
}

/** What is read of secrets, with the actor's rights. They throw ApiErrors. */
export interface ReadSecrets {
  /** Empty where there is no such folder. Those that the actor may not read are left out. */
  list(actor: Actor, place: NamedPlace, options: ListOptions): Promise<SecretList>
  /** Of the folder or, with `includeImports`, of what it imports: the last import that has it. */
  get(
    actor: Actor,
    place: NamedPlace & { secretName: string },
    options: ViewOptions & { includeImports: boolean; version: number | undefined },
  ): Promise<FoundSecret>
  getById(
    actor: Actor,
    secretId: string,
    options: ViewOptions & { version: number | undefined },
  ): Promise<FoundSecret>
  versions(
    actor: Actor,
    secretId: string,
    page: { offset: number; limit: number },
  ): Promise<{ projectId: string; versions: readonly ShownSecret[]; totalCount: number }>
}

export function createReadSecrets(dependencies: ReadSecretsDependencies): ReadSecrets {
  return {
    list: (actor, place, options) => list(dependencies, actor, place, options),
    get: (actor, place, options) => get(dependencies, actor, place, options),
    getById: (actor, secretId, options) => getById(dependencies, actor, secretId, options),
    versions: (actor, secretId, page) => versions(dependencies, actor, secretId, page),
  }
}

/** The same words for a secret of another organization as for one that does not exist. */
export function secretUnknown(): ApiError {
  return new ApiError('NotFound', 'There is no such secret')
}

async function list(
  dependencies: ReadSecretsDependencies,
  actor: Actor,
  named: NamedPlace,
  options: ListOptions,
): Promise<SecretList> {
  const entered = await dependencies.access.enter(actor, named)
  const place = placeOf(entered, named)
  const reading = createSecretReading(dependencies, entered)
  const at = { environment: place.environment.slug, secretPath: joinPath(place.path) }
  if (options.recursive) reading.sight.requireSomethingSomewhere(at)
  else reading.sight.requireSomethingToRead(at)
  const folders = await foldersOf(dependencies, reading, place, options.recursive)
  const isWished = wishTest(reading, options.wishes)
  const imported = options.includeImports ? await readImports(reading, dependencies.imports, folders) : []
  requireOneReply(folders, imported)

  const own = await reading.show(folders.flatMap(secretsOf).filter(isWished), options.viewValue)
  const shownImports = await showImports(reading, imported, isWished, options.viewValue)
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
  const bytes = all.reduce((sum, { read }) => sum + read.stored.content.value.length, 0)
  if (all.length > secretLimits.secretsPerReply || bytes > secretLimits.bytesPerReply) throw tooMuch()
}

type WishTest = (secret: Found) => boolean

/** Whoever may not read encrypted metadata does not find by it either. */
function wishTest({ sight }: SecretReading, wishes: readonly MetadataWish[]): WishTest {
  if (wishes.length === 0) return () => true
  return ({ read, folder }) => {
    const { metadata } = read.notes
    const mayReadAll = sight.can('read-value', addressOf(read, folder))
    return meetsWishes(mayReadAll ? metadata : metadata.filter(({ isEncrypted }) => !isEncrypted), wishes)
  }
}

async function showImports(
  reading: SecretReading,
  imported: readonly ImportedFolder[],
  isWished: WishTest,
  viewValue: boolean,
): Promise<{ folder: PlacedFolder; secrets: ShownSecret[] }[]> {
  const shown = []
  for (const { folder, secrets } of imported) {
    shown.push({ folder, secrets: await reading.show(secrets.filter(isWished), viewValue) })
  }
  return shown
}

async function foldersOf(
  { folders, store }: ReadSecretsDependencies,
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

async function get(
  dependencies: ReadSecretsDependencies,
  actor: Actor,
  named: NamedPlace & { secretName: string },
  options: ViewOptions & { includeImports: boolean; version: number | undefined },
): Promise<FoundSecret> {
  const entered = await dependencies.access.enter(actor, named)
  const place = placeOf(entered, named)
  const reading = createSecretReading(dependencies, entered)
  const { secretName } = named
  const at = { environment: place.environment.slug, secretPath: joinPath(place.path), secretName }
  if (!reading.sight.can('read', at)) throw projectDenied(entered.rights, 'read', 'secrets', at)
  const folder = await reading.folderAt(place)
  const own = folder?.contents.byKey.get(secretName)
  if (folder === undefined || (own === undefined && !options.includeImports)) throw secretNotHere(at)
  if (own !== undefined) return showOne(dependencies, reading, { read: own, folder }, options)
  const imported = await readImports(reading, dependencies.imports, [folder])
  const found = imported
    .toReversed()
    .map(({ secrets }) => secrets.find(({ read }) => read.stored.key === secretName))
    .find((secret) => secret !== undefined)
  if (found === undefined) throw secretNotHere(at)
  return showOne(dependencies, reading, found, options)
}

async function getById(
  dependencies: ReadSecretsDependencies,
  actor: Actor,
  secretId: string,
  options: ViewOptions & { version: number | undefined },
): Promise<FoundSecret> {
  const { reading, found } = await locate(dependencies, actor, secretId)
  return showOne(dependencies, reading, found, options)
}

async function versions(
  dependencies: ReadSecretsDependencies,
  actor: Actor,
  secretId: string,
  page: { offset: number; limit: number },
) {
  const { store, folderSecrets } = dependencies
  const { reading, found } = await locate(dependencies, actor, secretId)
  const { id: projectId, organizationId } = reading.entered.project
  const stored = await store.listVersions(secretId, page)
  const read = await Promise.all(stored.map((version) => folderSecrets.readOne(organizationId, version)))
  // An earlier version needs the rights of the name that it had and of the one that it has now.
  const mayView = reading.sight.can('read-value', addressOf(found.read, found.folder))
  const shown = await reading.show(
    read.map((version) => ({ read: version, folder: found.folder })),
    mayView,
  )
  return { projectId, versions: shown, totalCount: await store.countVersions(secretId) }
}

type Found = Omit<ShownSecret, 'value'>

/** Throws NotFound for a secret of a project that the actor may not enter, and PermissionDenied for one not to be read. */
async function locate(
  dependencies: ReadSecretsDependencies,
  actor: Actor,
  secretId: string,
): Promise<{ reading: SecretReading; found: Found }> {
  const located = await dependencies.store.locate(secretId)
  if (located === undefined) throw secretUnknown()
  const { secret: stored, environmentId, path } = located
  const entered = await dependencies.access.enterIfMember(actor, { projectId: stored.projectId })
  const environment = entered?.environments.find(({ id }) => id === environmentId)
  if (entered === undefined || environment === undefined) throw secretUnknown()
  const reading = createSecretReading(dependencies, entered)
  const read = await dependencies.folderSecrets.readOne(entered.project.organizationId, stored)
  const found = { read, folder: { environment, path, secretPath: joinPath(path) } }
  const at = addressOf(read, found.folder)
  if (!reading.sight.can('read', at)) throw projectDenied(entered.rights, 'read', 'secrets', at)
  return { reading, found }
}

async function showOne(
  { store, folderSecrets }: ReadSecretsDependencies,
  reading: SecretReading,
  present: Found,
  { viewValue, expand, version }: ViewOptions & { version: number | undefined },
): Promise<FoundSecret> {
  const { organizationId, id: projectId } = reading.entered.project
  const { stored } = present.read
  let found = present
  if (version !== undefined && version !== stored.version) {
    const earlier = await store.findVersion(stored.id, version)
    if (earlier === undefined) {
      throw new ApiError('NotFound', `There is no version ${version} of the secret, or no longer`)
    }
    const read = await folderSecrets.readOne(organizationId, earlier)
    found = { ...present, read }
  }
  // An earlier version needs the rights of the name that it had and of the one that it has now.
  const mayView =
    viewValue &&
    [present, found].every((one) => reading.sight.can('read-value', addressOf(one.read, one.folder)))
  if (mayView) await reading.openValues([found.read])
  const shown = { ...found, value: mayView ? found.read.value : undefined }
  const [expanded = shown] = expand ? await expandShown(reading, [shown]) : [shown]
  return { projectId, secret: expanded }
}

function placeOf(
  entered: EnteredProject,
  { environment, secretPath }: Pick<NamedPlace, 'environment' | 'secretPath'>,
): SecretPlace {
  return { environment: entered.environment(environment), path: parseSecretPath(secretPath) }
}

function secretNotHere({ environment, secretPath }: { environment: string; secretPath: string }): ApiError {
  return new ApiError('NotFound', `There is no secret of this name in ${environment} at ${secretPath}`)
}
