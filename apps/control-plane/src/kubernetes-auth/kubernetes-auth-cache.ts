import type { Clock } from '../access-tokens/database-clock.ts'
import type { TokenReviewer } from '../login/token-reviewer.ts'
import type { ChooseReviewer } from './choose-reviewer.ts'
import type { KubernetesAuth } from './kubernetes-auth.ts'
import { compileKubernetesAuthRules, type KubernetesAuthRules } from './kubernetes-auth-rules.ts'
import type { KubernetesAuthStore } from './kubernetes-auth-store.ts'

/** A Kubernetes Auth made ready for logins: rules compiled, reviewer chosen. */
export interface LoginConfiguration {
  auth: KubernetesAuth
  organizationSlug: string
  rules: KubernetesAuthRules
  reviewer: TokenReviewer
  /** When the database began to be asked for it, by the clock of the access tokens. */
  readAtMs: number
}

/** What logins ask for: no database read per call, and never older than a second. */
export interface KubernetesAuthReader {
  /** Ask only for ids of identities that exist. */
  find(identityId: string): Promise<LoginConfiguration | undefined>
}

export interface KubernetesAuthCache extends KubernetesAuthReader {
  /** Call it after each committed change: whoever asks from now on gets the new state. */
  forget(identityId: string): void
}

export interface KubernetesAuthCacheOptions {
  store: Pick<KubernetesAuthStore, 'find' | 'findOrganizationSlug'>
  chooseReviewer: ChooseReviewer
  /** That of the access tokens. */
  clock: Clock
  nowMs: () => number
}

interface Entry {
  configuration: Promise<LoginConfiguration | undefined>
  readAtMs: number
}

const ageMsMax = 1000
const entriesMax = 10_000

export function createKubernetesAuthCache(options: KubernetesAuthCacheOptions): KubernetesAuthCache {
  const { nowMs } = options
  const entries = new Map<string, Entry>()

  function read(identityId: string): Promise<LoginConfiguration | undefined> {
    const configuration = load(identityId, options)
    const entry = { configuration, readAtMs: nowMs() }
    entries.delete(identityId)
    entries.set(identityId, entry)
    for (const oldest of entries.keys()) {
      if (entries.size <= entriesMax) break
      entries.delete(oldest)
    }
    // A failure is told to those who wait for it, and not remembered.
    configuration.catch(() => {
      if (entries.get(identityId) === entry) entries.delete(identityId)
    })
    return configuration
  }

  return {
    find: (identityId) => {
      const entry = entries.get(identityId)
      return entry !== undefined && nowMs() - entry.readAtMs < ageMsMax
        ? entry.configuration
        : read(identityId)
    },
    // Dropping the entry also drops a read under way, which may have seen the state before the change.
    forget: (identityId) => void entries.delete(identityId),
  }
}

async function load(
  identityId: string,
  { store, chooseReviewer, clock }: KubernetesAuthCacheOptions,
): Promise<LoginConfiguration | undefined> {
  const readAtMs = clock.nowMs()
  const auth = await store.find(identityId)
  if (auth === undefined) return undefined
  const organizationSlug = await store.findOrganizationSlug(auth.organizationId)
  if (organizationSlug === undefined) return undefined
  const rules = compileKubernetesAuthRules(auth)
  return { auth, organizationSlug, rules, reviewer: chooseReviewer(auth), readAtMs }
}
