import type { Revocations } from '../access-tokens/revocations.ts'
import type { AuditEvent } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { ApiError } from '../http/api-error.ts'
import type { Actor } from '../permissions/actor.ts'
import { requirePermission, requireRoleWithin } from '../permissions/require-permission.ts'
import type { IdentityCache } from './identity-cache.ts'
import type { DeleteOutcome, Identity, IdentityChange, IdentityStore, NewIdentity } from './identity-store.ts'

export interface ChangeIdentitiesDependencies {
  store: IdentityStore
  cache: Pick<IdentityCache, 'forget'>
  revocations: Revocations
  auditLog: AuditLog
  now: () => Date
}

/** Who asked, and by which request; for the audit log. */
export interface Origin {
  actor: Actor
  requestId: string
  ipAddress: string
}

export interface ChangeIdentities {
  create(origin: Origin, identity: NewIdentity): Promise<Identity>
  update(origin: Origin, identityId: string, change: IdentityChange): Promise<Identity>
  remove(origin: Origin, identityId: string): Promise<Identity>
}

/** Each change: permission, commit, what other parts of this process must know, audit; in this order. */
export function createChangeIdentities(dependencies: ChangeIdentitiesDependencies): ChangeIdentities {
  return {
    create: (origin, identity) =>
      orTellDenied(dependencies, origin, 'identity-created', {}, () =>
        create(dependencies, origin, identity),
      ),
    update: (origin, identityId, change) =>
      orTellDenied(dependencies, origin, eventOf(change), { target: identityId }, () =>
        update(dependencies, origin, identityId, change),
      ),
    remove: (origin, identityId) =>
      orTellDenied(dependencies, origin, 'identity-deleted', { target: identityId }, () =>
        remove(dependencies, origin, identityId),
      ),
  }
}

/** An attempt beyond one's rights is written down before it is refused. */
async function orTellDenied(
  { auditLog, now }: ChangeIdentitiesDependencies,
  { actor, requestId, ipAddress }: Origin,
  event: AuditEvent['event'],
  details: AuditEvent['details'],
  change: () => Promise<Identity>,
): Promise<Identity> {
  try {
    return await change()
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'PermissionDenied') throw error
    await auditLog.record({
      occurredAt: now(),
      organizationId: actor.organizationId,
      requestId,
      event,
      outcome: 'denied',
      reason: 'permission-denied',
      actor: { kind: 'identity', id: actor.identityId },
      ipAddress,
      details,
    })
    throw error
  }
}

/** The same words for an identity of another organization as for one that does not exist. */
export function identityUnknown(): ApiError {
  return new ApiError('NotFound', 'There is no such identity in your organization')
}

async function create(
  dependencies: ChangeIdentitiesDependencies,
  origin: Origin,
  draft: NewIdentity,
): Promise<Identity> {
  requirePermission(origin.actor, 'create', 'identities')
  requireRoleWithin(origin.actor, draft.role)
  if (draft.organizationId !== origin.actor.organizationId) {
    throw new ApiError('NotFound', 'There is no such organization among yours')
  }
  const identity = await dependencies.store.create(draft)
  await record(dependencies, origin, 'identity-created', identity, {
    name: identity.name,
    role: identity.role,
  })
  return identity
}

async function update(
  dependencies: ChangeIdentitiesDependencies,
  origin: Origin,
  identityId: string,
  change: IdentityChange,
): Promise<Identity> {
  const { store, cache, revocations } = dependencies
  requirePermission(origin.actor, 'edit', 'identities')
  const before = await store.find(identityId, origin.actor.organizationId)
  if (before === undefined) throw identityUnknown()
  requireRoleWithin(origin.actor, before.role)
  if (change.role !== undefined) requireRoleWithin(origin.actor, change.role)
  const identity = identityOf(await store.update(identityId, before.organizationId, change))
  cache.forget(identityId)
  if (change.isDisabled === true) {
    await revocations.revoke({ scope: 'identity', organizationId: identity.organizationId, identityId })
  }
  await record(dependencies, origin, eventOf(change), identity, {
    // Metadata may be long and is not ours to spread: only that it changed.
    changed: Object.entries(change)
      .filter(([, value]) => value !== undefined)
      .map(([field]) => field),
    name: identity.name,
    role: identity.role,
    roleBefore: before.role,
  })
  return identity
}

async function remove(
  dependencies: ChangeIdentitiesDependencies,
  origin: Origin,
  identityId: string,
): Promise<Identity> {
  const { store, cache, revocations } = dependencies
  requirePermission(origin.actor, 'delete', 'identities')
  const before = await store.find(identityId, origin.actor.organizationId)
  if (before === undefined) throw identityUnknown()
  requireRoleWithin(origin.actor, before.role)
  const identity = identityOf(await store.delete(identityId, before.organizationId))
  cache.forget(identityId)
  await revocations.revoke({ scope: 'identity', organizationId: identity.organizationId, identityId })
  await record(dependencies, origin, 'identity-deleted', identity, {
    name: identity.name,
    role: identity.role,
  })
  return identity
}

const refusalOf: Record<Exclude<DeleteOutcome['kind'], 'done'>, () => ApiError> = {
  unknown: identityUnknown,
  protected: () =>
    new ApiError('BadRequest', 'The identity is protected: turn hasDeleteProtection off first'),
  'last-admin': () =>
    new ApiError('BadRequest', 'This is the last enabled admin of the organization: make another one first'),
}

function identityOf(outcome: DeleteOutcome): Identity {
  if (outcome.kind === 'done') return outcome.identity
  throw refusalOf[outcome.kind]()
}

function eventOf({ isDisabled }: IdentityChange): AuditEvent['event'] {
  if (isDisabled === undefined) return 'identity-updated'
  return isDisabled ? 'identity-disabled' : 'identity-enabled'
}

function record(
  { auditLog, now }: ChangeIdentitiesDependencies,
  { actor, requestId, ipAddress }: Origin,
  event: AuditEvent['event'],
  identity: Identity,
  details: AuditEvent['details'],
): Promise<void> {
  return auditLog.record({
    occurredAt: now(),
    organizationId: identity.organizationId,
    requestId,
    event,
    outcome: 'success',
    actor: { kind: 'identity', id: actor.identityId },
    identityId: identity.id,
    ipAddress,
    details,
  })
}
