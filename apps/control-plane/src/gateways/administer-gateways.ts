import type { GatewayAuthMethodRequest, UpdateGatewayRequest } from '@postern/api-contract/gateways'
import type { AuditEvent, AuditEventName, JsonValue } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import { orTellDenied } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import { type Actor, auditActorOf } from '../permissions/actor.ts'
import type { OrganizationActionOn } from '../permissions/organization-rights.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import {
  type AuthMethodDependencies,
  auditDetailsOf,
  checkAuthMethod,
  saveAuthMethod,
} from './change-auth-method.ts'
import {
  createEnrolmentToken,
  enrolmentTokenLifetimeMs,
  fingerprintOf,
  hashEnrolmentToken,
} from './enrolment-token.ts'
import type { GatewayCredentialStore } from './gateway-credential-store.ts'
import type { GatewayKubernetesAuth } from './gateway-kubernetes-auth.ts'
import type { GatewayKubernetesAuthStore } from './gateway-kubernetes-auth-store.ts'
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
  create(by: Administrator, gateway: NewGateway): Promise<Gateway>
  /** An authentication method lets a revoked gateway back in; keys that came about by another one are retired. */
  update(by: Administrator, gatewayId: string, change: UpdateGatewayRequest): Promise<Gateway>
  delete(by: Administrator, gatewayId: string): Promise<DeletedGateway>
  /** Its tunnels are closed when this resolves, on other replicas within the revocation watch's interval. */
  revoke(by: Administrator, gatewayId: string): Promise<Gateway>
  generateEnrolmentToken(by: Administrator, gatewayId: string): Promise<{ token: string; expiresAt: Date }>
}

export interface DeletedGateway {
  gateway: Gateway
  /** Went with it; undefined for the method `token`. */
  auth: GatewayKubernetesAuth | undefined
}

export interface NewGateway {
  name: string
  authMethod: GatewayAuthMethodRequest
}

/** What one change writes to, all of it or none. */
export interface GatewayChangeScope {
  gateways: Pick<GatewayStore, 'create' | 'findGateway' | 'rename' | 'delete' | 'revoke'>
  gatewayAuths: Pick<GatewayKubernetesAuthStore, 'save' | 'remove'>
  gatewayCredentials: Pick<GatewayCredentialStore, 'createEnrolmentToken'>
  audit: ChangeAudit
}

export interface GatewayAdministrationDependencies extends AuthMethodDependencies {
  gateways: Pick<GatewayStore, 'findGateway'>
  commit: Commit<GatewayChangeScope>
  auditLog: AuditLog
  tunnels: Pick<LiveTunnels, 'closeTunnelsOf'>
  /** Runs after a committed deletion, before the reply: the pools of the gateway are without it. */
  onDeleted: (organizationId: string) => void
  now: () => Date
}

const namedMax = 20

export function createGatewayAdministration(
  dependencies: GatewayAdministrationDependencies,
): GatewayAdministration {
  const permitted = <Result>(
    by: Administrator,
    action: OrganizationActionOn<'gateways'>,
    event: AuditEventName,
    gatewayId: string | undefined,
    change: () => Promise<Result>,
  ): Promise<Result> =>
    orTellDenied(dependencies, by, { event, details: gatewayId === undefined ? {} : { gatewayId } }, () => {
      requirePermission(by.actor, action, 'gateways')
      return change()
    })
  return {
    create: (by, gateway) =>
      permitted(by, 'create', 'gateway-created', undefined, () => create(dependencies, by, gateway)),
    update: (by, gatewayId, change) =>
      permitted(by, 'edit', eventOf(change), gatewayId, () => update(dependencies, by, gatewayId, change)),
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

function eventOf({ authMethod }: UpdateGatewayRequest): AuditEventName {
  return authMethod === undefined ? 'gateway-renamed' : 'gateway-auth-method-changed'
}

async function create(
  dependencies: GatewayAdministrationDependencies,
  by: Administrator,
  { name, authMethod }: NewGateway,
): Promise<Gateway> {
  const { commit, now } = dependencies
  const { organizationId } = by.actor
  const wanted = await checkAuthMethod(dependencies, by.actor, authMethod, undefined)
  return commit(async ({ gateways, gatewayAuths, audit }) => {
    const at = now()
    const created = savedOf(await gateways.create({ organizationId, name }), name)
    await saveAuthMethod(gatewayAuths, { gatewayId: created.id, organizationId }, wanted, at)
    const gateway = await present(gateways, created.id, organizationId)
    await audit.record(eventAbout(gateway, 'gateway-created', by, at, auditDetailsOf(wanted)))
    return gateway
  })
}

async function update(
  dependencies: GatewayAdministrationDependencies,
  by: Administrator,
  gatewayId: string,
  change: UpdateGatewayRequest,
): Promise<Gateway> {
  const { gateways, commit, tunnels, now } = dependencies
  const { organizationId } = by.actor
  const before = await gateways.findGateway(gatewayId, organizationId)
  if (before === undefined) throw noSuchGateway()
  const { name, authMethod } = change
  const wanted = authMethod && (await checkAuthMethod(dependencies, by.actor, authMethod, before.id))
  const place = { gatewayId: before.id, organizationId }
  const { gateway, retiredKeyIds } = await commit(async (within) => {
    const at = now()
    // Before the name: this locks the organization, then the reviewer, then the gateway, as everybody does.
    const retiredKeyIds = wanted ? await saveAuthMethod(within.gatewayAuths, place, wanted, at) : []
    if (name !== undefined) savedOf(await within.gateways.rename(before.id, organizationId, name), name)
    const gateway = await present(within.gateways, before.id, organizationId)
    if (name !== undefined) {
      await within.audit.record(eventAbout(gateway, 'gateway-renamed', by, at, { previousName: before.name }))
    }
    if (wanted !== undefined) {
      const details = { ...auditDetailsOf(wanted), retiredKeyIds }
      await within.audit.record(eventAbout(gateway, 'gateway-auth-method-changed', by, at, details))
    }
    return { gateway, retiredKeyIds }
  })
  if (retiredKeyIds.length > 0) {
    tunnels.closeTunnelsOf(gateway.id, 'credential-replaced', new Set(retiredKeyIds))
  }
  return gateway
}

async function present(
  gateways: Pick<GatewayStore, 'findGateway'>,
  gatewayId: string,
  organizationId: string,
): Promise<Gateway> {
  const gateway = await gateways.findGateway(gatewayId, organizationId)
  if (gateway === undefined) throw noSuchGateway()
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
): Promise<DeletedGateway> {
  const { gatewayAuths, commit, tunnels, onDeleted, now } = dependencies
  const { organizationId } = by.actor
  const { id } = await present(dependencies.gateways, gatewayId, organizationId)
  const auth = await gatewayAuths.find(id)
  const removed = await commit(async ({ gateways, audit }) => {
    const outcome = await gateways.delete(id, organizationId)
    if (outcome.kind === 'not-found') throw noSuchGateway()
    if (outcome.kind === 'in-use') throw inUse(outcome)
    await audit.record(eventAbout(outcome.gateway, 'gateway-deleted', by, now()))
    return outcome.gateway
  })
  tunnels.closeTunnelsOf(removed.id, 'gateway-deleted')
  onDeleted(organizationId)
  return { gateway: removed, auth }
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
    const outcome = await gatewayCredentials.createEnrolmentToken(newToken)
    if (outcome === 'not-found') throw noSuchGateway()
    if (outcome === 'other-method') throw enrolsByPods()
    const details = { tokenFingerprint: fingerprintOf(token), expiresAt: expiresAt.toISOString() }
    await audit.record(eventAbout(gateway, 'gateway-enrolment-token-created', by, createdAt, details))
  })
  return { token, expiresAt }
}

function enrolsByPods(): ApiError {
  return new ApiError(
    'BadRequest',
    'The gateway’s pods enrol with their own tokens: it needs no enrolment token. To use one, set authMethod to ' +
      '{"method":"token"} first',
  )
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
    actor: auditActorOf(actor),
    ipAddress,
    details: { gatewayId: gateway.id, gatewayName: gateway.name, ...details },
  }
}
