import type { AuditEventName, JsonValue } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { ApiError } from '../http/api-error.ts'
import {
  createEnrolmentToken,
  enrolmentTokenLifetimeMs,
  fingerprintOf,
  hashEnrolmentToken,
} from './enrolment-token.ts'
import type { GatewayCredentialStore } from './gateway-credential-store.ts'
import type { Gateway, GatewayStore, SaveOutcome } from './gateway-store.ts'
import type { LiveTunnels } from './live-tunnels.ts'

/** Who asks, within whose organization everything here happens. Permissions are checked before. */
export interface Administrator {
  actor: { identityId: string; organizationId: string }
  requestId: string
  ipAddress: string
}

/** Throws ApiError: `NotFound` for gateways of other organizations too, `BadRequest` for names taken and gateways in use. */
export interface GatewayAdministration {
  create(by: Administrator, name: string): Promise<Gateway>
  rename(by: Administrator, gatewayId: string, name: string): Promise<Gateway>
  delete(by: Administrator, gatewayId: string): Promise<Gateway>
  /** Its tunnels are closed when this resolves, on other replicas within the revocation watch's interval. */
  revoke(by: Administrator, gatewayId: string): Promise<Gateway>
  generateEnrolmentToken(by: Administrator, gatewayId: string): Promise<{ token: string; expiresAt: Date }>
}

export interface GatewayAdministrationDependencies {
  gateways: GatewayStore
  credentials: Pick<GatewayCredentialStore, 'createEnrolmentToken'>
  audit: AuditLog
  tunnels: Pick<LiveTunnels, 'closeTunnelsOf'>
  now: () => Date
}

const namedIdentitiesMax = 20

export function createGatewayAdministration(
  dependencies: GatewayAdministrationDependencies,
): GatewayAdministration {
  return {
    create: (by, name) => create(dependencies, by, name),
    rename: (by, gatewayId, name) => rename(dependencies, by, gatewayId, name),
    delete: (by, gatewayId) => remove(dependencies, by, gatewayId),
    revoke: (by, gatewayId) => revoke(dependencies, by, gatewayId),
    generateEnrolmentToken: (by, gatewayId) => generateEnrolmentToken(dependencies, by, gatewayId),
  }
}

export function noSuchGateway(): ApiError {
  return new ApiError('NotFound', 'There is no such gateway')
}

async function create(
  dependencies: GatewayAdministrationDependencies,
  by: Administrator,
  name: string,
): Promise<Gateway> {
  const { organizationId } = by.actor
  const gateway = savedOf(await dependencies.gateways.create({ organizationId, name }), name)
  await record(dependencies, by, 'gateway-created', gateway)
  return gateway
}

async function rename(
  dependencies: GatewayAdministrationDependencies,
  by: Administrator,
  gatewayId: string,
  name: string,
): Promise<Gateway> {
  const { organizationId } = by.actor
  const before = await dependencies.gateways.findGateway(gatewayId, organizationId)
  if (before === undefined) throw noSuchGateway()
  const gateway = savedOf(await dependencies.gateways.rename(gatewayId, organizationId, name), name)
  await record(dependencies, by, 'gateway-renamed', gateway, { previousName: before.name })
  return gateway
}

function savedOf(outcome: SaveOutcome | { kind: 'not-found' }, name: string): Gateway {
  if (outcome.kind === 'saved') return outcome.gateway
  if (outcome.kind === 'not-found') throw noSuchGateway()
  throw new ApiError('BadRequest', `There is already a gateway named "${name}" in this organization`)
}

async function remove(
  dependencies: GatewayAdministrationDependencies,
  by: Administrator,
  gatewayId: string,
): Promise<Gateway> {
  const outcome = await dependencies.gateways.delete(gatewayId, by.actor.organizationId)
  if (outcome.kind === 'not-found') throw noSuchGateway()
  if (outcome.kind === 'in-use') throw inUse(outcome.identities)
  dependencies.tunnels.closeTunnelsOf(outcome.gateway.id, 'gateway-deleted')
  await record(dependencies, by, 'gateway-deleted', outcome.gateway)
  return outcome.gateway
}

function inUse(identities: readonly { id: string; name: string }[]): ApiError {
  const shown = identities.slice(0, namedIdentitiesMax)
  const rest = identities.length - shown.length
  const names = shown.map(({ name }) => name).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
  return new ApiError(
    'BadRequest',
    `The gateway is attached to active resources: the Kubernetes Auth of ${names} names it. Choose another reviewer ` +
      'there, then delete it; to cut it off now, revoke it',
    { details: { identities: shown.map(({ id, name }) => ({ id, name })) } },
  )
}

async function revoke(
  dependencies: GatewayAdministrationDependencies,
  by: Administrator,
  gatewayId: string,
): Promise<Gateway> {
  const gateway = await dependencies.gateways.revoke(gatewayId, by.actor.organizationId, dependencies.now())
  if (gateway === undefined) throw noSuchGateway()
  dependencies.tunnels.closeTunnelsOf(gateway.id, 'gateway-revoked')
  await record(dependencies, by, 'gateway-revoked', gateway)
  return gateway
}

async function generateEnrolmentToken(
  dependencies: GatewayAdministrationDependencies,
  by: Administrator,
  gatewayId: string,
): Promise<{ token: string; expiresAt: Date }> {
  const { organizationId } = by.actor
  const gateway = await dependencies.gateways.findGateway(gatewayId, organizationId)
  if (gateway === undefined) throw noSuchGateway()
  const token = createEnrolmentToken()
  const createdAt = dependencies.now()
  const expiresAt = new Date(createdAt.getTime() + enrolmentTokenLifetimeMs)
  const tokenHash = hashEnrolmentToken(token)
  const outcome = await dependencies.credentials.createEnrolmentToken({
    gatewayId: gateway.id,
    organizationId,
    tokenHash,
    createdAt,
    expiresAt,
  })
  if (outcome === 'not-found') throw noSuchGateway()
  await record(dependencies, by, 'gateway-enrolment-token-created', gateway, {
    tokenFingerprint: fingerprintOf(token),
    expiresAt: expiresAt.toISOString(),
  })
  return { token, expiresAt }
}

function record(
  { audit, now }: GatewayAdministrationDependencies,
  { actor, requestId, ipAddress }: Administrator,
  event: AuditEventName,
  gateway: Gateway,
  details: Record<string, JsonValue> = {},
): Promise<void> {
  return audit.record({
    occurredAt: now(),
    organizationId: gateway.organizationId,
    requestId,
    event,
    outcome: 'success',
    actor: { kind: 'identity', id: actor.identityId },
    ipAddress,
    details: { gatewayId: gateway.id, gatewayName: gateway.name, ...details },
  })
}
