import type { AuditEvent, AuditEventName, JsonValue } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import { orTellDenied } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import type { Actor } from '../permissions/actor.ts'
import { type Action, requirePermission } from '../permissions/require-permission.ts'
import {
  createEnrolmentToken,
  enrolmentTokenLifetimeMs,
  fingerprintOf,
  hashEnrolmentToken,
} from './enrolment-token.ts'
import type { GatewayCredentialStore } from './gateway-credential-store.ts'
import type { Gateway, GatewayStore, Named, SaveOutcome } from './gateway-store.ts'
import type { LiveTunnels } from './live-tunnels.ts'

/** Who asks, within whose organization everything here happens. */
export interface Administrator {
  actor: Actor
  requestId: string
  ipAddress: string
}

/**
 * Each: permission, change and audit row in one commit, tunnels. Throws ApiError: `PermissionDenied`; `NotFound` for
 * gateways of other organizations too; `BadRequest` for names taken and gateways in use.
 */
export interface GatewayAdministration {
  create(by: Administrator, name: string): Promise<Gateway>
  rename(by: Administrator, gatewayId: string, name: string): Promise<Gateway>
  delete(by: Administrator, gatewayId: string): Promise<Gateway>
  /** Its tunnels are closed when this resolves, on other replicas within the revocation watch's interval. */
  revoke(by: Administrator, gatewayId: string): Promise<Gateway>
  generateEnrolmentToken(by: Administrator, gatewayId: string): Promise<{ token: string; expiresAt: Date }>
}

/** What one change writes to, all of it or none. */
export interface GatewayChangeScope {
  gateways: Pick<GatewayStore, 'create' | 'rename' | 'delete' | 'revoke'>
  gatewayCredentials: Pick<GatewayCredentialStore, 'createEnrolmentToken'>
  audit: ChangeAudit
}

export interface GatewayAdministrationDependencies {
  gateways: Pick<GatewayStore, 'findGateway'>
  commit: Commit<GatewayChangeScope>
  auditLog: AuditLog
  tunnels: Pick<LiveTunnels, 'closeTunnelsOf'>
  now: () => Date
}

const namedMax = 20

export function createGatewayAdministration(
  dependencies: GatewayAdministrationDependencies,
): GatewayAdministration {
  const permitted = <Result>(
    by: Administrator,
    action: Action,
    event: AuditEventName,
    gatewayId: string | undefined,
    change: () => Promise<Result>,
  ): Promise<Result> =>
    orTellDenied(dependencies, by, { event, details: gatewayId === undefined ? {} : { gatewayId } }, () => {
      requirePermission(by.actor, action, 'gateways')
      return change()
    })
  return {
    create: (by, name) =>
      permitted(by, 'create', 'gateway-created', undefined, () => create(dependencies, by, name)),
    rename: (by, gatewayId, name) =>
      permitted(by, 'edit', 'gateway-renamed', gatewayId, () => rename(dependencies, by, gatewayId, name)),
    delete: (by, gatewayId) =>
      permitted(by, 'delete', 'gateway-deleted', gatewayId, () => remove(dependencies, by, gatewayId)),
    revoke: (by, gatewayId) =>
      permitted(by, 'revoke', 'gateway-revoked', gatewayId, () => revoke(dependencies, by, gatewayId)),
    generateEnrolmentToken: (by, gatewayId) =>
      permitted(by, 'edit', 'gateway-enrolment-token-created', gatewayId, () =>
        generateEnrolmentToken(dependencies, by, gatewayId),
      ),
  }
}

export function noSuchGateway(): ApiError {
  return new ApiError('NotFound', 'There is no such gateway')
}

async function create(
  { commit, now }: GatewayAdministrationDependencies,
  by: Administrator,
  name: string,
): Promise<Gateway> {
  const { organizationId } = by.actor
  return commit(async ({ gateways, audit }) => {
    const gateway = savedOf(await gateways.create({ organizationId, name }), name)
    await audit.record(eventAbout(gateway, 'gateway-created', by, now()))
    return gateway
  })
}

async function rename(
  { gateways, commit, now }: GatewayAdministrationDependencies,
  by: Administrator,
  gatewayId: string,
  name: string,
): Promise<Gateway> {
  const { organizationId } = by.actor
  const before = await gateways.findGateway(gatewayId, organizationId)
  if (before === undefined) throw noSuchGateway()
  return commit(async (within) => {
    const gateway = savedOf(await within.gateways.rename(gatewayId, organizationId, name), name)
    const details = { previousName: before.name }
    await within.audit.record(eventAbout(gateway, 'gateway-renamed', by, now(), details))
    return gateway
  })
}

function savedOf(outcome: SaveOutcome | { kind: 'not-found' }, name: string): Gateway {
  if (outcome.kind === 'saved') return outcome.gateway
  if (outcome.kind === 'not-found') throw noSuchGateway()
  throw new ApiError('BadRequest', `There is already a gateway named "${name}" in this organization`)
}

async function remove(
  { commit, tunnels, now }: GatewayAdministrationDependencies,
  by: Administrator,
  gatewayId: string,
): Promise<Gateway> {
  const removed = await commit(async ({ gateways, audit }) => {
    const outcome = await gateways.delete(gatewayId, by.actor.organizationId)
    if (outcome.kind === 'not-found') throw noSuchGateway()
    if (outcome.kind === 'in-use') throw inUse(outcome)
    await audit.record(eventAbout(outcome.gateway, 'gateway-deleted', by, now()))
    return outcome.gateway
  })
  tunnels.closeTunnelsOf(removed.id, 'gateway-deleted')
  return removed
}

function inUse({
  identities,
  gateways,
}: {
  identities: readonly Named[]
  gateways: readonly Named[]
}): ApiError {
  const users = [
    ...(identities.length > 0 ? [`the Kubernetes Auth of ${namesOf(identities)} names it`] : []),
    ...(gateways.length > 0 ? [`the pods of the gateways ${namesOf(gateways)} are vouched for by it`] : []),
  ]
  return new ApiError(
    'BadRequest',
    `The gateway is attached to active resources: ${users.join('; ')}. Choose another reviewer ` +
      'there, then delete it; to cut it off now, revoke it',
    { details: { identities: shown(identities), gateways: shown(gateways) } },
  )
}

function namesOf(list: readonly Named[]): string {
  const rest = list.length - namedMax
  const names = shown(list).map(({ name }) => name)
  return names.join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

function shown(list: readonly Named[]): Named[] {
  return list.slice(0, namedMax).map(({ id, name }) => ({ id, name }))
}

async function revoke(
  { commit, tunnels, now }: GatewayAdministrationDependencies,
  by: Administrator,
  gatewayId: string,
): Promise<Gateway> {
  const revoked = await commit(async ({ gateways, audit }) => {
    const at = now()
    const gateway = await gateways.revoke(gatewayId, by.actor.organizationId, at)
    if (gateway === undefined) throw noSuchGateway()
    await audit.record(eventAbout(gateway, 'gateway-revoked', by, at))
    return gateway
  })
  tunnels.closeTunnelsOf(revoked.id, 'gateway-revoked')
  return revoked
}

async function generateEnrolmentToken(
  { gateways, commit, now }: GatewayAdministrationDependencies,
  by: Administrator,
  gatewayId: string,
): Promise<{ token: string; expiresAt: Date }> {
  const { organizationId } = by.actor
  const gateway = await gateways.findGateway(gatewayId, organizationId)
  if (gateway === undefined) throw noSuchGateway()
  const token = createEnrolmentToken()
  const createdAt = now()
  const expiresAt = new Date(createdAt.getTime() + enrolmentTokenLifetimeMs)
  const tokenHash = hashEnrolmentToken(token)
  await commit(async ({ gatewayCredentials, audit }) => {
    const newToken = { gatewayId: gateway.id, organizationId, tokenHash, createdAt, expiresAt }
    if ((await gatewayCredentials.createEnrolmentToken(newToken)) === 'not-found') throw noSuchGateway()
    const details = { tokenFingerprint: fingerprintOf(token), expiresAt: expiresAt.toISOString() }
    await audit.record(eventAbout(gateway, 'gateway-enrolment-token-created', by, createdAt, details))
  })
  return { token, expiresAt }
}

function eventAbout(
  gateway: Gateway,
  event: AuditEventName,
  { actor, requestId, ipAddress }: Administrator,
  occurredAt: Date,
  details: Record<string, JsonValue> = {},
): AuditEvent {
  return {
    occurredAt,
    organizationId: gateway.organizationId,
    requestId,
    event,
    outcome: 'success',
    actor: { kind: 'identity', id: actor.identityId },
    ipAddress,
    details: { gatewayId: gateway.id, gatewayName: gateway.name, ...details },
  }
}
