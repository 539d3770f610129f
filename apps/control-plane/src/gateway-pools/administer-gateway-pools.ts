import type { AuditEventName, JsonValue } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import { orTellDenied } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import { noSuchGateway } from '../gateways/administer-gateways.ts'
import type { LiveTunnels } from '../gateways/live-tunnels.ts'
import { ApiError } from '../http/api-error.ts'
import { type Actor, auditActorOf } from '../permissions/actor.ts'
import type { OrganizationActionOn } from '../permissions/organization-rights.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import { type Cluster, clusterOf, describeCluster } from './compare-clusters.ts'
import type {
  AddMemberOutcome,
  AttachedAuth,
  GatewayPool,
  GatewayPoolStore,
  PoolMembership,
  PoolMemberStore,
  SavePoolOutcome,
} from './gateway-pool-store.ts'

/** What one change writes to, all of it or none. */
export interface GatewayPoolChangeScope {
  gatewayPools: Pick<GatewayPoolStore, 'create' | 'rename' | 'delete'>
  poolMembers: Pick<PoolMemberStore, 'addMember' | 'removeMember'>
  audit: ChangeAudit
}

export interface GatewayPoolAdministrationDependencies {
  pools: Pick<GatewayPoolStore, 'find'>
  commit: Commit<GatewayPoolChangeScope>
  tunnels: Pick<LiveTunnels, 'clusterOf'>
  auditLog: AuditLog
  /** Runs after each committed change, before the reply: whatever remembers the pool forgets it. */
  onChanged: (gatewayPoolId: string) => void
  now: () => Date
}

/** Who asks, within whose organization everything here happens, and by which request. */
export interface Origin {
  actor: Actor
  requestId: string
  ipAddress: string
}

/** Throws ApiError: `NotFound` for pools and gateways of other organizations too, `BadRequest` where the state forbids it. */
export interface GatewayPoolAdministration {
  create(origin: Origin, name: string): Promise<GatewayPool>
  rename(origin: Origin, gatewayPoolId: string, name: string): Promise<GatewayPool>
  delete(origin: Origin, gatewayPoolId: string): Promise<GatewayPool>
  addMember(origin: Origin, gatewayPoolId: string, gatewayId: string): Promise<PoolMembership>
  removeMember(origin: Origin, gatewayPoolId: string, gatewayId: string): Promise<PoolMembership>
}

type Dependencies = GatewayPoolAdministrationDependencies

export function createGatewayPoolAdministration(dependencies: Dependencies): GatewayPoolAdministration {
  const guarded = <Result>(
    origin: Origin,
    [event, action, details]: [
      AuditEventName,
      OrganizationActionOn<'gateway-pools'>,
      Record<string, JsonValue>,
    ],
    change: () => Promise<Result>,
  ): Promise<Result> =>
    orTellDenied(dependencies, origin, { event, details }, async () => {
      requirePermission(origin.actor, action, 'gateway-pools')
      return change()
    })
  return {
    create: (origin, name) =>
      guarded(origin, ['gateway-pool-created', 'create', { name }], () => create(dependencies, origin, name)),
    rename: (origin, gatewayPoolId, name) =>
      guarded(origin, ['gateway-pool-renamed', 'edit', { gatewayPoolId, name }], () =>
        rename(dependencies, origin, gatewayPoolId, name),
      ),
    delete: (origin, gatewayPoolId) =>
      guarded(origin, ['gateway-pool-deleted', 'delete', { gatewayPoolId }], () =>
        remove(dependencies, origin, gatewayPoolId),
      ),
    addMember: (origin, gatewayPoolId, gatewayId) =>
      guarded(origin, ['gateway-pool-member-added', 'edit', { gatewayPoolId, gatewayId }], () =>
        addMember(dependencies, origin, gatewayPoolId, gatewayId),
      ),
    removeMember: (origin, gatewayPoolId, gatewayId) =>
      guarded(origin, ['gateway-pool-member-removed', 'edit', { gatewayPoolId, gatewayId }], () =>
        removeMember(dependencies, origin, gatewayPoolId, gatewayId),
      ),
  }
}

export function noSuchPool(): ApiError {
  return new ApiError('NotFound', 'There is no such gateway pool')
}

async function create({ commit, now }: Dependencies, origin: Origin, name: string): Promise<GatewayPool> {
  const { organizationId } = origin.actor
  return commit(async ({ gatewayPools, audit }) => {
    const pool = savedOf(await gatewayPools.create({ organizationId, name }), name)
    await audit.record(eventAbout(pool, 'gateway-pool-created', origin, now()))
    return pool
  })
}

async function rename(
  { pools, commit, onChanged, now }: Dependencies,
  origin: Origin,
  gatewayPoolId: string,
  name: string,
): Promise<GatewayPool> {
  const { organizationId } = origin.actor
  const before = await pools.find(gatewayPoolId, organizationId)
  if (before === undefined) throw noSuchPool()
  const renamed = await commit(async ({ gatewayPools, audit }) => {
    const pool = savedOf(await gatewayPools.rename(gatewayPoolId, organizationId, name), name)
    await audit.record(eventAbout(pool, 'gateway-pool-renamed', origin, now(), { previousName: before.name }))
    return pool
  })
  onChanged(gatewayPoolId)
  return renamed
}

function savedOf(outcome: SavePoolOutcome | { kind: 'pool-not-found' }, name: string): GatewayPool {
  if (outcome.kind === 'saved') return outcome.pool
  if (outcome.kind === 'pool-not-found') throw noSuchPool()
  throw new ApiError('BadRequest', `There is already a gateway pool named "${name}" in this organization`)
}

async function remove(
  { commit, onChanged, now }: Dependencies,
  origin: Origin,
  gatewayPoolId: string,
): Promise<GatewayPool> {
  const deleted = await commit(async ({ gatewayPools, audit }) => {
    const outcome = await gatewayPools.delete(gatewayPoolId, origin.actor.organizationId)
    if (outcome.kind === 'pool-not-found') throw noSuchPool()
    if (outcome.kind === 'in-use') throw inUse(outcome.pool, outcome.attached)
    await audit.record(eventAbout(outcome.pool, 'gateway-pool-deleted', origin, now()))
    return outcome.pool
  })
  onChanged(gatewayPoolId)
  return deleted
}

const namedIdentitiesMax = 20

function inUse({ name }: GatewayPool, attached: readonly AttachedAuth[]): ApiError {
  const shown = attached.slice(0, namedIdentitiesMax)
  const rest = attached.length - shown.length
  const names =
    shown.map(({ identityName }) => identityName).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
  return new ApiError(
    'BadRequest',
    `The pool "${name}" cannot be deleted, because the Kubernetes Auth of ${names} names it. Choose another reviewer ` +
      'there first',
    {
      details: { identities: shown.map(({ identityId: id, identityName }) => ({ id, name: identityName })) },
    },
  )
}

async function addMember(
  { commit, tunnels, auditLog, onChanged, now }: Dependencies,
  origin: Origin,
  gatewayPoolId: string,
  gatewayId: string,
): Promise<PoolMembership> {
  const { organizationId } = origin.actor
  const cluster = clusterOf(tunnels.clusterOf(gatewayId))
  const outcome = await commit(async ({ poolMembers, audit }) => {
    const added = await poolMembers.addMember({ gatewayPoolId, organizationId, gatewayId, cluster })
    if (added.kind !== 'added') return added
    const { poolName, gatewayName } = added
    const pool = { id: gatewayPoolId, organizationId, name: poolName }
    const details = { gatewayId, gatewayName, ...(cluster && { cluster: describeCluster(cluster) }) }
    await audit.record(eventAbout(pool, 'gateway-pool-member-added', origin, now(), details))
    return added
  })
  if (outcome.kind === 'added') {
    onChanged(gatewayPoolId)
    return outcome.membership
  }
  if (outcome.kind === 'other-cluster') {
    const { poolName, gatewayName, poolCluster } = outcome
    const pool = { id: gatewayPoolId, organizationId, name: poolName }
    const details = { gatewayId, gatewayName, ...clustersNamed(poolCluster, cluster) }
    await auditLog.record({
      ...eventAbout(pool, 'gateway-pool-member-added', origin, now(), details),
      outcome: 'denied',
      reason: 'cluster-mismatched',
    })
  }
  throw refusalOf(outcome, cluster)
}

function refusalOf(
  outcome: Exclude<AddMemberOutcome, { kind: 'added' }>,
  cluster: Cluster | undefined,
): ApiError {
  switch (outcome.kind) {
    case 'already-a-member':
      return new ApiError('BadRequest', 'The gateway is a member of the pool already')
    case 'pool-not-found':
      return noSuchPool()
    case 'gateway-not-found':
      return noSuchGateway()
    case 'other-cluster': {
      const { poolName, gatewayName, poolCluster } = outcome
      const named = clustersNamed(poolCluster, cluster)
      return new ApiError(
        'BadRequest',
        `The gateway "${gatewayName}" stands in another cluster (${named.gatewayCluster}) than the gateways of the pool ` +
          `"${poolName}" (${named.poolCluster}). A pool is of one cluster: add it to a pool of its own cluster; to move ` +
          'this pool to it, remove all its members first',
        { details: { reason: 'cluster-mismatched', ...named } },
      )
    }
    default:
      return outcome satisfies never
  }
}

function clustersNamed(
  poolCluster: Cluster,
  cluster: Cluster | undefined,
): { poolCluster: string; gatewayCluster: string } {
  return {
    poolCluster: describeCluster(poolCluster),
    gatewayCluster: cluster === undefined ? 'unknown' : describeCluster(cluster),
  }
}

async function removeMember(
  { pools, commit, onChanged, now }: Dependencies,
  origin: Origin,
  gatewayPoolId: string,
  gatewayId: string,
): Promise<PoolMembership> {
  const { organizationId } = origin.actor
  const pool = await pools.find(gatewayPoolId, organizationId)
  if (pool === undefined) throw noSuchPool()
  const removed = await commit(async ({ poolMembers, audit }) => {
    const membership = await poolMembers.removeMember(gatewayPoolId, organizationId, gatewayId)
    if (membership === 'pool-not-found') throw noSuchPool()
    if (membership === 'not-a-member') {
      throw new ApiError('NotFound', 'The gateway is no member of the pool')
    }
    await audit.record(eventAbout(pool, 'gateway-pool-member-removed', origin, now(), { gatewayId }))
    return membership
  })
  onChanged(gatewayPoolId)
  return removed
}

function eventAbout(
  { id, organizationId, name }: Pick<GatewayPool, 'id' | 'organizationId' | 'name'>,
  event: AuditEventName,
  { actor, requestId, ipAddress }: Origin,
  occurredAt: Date,
  details: Record<string, JsonValue> = {},
) {
  return {
    occurredAt,
    organizationId,
    requestId,
    event,
    outcome: 'success' as const,
    actor: auditActorOf(actor),
    ipAddress,
    details: { gatewayPoolId: id, gatewayPoolName: name, ...details },
  }
}
