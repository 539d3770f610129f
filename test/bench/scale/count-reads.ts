import { createIdentityCache } from '../../../apps/control-plane/src/identities/identity-cache.ts'
import { createKubernetesAuthCache } from '../../../apps/control-plane/src/kubernetes-auth/kubernetes-auth-cache.ts'
import type { KubernetesAuth } from '../../../apps/control-plane/src/kubernetes-auth/kubernetes-auth.ts'
import { findConfiguration } from '../../../apps/control-plane/src/login/find-configuration.ts'

export interface ReadsOptions {
  identities: number
  loginsPerSecond: number
  logins: number
  random: () => number
}

/** Statements that read, for each login at one replica, when any identity may be the next to log in. */
export async function countReads({
  identities,
  loginsPerSecond,
  logins,
  random,
}: ReadsOptions): Promise<number> {
  let nowMs = 0
  let reads = 0
  const read = <Found>(found: Found): Promise<Found> => {
    reads += 1
    return Promise.resolve(found)
  }
  const clock = { nowMs: () => nowMs }
  const dependencies = {
    identities: createIdentityCache({ ...clock, clock, store: { findById: (id) => read(identityOf(id)) } }),
    kubernetesAuths: createKubernetesAuthCache({
      ...clock,
      clock,
      store: { find: (id) => read(configurationOf(id)), findOrganizationSlug: () => read('acme') },
      chooseReviewer: () => ({ review: () => Promise.reject(new Error('nothing is reviewed')) }),
    }),
  }
  for (let count = 0; count < logins; count += 1) {
    nowMs += 1000 / loginsPerSecond
    const identityId = `00000000-0000-4000-8000-${Math.floor(random() * identities)
      .toString(16)
      .padStart(12, '0')}`
    await findConfiguration(dependencies, { identityId })
    // Once more before the token is issued.
    await findConfiguration(dependencies, { identityId })
  }
  return reads / logins
}

function identityOf(id: string) {
  const rights = { role: 'no-access', isDisabled: false, hasDeleteProtection: false }
  return { id, organizationId: 'organization', name: id, ...rights }
}

function configurationOf(identityId: string): KubernetesAuth {
  const at = new Date(0)
  return {
    id: identityId,
    identityId,
    organizationId: 'organization',
    createdAt: at,
    updatedAt: at,
    tokenReviewMode: 'gateway',
    kubernetesHost: null,
    caCert: '',
    verifyTlsCertificate: true,
    tokenReviewerJwt: null,
    allowedNamespaces: '*',
    allowedNames: '*',
    allowedAudience: '',
    gatewayId: 'gateway',
    gatewayPoolId: null,
    accessToken: { ttlSeconds: 600, maxTtlSeconds: 3600, numUsesLimit: 0, trustedIps: [] },
  }
}
