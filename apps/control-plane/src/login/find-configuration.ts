import type { RevocableToken } from '../access-tokens/revocation-set.ts'
import type { CachedIdentity, IdentityCache, IdentityReader } from '../identities/identity-cache.ts'
import type {
  KubernetesAuthCache,
  KubernetesAuthReader,
  LoginConfiguration,
} from '../kubernetes-auth/kubernetes-auth-cache.ts'
import { type CheckResult, denied, passed } from './login-denial.ts'

export interface FoundConfiguration {
  identity: CachedIdentity
  configuration: LoginConfiguration
}

export interface FindConfigurationDependencies {
  identities: IdentityReader
  kubernetesAuths: KubernetesAuthReader
}

/** Who is logged in to, and by which rules. Both are at most a second old. */
export async function findConfiguration(
  { identities, kubernetesAuths }: FindConfigurationDependencies,
  { identityId, organizationSlug }: { identityId: string; organizationSlug?: string | undefined },
): Promise<CheckResult<FoundConfiguration>> {
  const identity = await identities.findIdentity(identityId)
  if (identity === undefined) return denied('identity-unknown')
  if (identity.isDisabled) return denied('identity-disabled')
  const configuration = await kubernetesAuths.find(identity.id)
  if (configuration === undefined) return denied('kubernetes-auth-missing')
  if (organizationSlug !== undefined && organizationSlug !== configuration.organizationSlug) {
    const detail = `the identity belongs to ${configuration.organizationSlug}`
    return denied('organization-mismatch', { detail })
  }
  return passed({ identity, configuration })
}

export interface CheckStillCurrentDependencies extends FindConfigurationDependencies {
  identities: IdentityCache
  kubernetesAuths: KubernetesAuthCache
  revocations: { covers(token: RevocableToken): boolean }
}

/**
 * A review takes up to ten seconds. Whoever disabled the identity or changed its rules meanwhile must not see a token
 * issued by the old ones. Nor is one issued by what was read before a revocation: the token would be as old, and refused.
 */
export async function checkStillCurrent(
  dependencies: CheckStillCurrentDependencies,
  { identity, configuration }: FoundConfiguration,
): Promise<CheckResult<FoundConfiguration>> {
  const now = await findUnrevoked(dependencies, identity.id)
  if (!now.ok)
    return denied('configuration-changed', {
      detail: now.denial.detail ?? now.denial.reason,
      retryAfterSeconds: 1,
    })
  const [before, after] = [configuration.auth, now.value.configuration.auth]
  if (before.id === after.id && before.updatedAt.getTime() === after.updatedAt.getTime()) return now
  return denied('configuration-changed', { detail: 'the rules were changed', retryAfterSeconds: 1 })
}

/** When the older of the two was read: a token by them is as old. */
export function readAtMsOf({ identity, configuration }: FoundConfiguration): number {
  return Math.min(identity.readAtMs, configuration.readAtMs)
}

async function findUnrevoked(
  dependencies: CheckStillCurrentDependencies,
  identityId: string,
): Promise<CheckResult<FoundConfiguration>> {
  const { identities, kubernetesAuths, revocations } = dependencies
  const found = await findConfiguration(dependencies, { identityId })
  if (!found.ok || !revocations.covers(tokenBy(found.value))) return found
  identities.forget(identityId)
  kubernetesAuths.forget(identityId)
  const fresh = await findConfiguration(dependencies, { identityId })
  if (!fresh.ok || !revocations.covers(tokenBy(fresh.value))) return fresh
  return denied('configuration-changed', { detail: 'tokens were revoked a moment ago', retryAfterSeconds: 1 })
}

function tokenBy(found: FoundConfiguration): RevocableToken {
  const { id: identityId, organizationId } = found.identity
  return {
    tokenId: '',
    identityId,
    authMethod: 'kubernetes-auth',
    organizationId,
    clientSecretId: '',
    createdAtMs: readAtMsOf(found),
  }
}
