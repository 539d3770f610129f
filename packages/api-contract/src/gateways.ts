import { z } from 'zod'
import { namedId, timestamp } from './text.ts'

const name = z
  .string()
  .max(64)
  .regex(
    /^[a-z0-9]+(?:-[a-z0-9]+)*$/,
    'Write lower-case letters and digits, with single hyphens between them, as in berlin-1',
  )
  .describe('Unique in the organization: lower-case letters, digits and single hyphens')

/** How a gateway proves itself. Its own key, bound by an enrolment token, is the one way that there is. */
const authMethod = z.object({
  method: z.literal('token', {
    error:
      'Only the method "token" is supported: create the gateway with it, then generate an enrolment token and give ' +
      'that to the gateway, which makes a key of its own',
  }),
})

export const createGatewayRequest = z.object({ name, authMethod: authMethod.default({ method: 'token' }) })
export const updateGatewayRequest = z.object({ name })
export const gatewayIdParams = z.object({ gatewayId: namedId })

export const gatewayStatus = z
  .enum(['connected', 'disconnected', 'never-connected', 'revoked'])
  .describe('revoked: its keys are dead until it is enrolled again')

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
  authMethod: z.object({ method: z.literal('token') }),
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

export const revokeGatewayResponse = z.object({ method: z.literal('token') })

export const enrolmentTokenResponse = z.object({
  token: z.string().describe('Shown once. Starts with `pget_`; works once, for this gateway'),
  expiresAt: timestamp,
})

export const enrolGatewayRequest = z.object({
  token: z.string().min(1).max(256),
  publicKey: z
    .string()
    .max(128)
    .describe('The raw Ed25519 public key of 32 bytes (RFC 8032), base64url without padding: 43 characters'),
})

export const enrolGatewayResponse = z.object({
  gatewayId: z.uuid().describe('The `sub` of the tokens that the gateway signs'),
  gatewayName: z.string(),
  organizationId: z.uuid(),
  keyId: z.string().describe('The `kid` of those tokens: the RFC 7638 thumbprint of the key'),
})

export type GatewayBody = z.output<typeof gateway>
export type GatewayV2Body = z.output<typeof listGatewaysV2Response>[number]
