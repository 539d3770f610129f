import type { Clock } from '../access-tokens/database-clock.ts'
import type { IdentityCore, IdentityStore } from './identity-store.ts'

export interface CachedIdentity extends IdentityCore {
  /** When the database began to be asked for it, by the clock of the access tokens. */
  readAtMs: number
}

/** What logins and requests ask for: no database read per call, and never older than a second. */
export interface IdentityReader {
  /** Undefined too for what is no UUID. */
  findIdentity(identityId: string): Promise<CachedIdentity | undefined>
}

export interface IdentityCache extends IdentityReader {
  /** Call it after each committed change, so that it holds here at once. */
  forget(identityId: string): void
}

export interface IdentityCacheOptions {
  store: Pick<IdentityStore, 'findById'>
  /** That of the access tokens. */
  clock: Clock
  nowMs: () => number
}

interface Entry {
  identity: Promise<CachedIdentity | undefined>
  readAtMs: number
}

const ageMsMax = 1000
/** Strangers may ask for ids that do not exist: what they ask for is remembered too, within bounds. */
const entriesMax = 10_000
const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

export function createIdentityCache({ store, clock, nowMs }: IdentityCacheOptions): IdentityCache {
  const entries = new Map<string, Entry>()

  function read(identityId: string): Promise<CachedIdentity | undefined> {
    const identity = load(identityId)
    const entry = { identity, readAtMs: nowMs() }
    entries.delete(identityId)
    entries.set(identityId, entry)
    for (const oldest of entries.keys()) {
      if (entries.size <= entriesMax) break
      entries.delete(oldest)
    }
    // A failure is told to those who wait for it, and not remembered.
    identity.catch(() => {
      if (entries.get(identityId) === entry) entries.delete(identityId)
    })
    return identity
  }

  async function load(identityId: string): Promise<CachedIdentity | undefined> {
    const readAtMs = clock.nowMs()
    const identity = await store.findById(identityId)
    return identity === undefined ? undefined : { ...identity, readAtMs }
  }

  return {
    findIdentity: (identityId) => {
      if (!uuid.test(identityId)) return Promise.resolve(undefined)
      const key = identityId.toLowerCase()
      const entry = entries.get(key)
      return entry !== undefined && nowMs() - entry.readAtMs < ageMsMax ? entry.identity : read(key)
    },
    // Dropping the entry also drops a read under way, which may have seen the state before the change.
    forget: (identityId) => void entries.delete(identityId.toLowerCase()),
  }
}
