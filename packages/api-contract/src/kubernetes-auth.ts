import { z } from 'zod'
import {
  everyAddress,
  numUsesLimit,
  trustedIps,
  trustedIpsShown,
  ttlSeconds,
  ttlSecondsDefault,
} from './access-token-settings.ts'
import { namedId, timestamp } from './text.ts'

export const tokenReviewMode = z
  .enum(['api', 'gateway'])
  .describe('`api`: the control plane asks the API server. `gateway`: a gateway in the cluster does')

const kubernetesHost = z
  .string()
  .max(255)
  .describe('Host, host:port or https URL of the API server. Required in mode `api`')
const caCert = z.string().max(65_536).describe('PEM. Empty: the system’s roots are trusted')
const tokenReviewerJwt = z
  .string()
  .max(16_384)
  .describe('Whose right reviews tokens. Without it the token under review must have that right itself')
const verifyTlsCertificate = z
  .boolean()
  .describe('True unless said otherwise. False lets anybody on the path pass for the cluster')
const rule = (what: string) =>
  z
    .string()
    .max(16_384)
    .describe(
      `${what}, comma separated; \`*\` and \`?\` are wildcards. Empty: no restriction, if the other list has one`,
    )
const allowedAudience = z
  .string()
  .max(512)
  .describe('The audience that the token must be for. Empty: the API server’s own')
const gatewayId = namedId.describe('A gateway or a pool is required in mode `gateway`; not both')
const gatewayPoolId = namedId.describe(
  'A pool of gateways instead of one: another member takes over when one fails, within the same login',
)

export const attachKubernetesAuthRequest = z.object({
  kubernetesHost: kubernetesHost.nullable(),
  caCert: caCert.nullish(),
  verifyTlsCertificate: verifyTlsCertificate.optional(),
  tokenReviewerJwt: tokenReviewerJwt.nullish(),
  tokenReviewMode: tokenReviewMode.default('api'),
  allowedNamespaces: rule('Namespaces'),
  allowedNames: rule('Service-account names'),
  allowedAudience,
  gatewayId: gatewayId.nullish(),
  gatewayPoolId: gatewayPoolId.nullish(),
  accessTokenTrustedIps: trustedIps.default(everyAddress),
  accessTokenTTL: ttlSeconds.default(ttlSecondsDefault).describe('Seconds; 0: as long as possible'),
  accessTokenMaxTTL: ttlSeconds
    .default(ttlSecondsDefault)
    .describe('Seconds of renewals at most; 0: no limit'),
  accessTokenNumUsesLimit: numUsesLimit.default(0),
})

/** What is absent stays as it is. */
export const updateKubernetesAuthRequest = z.object({
  kubernetesHost: kubernetesHost
    .nullish()
    .describe('Changing it removes the stored reviewer JWT unless a new one comes along'),
  caCert: caCert.nullish(),
  verifyTlsCertificate: verifyTlsCertificate.optional(),
  tokenReviewerJwt: tokenReviewerJwt.nullish().describe('Null removes it; empty leaves it'),
  tokenReviewMode: tokenReviewMode.optional(),
  allowedNamespaces: rule('Namespaces').nullish(),
  allowedNames: rule('Service-account names').nullish(),
  allowedAudience: allowedAudience.nullish(),
  gatewayId: gatewayId.nullish().describe('Naming one clears gatewayPoolId; null clears it'),
  gatewayPoolId: gatewayPoolId.nullish().describe('Naming one clears gatewayId; null clears it'),
  accessTokenTrustedIps: trustedIps.optional(),
  accessTokenTTL: ttlSeconds.optional(),
  accessTokenMaxTTL: ttlSeconds.optional(),
  accessTokenNumUsesLimit: numUsesLimit.optional(),
})

export const identityKubernetesAuth = z.object({
  id: z.uuid(),
  identityId: z.uuid(),
  createdAt: timestamp,
  updatedAt: timestamp,
  tokenReviewMode,
  kubernetesHost: z.string().nullable(),
  caCert: z.string(),
  verifyTlsCertificate: z.boolean(),
  tokenReviewerJwt: z
    .string()
    .nullable()
    .describe('Null for readers who may not edit the identity’s authentication, even if there is one'),
  allowedNamespaces: z.string(),
  allowedNames: z.string(),
  allowedAudience: z.string(),
  gatewayId: z.uuid().nullable(),
  gatewayPoolId: z.uuid().nullable(),
  accessTokenTTL: z.int(),
  accessTokenMaxTTL: z.int(),
  accessTokenNumUsesLimit: z.int(),
  accessTokenTrustedIps: trustedIpsShown,
})

export const kubernetesAuthReply = z
  .object({
    identityKubernetesAuth,
    warnings: z
      .array(z.string())
      .describe(
        'What is allowed but should not stay so. In the reply to a change also the gateways of the pool that could not be tried',
      ),
  })
  .meta({ description: 'How the identity’s workloads log in from Kubernetes' })

export type AttachKubernetesAuthRequest = z.output<typeof attachKubernetesAuthRequest>
export type UpdateKubernetesAuthRequest = z.output<typeof updateKubernetesAuthRequest>
export type IdentityKubernetesAuth = z.output<typeof identityKubernetesAuth>
export type KubernetesAuthReply = z.output<typeof kubernetesAuthReply>
