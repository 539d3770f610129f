import { ApiError } from '../http/api-error.ts'
import { type SecretKeyring, type SecretNotes, openNotes, openValues } from './secret-cipher.ts'
import { secretLimits } from './secret-limits.ts'
import type { FolderState, SecretStore, StoredContents, StoredSecret } from './secret-store.ts'

/** A secret that was read; its value is opened when it is first to be shown. */
export interface ReadSecret {
  readonly stored: StoredSecret
  readonly notes: SecretNotes
  /** Undefined until `openValuesOf` opened it. */
  value: string | undefined
}

export interface FolderSecrets {
  readonly folderId: string
  /** By key, in the order of keys. */
  readonly byKey: ReadonlyMap<string, ReadSecret>
  readonly hasImports: boolean
  /** Of all values. */
  readonly sealedBytes: number
}

/**
 * The secrets of folders. Opening a hundred values costs about a millisecond, several times all the rest of a list, so
 * what was opened is kept for as long as the folder's revision in the database is the same: a reader asks the database at
 * each request, and never sees what has been changed.
 */
export interface FolderSecretsReader {
  /** Throws BadRequest where they are more than one reply may hold. */
  read(organizationId: string, states: readonly FolderState[]): Promise<readonly FolderSecrets[]>
  openValuesOf(organizationId: string, secrets: readonly ReadSecret[]): Promise<void>
  /** Without the value. */
  readOne(organizationId: string, stored: StoredSecret): Promise<ReadSecret>
}

export interface FolderSecretsOptions {
  store: Pick<SecretStore, 'contentsOf'>
  keyring: SecretKeyring
  elapsedMs: () => number
  /** What may be kept, about. */
  bytesMax?: number
}

interface Kept {
  readonly revision: number
  readonly byKey: ReadonlyMap<string, ReadSecret>
  readonly bytes: number
  readonly sealedBytes: number
  readonly readAtMs: number
}

const bytesMaxDefault = 64 * 1024 * 1024
/** Names, dates, ids, the objects around them, and their text (secret-json.ts). */
const secretBytesAbout = 2_500
/** Nothing in the clear is kept longer than that without being read again. */
const ageMsMax = 30_000

export function createFolderSecretsReader({
  store,
  keyring,
  elapsedMs,
  bytesMax = bytesMaxDefault,
}: FolderSecretsOptions): FolderSecretsReader {
  const kept = new Map<string, Kept>()
  let keptBytes = 0

  function drop(folderId: string): void {
    keptBytes -= kept.get(folderId)?.bytes ?? 0
    kept.delete(folderId)
  }

  function keep(folderId: string, contents: Kept): void {
    drop(folderId)
    // One folder must not put out all the others.
    if (contents.bytes > bytesMax / 4) return
    kept.set(folderId, contents)
    keptBytes += contents.bytes
    for (const oldest of kept.keys()) {
      if (keptBytes <= bytesMax) break
      drop(oldest)
    }
  }

  function recall({ id, revision }: FolderState): Kept | undefined {
    const contents = kept.get(id)
    if (contents === undefined) return undefined
    if (contents.revision === revision && elapsedMs() - contents.readAtMs < ageMsMax) return contents
    // An older revision may be asked for by a request that began before; a newer one is on its way.
    if (contents.revision <= revision) drop(id)
    return undefined
  }

  async function openContents(
    organizationId: string,
    { revision, secrets }: StoredContents,
    readAtMs: number,
  ): Promise<Kept> {
    const notes = await openNotes(keyring, organizationId, secrets)
    const byKey = new Map<string, ReadSecret>()
    let bytes = secretBytesAbout
    let sealedBytes = 0
    for (const [index, stored] of secrets.entries()) {
      const own = notes[index] ?? { comment: '', metadata: [] }
      byKey.set(stored.key, { stored, notes: own, value: undefined })
      bytes += secretBytesAbout + bytesOf(stored)
      sealedBytes += stored.content.value.length
    }
    return { revision, byKey, bytes, sealedBytes, readAtMs }
  }

  return {
    read: async (organizationId, states) => {
      const found = new Map<string, Kept>()
      for (const state of states) {
        const contents = recall(state)
        if (contents !== undefined) found.set(state.id, contents)
      }
      const missing = states.filter(({ id }) => !found.has(id)).map(({ id }) => id)
      if (missing.length > 0) {
        const readAtMs = elapsedMs()
        const read = await store.contentsOf(missing, secretLimits)
        if (read === 'too-much') throw tooMuch()
        for (const [folderId, stored] of read) {
          const contents = await openContents(organizationId, stored, readAtMs)
          found.set(folderId, contents)
          keep(folderId, contents)
        }
      }
      return states.flatMap(({ id, hasImports }) => {
        const contents = found.get(id)
        if (contents === undefined) return []
        const { byKey, sealedBytes } = contents
        return [{ folderId: id, byKey, hasImports, sealedBytes }]
      })
    },

    openValuesOf: async (organizationId, secrets) => {
      const sealed = secrets.filter(({ value }) => value === undefined)
      if (sealed.length === 0) return
      const values = await openValues(
        keyring,
        organizationId,
        sealed.map(({ stored }) => stored),
      )
      for (const [index, secret] of sealed.entries()) secret.value = values[index]
    },

    readOne: async (organizationId, stored) => {
      const [notes] = await openNotes(keyring, organizationId, [stored])
      return { stored, notes: notes ?? { comment: '', metadata: [] }, value: undefined }
    },
  }
}

export function tooMuch(): ApiError {
  return new ApiError(
    'BadRequest',
    `One list may hold ${secretLimits.secretsPerReply} secrets, and ${secretLimits.bytesPerReply} bytes of values: ` +
      'ask for a folder further down, or without recursive, imports or references',
  )
}

/** Sealed, in the clear, and in the text of replies. */
function bytesOf({ content }: StoredSecret): number {
  const { value, comment, hiddenMetadata } = content
  const sealed = value.length + (comment?.length ?? 0) + (hiddenMetadata?.length ?? 0)
  return 5 * sealed + content.metadata.length * 200
}
