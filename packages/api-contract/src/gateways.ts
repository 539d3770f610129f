import { z } from 'zod'
import { serviceAccountTokenCharactersMax } from './kubernetes-login.ts'
import { tokenReviewMode } from './kubernetes-auth.ts'
import { namedId, timestamp } from './text.ts'

const name = z
  .string()
  .max(64)
  .regex(
    /^[a-z0-9]+(?:-[a-z0-9]+)*$/,
    'Write lower-case letters and digits, with single hyphens between them, as in berlin-1',
  )
  .describe('Unique in the organization: lower-case letters, digits and single hyphens')

const tokenMethod = z
  .object({ method: z.literal('token') })
  .meta({ description: 'An enrolment token binds the gateway’s own key, once' })

const rule = (what: string) =>
  z
    .string()
    .max(16_384)
    .default('')
    .describe(
      `${what} of the gateway’s pods, comma separated; \`*\` and \`?\` are wildcards. Empty: no restriction, if the other list has one`,
    )

const kubernetesMethod = z
  .object({
    method: z.literal('kubernetes'),
    tokenReviewMode: tokenReviewMode
      .optional()
      .describe('Absent: `gateway` when gatewayId is given, else `api`'),
    gatewayId: namedId
      .nullish()
      .describe(
        'In mode `gateway`: another gateway of the same cluster, which vouches for the pods of this one',
      ),
    gatewayPoolId: z
      .null({
        error:
          'A pool cannot vouch for a gateway: whoever may change its members could let gateways in. Name one gateway',
      })
      .optional(),
    kubernetesHost: z
      .string()
      .max(255)
      .nullish()
      .describe('In mode `api`: host, host:port or https URL of the API server'),
    caCert: z.string().max(65_536).nullish().describe('PEM. Empty: the system’s roots are trusted'),
    verifyTlsCertificate: z
      .boolean()
      .default(true)
      .describe('False lets anybody on the path pass for the cluster'),
    tokenReviewerJwt: z
      .string()
      .max(16_384)
      .nullish()
      .describe(
        'Required in mode `api`: whose right reviews tokens. Never shown again. Absent on a change: the stored one stays, ' +
          'unless the host changes',
      ),
    allowedNamespaces: rule('Namespaces'),
    allowedNames: rule('Service-account names'),
    allowedAudience: z
      .string()
      .trim()
      .max(512)
      .optional()
      .describe('The audience of the pods’ tokens. Absent or empty: the control plane’s own origin'),
  })
  .meta({ description: 'The gateway’s pods enrol with their own projected service-account token' })

const authMethodRequest = z.discriminatedUnion('method', [tokenMethod, kubernetesMethod], {
  error:
    'Only the methods "token" and "kubernetes" are supported. With "token", generate an enrolment token and give ' +
    'that to the gateway, which makes a key of its own; with "kubernetes" its pods enrol with their own tokens',
})

export const createGatewayRequest = z.object({
  name,
  authMethod: authMethodRequest.default({ method: 'token' }),
})
/** What is absent stays as it is; an authMethod replaces the earlier one as a whole. */
export const updateGatewayRequest = z
  .object({ name: name.optional(), authMethod: authMethodRequest.optional() })
  .refine((change) => change.name !== undefined || change.authMethod !== undefined, {
    message: 'Say what to change: name, authMethod or both',
    path: ['name'],
  })
export const gatewayIdParams = z.object({ gatewayId: namedId })

export const gatewayStatus = z
  .enum(['connected', 'disconnected', 'never-connected', 'revoked'])
  .describe('revoked: its keys are dead until it is enrolled again')

export const gatewayAuthMethod = z.discriminatedUnion('method', [
  z.object({ method: z.literal('token') }),
  z.object({
    method: z.literal('kubernetes'),
    tokenReviewMode,
    gatewayId: z.uuid().nullable(),
    kubernetesHost: z.string().nullable(),
    caCert: z.string(),
    verifyTlsCertificate: z.boolean(),
    hasTokenReviewerJwt: z.boolean(),
    allowedNamespaces: z.string(),
    allowedNames: z.string(),
    allowedAudience: z.string(),
    warnings: z.array(z.string()).describe('What is allowed but should not stay so'),
  }),
])

export const gateway = z.object({
  id: z.uuid(),
  identityId: z.null(),
  name: z.string(),
  createdAt: timestamp,
  updatedAt: timestamp,
  heartbeat: timestamp.nullable().describe('When it was last known to be connected; null: never'),
  heartbeatTTL: z
    .int()
    .describe('Seconds after which the heartbeat of a connected gateway is renewed at the latest'),
  canRevoke: z.boolean().describe('Whether there is a credential to revoke'),
  authMethod: gatewayAuthMethod,
  connectedTunnels: z.int().describe('Tunnels that are connected now; a gateway may keep several'),
  status: gatewayStatus,
})

export const listGatewaysResponse = z.array(gateway)

/** The older list, which clients use to find an id by a name. */
export const listGatewaysV2Response = z.array(
  z.object({
    id: z.uuid(),
    name: z.string(),
    identityId: z.null(),
    identity: z.null(),
    createdAt: timestamp,
    updatedAt: timestamp,
    heartbeat: timestamp.nullable(),
    heartbeatTTL: z.int(),
    lastHealthCheckStatus: z.null(),
    connectedResourcesCount: z.int().describe('Identities whose Kubernetes Auth names the gateway'),
  }),
)

export const revokeGatewayResponse = z.object({ method: z.enum(['token', 'kubernetes']) })

export const enrolmentTokenResponse = z.object({
  token: z.string().describe('Shown once. Starts with `pget_`; works once, for this gateway'),
  expiresAt: timestamp,
})

const publicKey = z
  .string()
  .max(128)
  .describe('The raw Ed25519 public key of 32 bytes (RFC 8032), base64url without padding: 43 characters')

export const enrolGatewayRequest = z.object({ token: z.string().min(1).max(256), publicKey })

const loginMethods =
  'Only the methods "kubernetes" and "token" are supported: {method:"kubernetes", gatewayId, jwt, publicKey} or ' +
  '{method:"token", token, publicKey}'

export const loginGatewayRequest = z
  .discriminatedUnion(
    'method',
    [
      z.object({
        method: z.literal('kubernetes'),
        gatewayId: namedId,
        jwt: z
          .string()
          .trim()
          .min(1)
          .max(serviceAccountTokenCharactersMax)
          .describe('The token of the gateway’s pod, projected with the audience that the gateway requires'),
        publicKey,
      }),
      z.object({ method: z.literal('token'), token: z.string().min(1).max(256), publicKey }),
    ],
    { error: loginMethods },
  )
  .meta({ description: 'A gateway’s own key, and what lets it be bound' })

/** `details` of a refused login. */
export const gatewayLoginRefusal = z.object({
  code: z
    .enum([
      'login-refused',
      'pod-not-allowed',
      'gateway-revoked',
      'public-key-invalid',
      'public-key-known',
      'configuration-changed',
      'cluster-unavailable',
      'rate-limited',
    ])
    .describe('Closed; a gateway decides by it and by `permanent`, never by the message'),
  permanent: z.boolean().describe('True: of no use to try again until a person has acted'),
})

export const enrolGatewayResponse = z.object({
  gatewayId: z.uuid().describe('The `sub` of the tokens that the gateway signs'),
  gatewayName: z.string(),
  organizationId: z.uuid(),
  keyId: z.string().describe('The `kid` of those tokens: the RFC 7638 thumbprint of the key'),
})

export type GatewayBody = z.output<typeof gateway>
export type GatewayV2Body = z.output<typeof listGatewaysV2Response>[number]
export type GatewayAuthMethodBody = z.output<typeof gatewayAuthMethod>
export type GatewayAuthMethodRequest = z.output<typeof authMethodRequest>
export type GatewayKubernetesMethodRequest = z.output<typeof kubernetesMethod>
export type UpdateGatewayRequest = z.output<typeof updateGatewayRequest>
export type GatewayLoginRefusal = z.output<typeof gatewayLoginRefusal>
