import type { IdentityKubernetesAuth, KubernetesAuthReply } from '@postern/api-contract/kubernetes-auth'
import { shownTrustedIps } from '../access-tokens/trusted-ips.ts'
import type { PassedOver } from './check-pool.ts'
import type { KubernetesAuth } from './kubernetes-auth.ts'
import { warningsOf } from './settings-warnings.ts'

/** A Kubernetes Auth as the contract shows it. The reviewer JWT is for those who may replace it. */
export function kubernetesAuthReplyOf(
  auth: KubernetesAuth,
  maySeeSecrets: boolean,
  passedOver: readonly PassedOver[] = [],
): KubernetesAuthReply {
  const identityKubernetesAuth: IdentityKubernetesAuth = {
    id: auth.id,
    identityId: auth.identityId,
    createdAt: auth.createdAt.toISOString(),
    updatedAt: auth.updatedAt.toISOString(),
    tokenReviewMode: auth.tokenReviewMode,
    kubernetesHost: auth.kubernetesHost,
    caCert: auth.caCert,
    verifyTlsCertificate: auth.verifyTlsCertificate,
    tokenReviewerJwt: maySeeSecrets ? auth.tokenReviewerJwt : null,
    allowedNamespaces: auth.allowedNamespaces,
    allowedNames: auth.allowedNames,
    allowedAudience: auth.allowedAudience,
    gatewayId: auth.gatewayId,
    gatewayPoolId: auth.gatewayPoolId,
    accessTokenTTL: auth.accessToken.ttlSeconds,
    accessTokenMaxTTL: auth.accessToken.maxTtlSeconds,
    accessTokenNumUsesLimit: auth.accessToken.numUsesLimit,
    accessTokenTrustedIps: shownTrustedIps(auth.accessToken.trustedIps),
  }
  return { identityKubernetesAuth, warnings: [...warningsOf(auth), ...warningsAbout(passedOver)] }
}

const namedMax = 20

function warningsAbout(passedOver: readonly PassedOver[]): string[] {
  const rest = passedOver.length - namedMax
  return [
    ...passedOver
      .slice(0, namedMax)
      .map(({ message }) => `Saved without having tried a gateway: ${message}.`),
    ...(rest > 0 ? [`Saved without having tried ${rest} more gateways of the pool.`] : []),
  ]
}
