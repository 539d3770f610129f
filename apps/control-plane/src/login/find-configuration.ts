import type { RevocableToken } from '../access-tokens/revocation-set.ts'
import type { IdentityReader } from '../identities/identity-cache.ts'
import type { IdentityCore } from '../identities/identity-store.ts'
import type {
  KubernetesAuthCache,
  KubernetesAuthReader,
  LoginConfiguration,
} from '../kubernetes-auth/kubernetes-auth-cache.ts'
import { type CheckResult, denied, passed } from './login-denial.ts'

export interface FoundConfiguration {
  identity: IdentityCore
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
  if (!now.ok) return denied('configuration-changed', { detail: now.denial.reason, retryAfterSeconds: 1 })
  const [before, after] = [configuration.auth, now.value.configuration.auth]
  if (before.id === after.id && before.updatedAt.getTime() === after.updatedAt.getTime()) return now
  return denied('configuration-changed', { detail: 'the rules were changed', retryAfterSeconds: 1 })
}

async function findUnrevoked(
  dependencies: CheckStillCurrentDependencies,
  identityId: string,
): Promise<CheckResult<FoundConfiguration>> {
  const { kubernetesAuths, revocations } = dependencies
  const found = await findConfiguration(dependencies, { identityId })
  if (!found.ok || !revocations.covers(tokenBy(found.value))) return found
  kubernetesAuths.forget(identityId)
  return findConfiguration(dependencies, { identityId })
}

function tokenBy({ identity: { id, organizationId }, configuration }: FoundConfiguration): RevocableToken {
  return {
    tokenId: '',
    identityId: id,
    authMethod: 'kubernetes-auth',
    organizationId,
    clientSecretId: '',
    createdAtMs: configuration.readAtMs,
  }
}
