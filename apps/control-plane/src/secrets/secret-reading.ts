import type { EnteredProject } from '../projects/project-access.ts'
import type { Environment } from '../projects/project-store.ts'
import { type FolderSecrets, type FolderSecretsReader, type ReadSecret, tooMuch } from './folder-secrets.ts'
import { joinPath } from './folders/folder-paths.ts'
import { secretLimits } from './secret-limits.ts'
import type { SecretStore } from './secret-store.ts'
import { type SecretSight, createSecretSight } from './secret-sight.ts'

/** A folder's place. */
export interface SecretPlace {
  readonly environment: Environment
  readonly path: readonly string[]
}

/** A folder that was read, and where it is. */
export interface PlacedFolder extends SecretPlace {
  readonly secretPath: string
  readonly contents: FolderSecrets
}

/** A secret as one reader may have it. */
export interface ShownSecret {
  readonly read: ReadSecret
  readonly folder: Pick<PlacedFolder, 'environment' | 'secretPath' | 'path'>
  /** Undefined: hidden from this reader, or not asked for. */
  readonly value: string | undefined
}

/**
 * One request's way through a project: each folder is read once, with the reader's rights. Throws BadRequest where the
 * folders are more than one request may look at.
 */
export interface SecretReading {
  readonly entered: EnteredProject
  readonly sight: SecretSight
  folderAt(place: SecretPlace): Promise<PlacedFolder | undefined>
  foldersWith(places: ReadonlyMap<string, SecretPlace>): Promise<readonly PlacedFolder[]>
  /** Without those that the reader may not read; values only where they are wanted and may be read. */
  show(
    secrets: readonly { read: ReadSecret; folder: ShownSecret['folder'] }[],
    viewValue: boolean,
  ): Promise<ShownSecret[]>
  openValues(secrets: readonly ReadSecret[]): Promise<void>
}

export interface SecretReadingDependencies {
  store: Pick<SecretStore, 'findFolder' | 'statesOf'>
  folderSecrets: FolderSecretsReader
}

export function createSecretReading(
  { store, folderSecrets }: SecretReadingDependencies,
  entered: EnteredProject,
): SecretReading {
  const { organizationId } = entered.project
  const sight = createSecretSight(entered.rights)
  const folders = new Map<string, Promise<PlacedFolder | undefined>>()
  const left = { secrets: secretLimits.secretsPerRequest, bytes: secretLimits.bytesPerRequest }

  function weigh({ byKey, sealedBytes }: FolderSecrets): void {
    left.secrets -= byKey.size
    left.bytes -= sealedBytes
    if (left.secrets < 0 || left.bytes < 0) throw tooMuch()
  }

  async function readFolder(place: SecretPlace, secretPath: string): Promise<PlacedFolder | undefined> {
    const state = await store.findFolder({ environmentId: place.environment.id, path: place.path })
    if (state === undefined) return undefined
    const [contents] = await folderSecrets.read(organizationId, [state])
    if (contents === undefined) return undefined
    weigh(contents)
    return { ...place, secretPath, contents }
  }

  const reading: SecretReading = {
    entered,
    sight,
    folderAt: (place) => {
      const secretPath = joinPath(place.path)
      const key = `${place.environment.id} ${secretPath}`
      const folder = folders.get(key) ?? readFolder(place, secretPath)
      folders.set(key, folder)
      return folder
    },
    foldersWith: async (places) => {
      const states = await store.statesOf([...places.keys()])
      const read = await folderSecrets.read(organizationId, states)
      for (const contents of read) weigh(contents)
      return read.flatMap((contents) => {
        const place = places.get(contents.folderId)
        return place === undefined ? [] : [{ ...place, secretPath: joinPath(place.path), contents }]
      })
    },
    show: async (secrets, viewValue) => {
      const seen = secrets.filter(({ read, folder }) => sight.can('read', addressOf(read, folder)))
      const withValue = new Set(
        viewValue ? seen.filter(({ read, folder }) => sight.can('read-value', addressOf(read, folder))) : [],
      )
      await folderSecrets.openValuesOf(
        organizationId,
        [...withValue].map(({ read }) => read),
      )
      return seen.map((secret) => {
        const { read, folder } = secret
        return { read, folder, value: withValue.has(secret) ? read.value : undefined }
      })
    },
    openValues: (secrets) => folderSecrets.openValuesOf(organizationId, secrets),
  }
  return reading
}

export function addressOf({ stored }: ReadSecret, folder: ShownSecret['folder']) {
  return {
    environment: folder.environment.slug,
    secretPath: folder.secretPath,
    secretName: stored.key,
  }
}

export function secretsOf(folder: PlacedFolder): { read: ReadSecret; folder: PlacedFolder }[] {
  return [...folder.contents.byKey.values()].map((read) => ({ read, folder }))
}
