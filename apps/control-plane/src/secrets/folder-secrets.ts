import { ApiError } from '../http/api-error.ts'
import { secretLimits } from './secret-limits.ts'
import type { FolderState, SecretStore, StoredContents, StoredSecret } from './secret-store.ts'

export interface FolderSecrets {
  readonly folderId: string
  /** By key, in the order of keys. */
  readonly byKey: ReadonlyMap<string, StoredSecret>
  readonly hasImports: boolean
  /** Of all values. */
  readonly sealedBytes: number
}

/**
 * The secrets of folders, sealed as they are stored, and kept for as long as the folder's revision in the database is
 * the same: a reader asks the database at each request, and never sees what has been changed.
 */
export interface FolderSecretsReader {
  /** Throws BadRequest where they are more than one reply may hold. */
  read(states: readonly FolderState[]): Promise<readonly FolderSecrets[]>
}

export interface FolderSecretsOptions {
  store: Pick<SecretStore, 'contentsOf'>
  /** Monotonic. */
  elapsedMs: () => number
  /** What may be kept, about. */
  bytesMax?: number
}

interface Kept {
  readonly revision: number
  readonly byKey: ReadonlyMap<string, StoredSecret>
  readonly bytes: number
  readonly sealedBytes: number
  readonly readAtMs: number
}

const bytesMaxDefault = 32 * 1024 * 1024
/** Names, dates, ids, and the objects around them. */
const secretBytesAbout = 1_000
/** What was encrypted anew meanwhile is read again, long before its earlier key goes (key-rotation/). */
const ageMsMax = 30_000

export function createFolderSecretsReader({
  store,
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

  return {
    read: async (states) => {
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
          const contents = keptOf(stored, readAtMs)
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
  }
}

export function tooMuch(): ApiError {
  return new ApiError(
    'BadRequest',
    `One list may hold ${secretLimits.secretsPerReply} secrets, and ${secretLimits.bytesPerReply} bytes of values: ` +
      'ask for a folder further down, or without recursive, imports or references',
  )
}

function keptOf({ revision, secrets }: StoredContents, readAtMs: number): Kept {
  const byKey = new Map(secrets.map((secret) => [secret.key, secret]))
  let bytes = secretBytesAbout
  let sealedBytes = 0
  for (const secret of secrets) {
    bytes += secretBytesAbout + bytesOf(secret)
    sealedBytes += secret.content.value.length
  }
  return { revision, byKey, bytes, sealedBytes, readAtMs }
}

function bytesOf({ content: { value, comment, metadata, hiddenMetadata } }: StoredSecret): number {
  return (
    value.length + (comment?.length ?? 0) + (hiddenMetadata?.length ?? 0) + JSON.stringify(metadata).length
  )
}
