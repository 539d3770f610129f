import { z } from 'zod'
import { namedId, timestamp } from './text.ts'

const name = z
  .string()
  .max(32)
  .regex(
    /^[a-z0-9]+(?:-[a-z0-9]+)*$/,
    'Write lower-case letters and digits, with single hyphens between them, as in berlin-1',
  )
  .describe('Unique in the organization: lower-case letters, digits and single hyphens')

export const createGatewayPoolRequest = z.object({ name })
export const updateGatewayPoolRequest = z.object({ name })
export const addPoolMemberRequest = z.object({ gatewayId: namedId })
export const gatewayPoolIdParams = z.object({ gatewayPoolId: namedId })
export const poolMemberParams = z.object({ gatewayPoolId: namedId, gatewayId: namedId })

export const gatewayPool = z.object({
  id: z.uuid(),
  orgId: z.uuid(),
  name: z.string(),
  createdAt: timestamp,
  updatedAt: timestamp,
})

const clusterText = z
  .string()
  .nullable()
  .describe(
    'Fingerprints (first 12 hexadecimal digits of SHA-256) of the root CA and of the keys that sign service-account ' +
      'tokens, and their issuer. Null: not known yet',
  )

const counted = gatewayPool.extend({
  memberCount: z.int(),
  healthyMemberCount: z.int().describe('Members that would be asked for a review now, and could do it'),
  memberGatewayIds: z.array(z.uuid()).describe('In the order in which they were added'),
  connectedResourcesCount: z.int().describe('Identities whose Kubernetes Auth names the pool'),
  cluster: clusterText.describe(
    'The cluster that the pool is of: the first that a member reported, followed through rotations. Null: not known yet',
  ),
})

export const listGatewayPoolsResponse = z.array(counted)

export const poolMemberStatus = z
  .enum(['healthy', 'degraded', 'disconnected'])
  .describe(
    'healthy: it reviews. degraded: connected, but it cannot review, may be late, or is kept out; see statusReason. ' +
      'disconnected: it has no tunnel',
  )

export const gatewayPoolDetail = counted.extend({
  gateways: z.array(
    z.object({
      id: z.uuid(),
      name: z.string(),
      heartbeat: timestamp.nullable().describe('When it was last known to be connected; null: never'),
      heartbeatTTL: z
        .int()
        .describe('Seconds after which the heartbeat of a connected gateway is renewed at the latest'),
      status: poolMemberStatus,
      statusReason: z.string().nullable().describe('Why it is degraded, in a sentence'),
      cluster: clusterText.describe('The cluster that the gateway said it stands in. Null: it has not said'),
    }),
  ),
})

export const poolMembership = z.object({
  id: z.uuid(),
  gatewayPoolId: z.uuid(),
  gatewayId: z.uuid(),
  createdAt: timestamp,
})

/** What the other lists name is not part of Postern; clients read their lengths. */
export const gatewayPoolResources = z.object({
  kubernetesAuths: z.array(
    z.object({ id: z.uuid(), identityId: z.uuid(), identityName: z.string().nullable() }),
  ),
  pkiDiscoveryConfigs: z.array(z.never()),
  appConnections: z.array(z.never()),
  dynamicSecrets: z.array(z.never()),
})

export type GatewayPoolBody = z.output<typeof gatewayPool>
export type GatewayPoolListEntry = z.output<typeof listGatewayPoolsResponse>[number]
export type GatewayPoolDetailBody = z.output<typeof gatewayPoolDetail>
export type PoolMembershipBody = z.output<typeof poolMembership>
