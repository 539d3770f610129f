import type { IdentityReader } from '../identities/identity-cache.ts'
import type { IdentityCore } from '../identities/identity-store.ts'
import type { KubernetesAuthReader, LoginConfiguration } from '../kubernetes-auth/kubernetes-auth-cache.ts'
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

/**
 * A review takes up to ten seconds. Whoever disabled the identity or changed its rules meanwhile must not see a token
 * issued by the old ones.
 */
export async function checkStillCurrent(
  dependencies: FindConfigurationDependencies,
  { identity, configuration }: FoundConfiguration,
): Promise<CheckResult<FoundConfiguration>> {
  const now = await findConfiguration(dependencies, { identityId: identity.id })
  if (!now.ok) return denied('configuration-changed', { detail: now.denial.reason, retryAfterSeconds: 1 })
  const [before, after] = [configuration.auth, now.value.configuration.auth]
  if (before.id === after.id && before.updatedAt.getTime() === after.updatedAt.getTime()) return now
  return denied('configuration-changed', { detail: 'the rules were changed', retryAfterSeconds: 1 })
}
