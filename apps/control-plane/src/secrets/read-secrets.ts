import { ApiError } from '../http/api-error.ts'
import type { Actor } from '../permissions/actor.ts'
import { projectDenied } from '../permissions/project-rights.ts'
import type { ProjectAccess } from '../projects/project-access.ts'
import { joinPath } from './folders/folder-paths.ts'
import { readImports } from './imported-secrets.ts'
import type { ListSecretsDependencies, ViewOptions } from './list-secrets.ts'
import { type NamedPlace, placeWithin } from './named-place.ts'
import { expandShown } from './references/expand-shown.ts'
import {
  type PlacedSecret,
  type SecretReading,
  type ShownSecret,
  addressOf,
  createSecretReading,
} from './secret-reading.ts'
import type { SecretStore } from './secret-store.ts'

export interface ReadSecretsDependencies extends Omit<ListSecretsDependencies, 'store' | 'folders'> {
  access: ProjectAccess
  store: ListSecretsDependencies['store'] &
    Pick<SecretStore, 'locate' | 'findVersion' | 'listVersions' | 'countVersions'>
}

export interface FoundSecret {
  readonly projectId: string
  readonly secret: ShownSecret
}

/** What is read of single secrets, with the actor's rights. They throw ApiErrors. */
export interface ReadSecrets {
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
    get: (actor, place, options) => get(dependencies, actor, place, options),
    getById: (actor, secretId, options) => getById(dependencies, actor, secretId, options),
    versions: (actor, secretId, page) => versions(dependencies, actor, secretId, page),
  }
}

/** The same words for a secret of another organization as for one that does not exist. */
export function secretUnknown(): ApiError {
  return new ApiError('NotFound', 'There is no such secret')
}

async function get(
  dependencies: ReadSecretsDependencies,
  actor: Actor,
  named: NamedPlace & { secretName: string },
  options: ViewOptions & { includeImports: boolean; version: number | undefined },
): Promise<FoundSecret> {
  const entered = await dependencies.access.enter(actor, named)
  const place = placeWithin(entered, named)
  const reading = createSecretReading(dependencies, entered)
  const { secretName } = named
  const at = { environment: place.environment.slug, secretPath: joinPath(place.path), secretName }
  if (!reading.sight.can('read', at)) throw projectDenied(entered.rights, 'read', 'secrets', at)
  const folder = await reading.folderAt(place)
  const own = folder?.contents.byKey.get(secretName)
  if (folder === undefined || (own === undefined && !options.includeImports)) throw secretNotHere(at)
  if (own !== undefined) return showOne(dependencies, reading, { stored: own, folder }, options)
  const imported = await readImports(reading, dependencies.imports, [folder])
  const found = imported
    .toReversed()
    .map(({ secrets }) => secrets.find(({ stored }) => stored.key === secretName))
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
  const { store } = dependencies
  const { reading, found } = await locate(dependencies, actor, secretId)
  const { id: projectId } = reading.entered.project
  const stored = await store.listVersions(secretId, page)
  // An earlier version needs the rights of the name that it had and of the one that it has now.
  const mayView = reading.sight.can('read-value', addressOf(found))
  const shown = await reading.show(
    stored.map((version) => ({ stored: version, folder: found.folder })),
    mayView,
  )
  return { projectId, versions: shown, totalCount: await store.countVersions(secretId) }
}

/** Throws NotFound for a secret of a project that the actor may not enter, and PermissionDenied for one not to be read. */
async function locate(
  dependencies: ReadSecretsDependencies,
  actor: Actor,
  secretId: string,
): Promise<{ reading: SecretReading; found: PlacedSecret }> {
  const located = await dependencies.store.locate(secretId)
  if (located === undefined) throw secretUnknown()
  const { secret: stored, environmentId, path } = located
  const entered = await dependencies.access.enterIfMember(actor, { projectId: stored.projectId })
  const environment = entered?.environments.find(({ id }) => id === environmentId)
  if (entered === undefined || environment === undefined) throw secretUnknown()
  const reading = createSecretReading(dependencies, entered)
  const found = { stored, folder: { environment, path, secretPath: joinPath(path) } }
  const at = addressOf(found)
  if (!reading.sight.can('read', at)) throw projectDenied(entered.rights, 'read', 'secrets', at)
  return { reading, found }
}

async function showOne(
  { store }: ReadSecretsDependencies,
  reading: SecretReading,
  present: PlacedSecret,
  { viewValue, expand, version }: ViewOptions & { version: number | undefined },
): Promise<FoundSecret> {
  const { id: projectId } = reading.entered.project
  const { stored } = present
  let found = present
  if (version !== undefined && version !== stored.version) {
    const earlier = await store.findVersion(stored.id, version)
    if (earlier === undefined) {
      throw new ApiError('NotFound', `There is no version ${version} of the secret, or no longer`)
    }
    found = { ...present, stored: earlier }
  }
  // An earlier version needs the rights of the name that it had and of the one that it has now.
  const mayView =
    viewValue && [present, found].every((one) => reading.sight.can('read-value', addressOf(one)))
  const [notes = { comment: '', metadata: [] }] = await reading.openNotes([found.stored])
  const values = mayView ? await reading.openValues([found.stored]) : undefined
  const shown = { stored: found.stored, folder: found.folder, notes, value: values?.get(found.stored) }
  const [expanded = shown] = expand ? await expandShown(reading, [shown]) : [shown]
  return { projectId, secret: expanded }
}

function secretNotHere({ environment, secretPath }: { environment: string; secretPath: string }): ApiError {
  return new ApiError('NotFound', `There is no secret of this name in ${environment} at ${secretPath}`)
}
