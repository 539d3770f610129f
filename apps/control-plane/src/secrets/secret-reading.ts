import type { EnteredProject } from '../projects/project-access.ts'
import type { Environment } from '../projects/project-store.ts'
import { type FolderSecrets, type FolderSecretsReader, tooMuch } from './folder-secrets.ts'
import { joinPath } from './folders/folder-paths.ts'
import { type SecretKeyring, type SecretNotes, openNotes, openValues } from './secret-cipher.ts'
import { secretLimits } from './secret-limits.ts'
import type { FolderPlace, FolderState, SecretStore, StoredSecret } from './secret-store.ts'
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

/** A secret, sealed, and where it is. */
export interface PlacedSecret {
  readonly stored: StoredSecret
  readonly folder: Pick<PlacedFolder, 'environment' | 'secretPath' | 'path'>
}

/** A secret as one reader may have it. */
export interface ShownSecret extends PlacedSecret {
  readonly notes: SecretNotes
  /** Undefined: hidden from this reader, or not asked for. */
  readonly value: string | undefined
}

/**
 * One request's way through a project: each folder is read once, and each value opened once, with the reader's rights.
 * Throws BadRequest where the folders are more than one request may look at.
 */
export interface SecretReading {
  readonly entered: EnteredProject
  readonly sight: SecretSight
  folderAt(place: SecretPlace): Promise<PlacedFolder | undefined>
  foldersWith(places: ReadonlyMap<string, SecretPlace>): Promise<readonly PlacedFolder[]>
  /** Without those that the reader may not read; values only where they are wanted and may be read. */
  show(secrets: readonly PlacedSecret[], viewValue: boolean): Promise<ShownSecret[]>
  /** In the order given. */
  openNotes(secrets: readonly StoredSecret[]): Promise<readonly SecretNotes[]>
  openValues(secrets: readonly StoredSecret[]): Promise<ReadonlyMap<StoredSecret, string>>
}

/** What of the store reading needs; folders are looked for one by one (ask-together.ts). */
export interface ReadingStore extends Pick<SecretStore, 'statesOf'> {
  findFolder(place: FolderPlace): Promise<FolderState | undefined>
}

export interface SecretReadingDependencies {
  store: ReadingStore
  folderSecrets: FolderSecretsReader
  keyring: SecretKeyring
}

export function createSecretReading(
  { store, folderSecrets, keyring }: SecretReadingDependencies,
  entered: EnteredProject,
): SecretReading {
  const { organizationId } = entered.project
  const sight = createSecretSight(entered.rights)
  const folders = new Map<string, Promise<PlacedFolder | undefined>>()
  const values = new Map<StoredSecret, string>()
  const left = { secrets: secretLimits.secretsPerRequest, bytes: secretLimits.bytesPerRequest }

  function weigh({ byKey, sealedBytes }: FolderSecrets): void {
    left.secrets -= byKey.size
    left.bytes -= sealedBytes
    if (left.secrets < 0 || left.bytes < 0) throw tooMuch()
  }

  async function readFolder(place: SecretPlace, secretPath: string): Promise<PlacedFolder | undefined> {
    const state = await store.findFolder({ environmentId: place.environment.id, path: place.path })
    if (state === undefined) return undefined
    const [contents] = await folderSecrets.read([state])
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
      const read = await folderSecrets.read(states)
      for (const contents of read) weigh(contents)
      return read.flatMap((contents) => {
        const place = places.get(contents.folderId)
        return place === undefined ? [] : [{ ...place, secretPath: joinPath(place.path), contents }]
      })
    },
    show: async (secrets, viewValue) => {
      const seen = secrets.filter((secret) => sight.can('read', addressOf(secret)))
      const mayView = seen.map((secret) => viewValue && sight.can('read-value', addressOf(secret)))
      const stored = seen.map((secret) => secret.stored)
      const notes = await reading.openNotes(stored)
      const opened = await reading.openValues(stored.filter((_secret, index) => mayView[index] === true))
      return seen.map((secret, index) => ({
        stored: secret.stored,
        folder: secret.folder,
        notes: notes[index] ?? { comment: '', metadata: [] },
        value: mayView[index] === true ? opened.get(secret.stored) : undefined,
      }))
    },
    openNotes: (secrets) => openNotes(keyring, organizationId, secrets),
    openValues: async (secrets) => {
      const sealed = secrets.filter((secret) => !values.has(secret))
      const opened = sealed.length === 0 ? [] : await openValues(keyring, organizationId, sealed)
      for (const [index, value] of opened.entries()) {
        const secret = sealed[index]
        if (secret !== undefined) values.set(secret, value)
      }
      return values
    },
  }
  return reading
}

export function addressOf({ stored, folder }: PlacedSecret) {
  return {
    environment: folder.environment.slug,
    secretPath: folder.secretPath,
    secretName: stored.key,
  }
}

/** A secret of a folder that was read. */
export interface FoundIn {
  readonly stored: StoredSecret
  readonly folder: PlacedFolder
}

export function secretsOf(folder: PlacedFolder): FoundIn[] {
  return [...folder.contents.byKey.values()].map((stored) => ({ stored, folder }))
}
