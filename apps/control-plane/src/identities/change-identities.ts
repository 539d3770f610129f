import type { ChangeRevocations } from '../access-tokens/change-revocations.ts'
import type { Revocations } from '../access-tokens/revocations.ts'
import type { AuditEvent } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import { orTellDenied } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import { type Actor, auditActorOf } from '../permissions/actor.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import type { OrganizationRoleStore } from '../organization-roles/organization-role-store.ts'
import { requireGrantableRole } from '../organization-roles/require-grantable-role.ts'
import type { UniversalAuthStore } from '../universal-auth/universal-auth-store.ts'
import type { IdentityCache } from './identity-cache.ts'
import type { DeleteOutcome, Identity, IdentityChange, IdentityStore, NewIdentity } from './identity-store.ts'
import { universalAuthOfNew } from './new-universal-auth.ts'
import type { RequireWithinIdentity } from './require-within-identity.ts'

/** What one change writes to, all of it or none. */
export interface IdentityChangeScope {
  identities: Pick<IdentityStore, 'create' | 'update' | 'delete'>
  organizationRoles: Pick<OrganizationRoleStore, 'hold'>
  universalAuths: Pick<UniversalAuthStore, 'create'>
  revocations: ChangeRevocations
  audit: ChangeAudit
}

export interface ChangeIdentitiesDependencies {
  store: Pick<IdentityStore, 'find'>
  commit: Commit<IdentityChangeScope>
  cache: Pick<IdentityCache, 'forget'>
  requireWithinIdentity: RequireWithinIdentity
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

/** Each change: permission; change, revocation and audit in one commit; what other parts of this process must know. */
export function createChangeIdentities(dependencies: ChangeIdentitiesDependencies): ChangeIdentities {
  return {
    create: (origin, identity) =>
      orTellDenied(dependencies, origin, { event: 'identity-created', details: {} }, () =>
        create(dependencies, origin, identity),
      ),
    update: (origin, identityId, change) =>
      orTellDenied(dependencies, origin, { event: eventOf(change), details: { target: identityId } }, () =>
        update(dependencies, origin, identityId, change),
      ),
    remove: (origin, identityId) =>
      orTellDenied(dependencies, origin, { event: 'identity-deleted', details: { target: identityId } }, () =>
        remove(dependencies, origin, identityId),
      ),
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
  if (draft.organizationId !== origin.actor.organizationId) {
    throw new ApiError('NotFound', 'There is no such organization among yours')
  }
  const { commit, now } = dependencies
  return commit(async ({ identities, organizationRoles, universalAuths, audit }) => {
    await requireGrantableRole(organizationRoles, origin.actor, draft.role)
    const identity = await identities.create(draft)
    const { name, role } = identity
    await universalAuths.create(universalAuthOfNew(identity))
    await audit.record(eventAbout(identity, 'identity-created', origin, now(), { name, role }))
    return { ...identity, authMethods: ['universal-auth'] }
  })
}

async function update(
  dependencies: ChangeIdentitiesDependencies,
  origin: Origin,
  identityId: string,
  change: IdentityChange,
): Promise<Identity> {
  const { store, requireWithinIdentity, commit, cache, revocations, now } = dependencies
  requirePermission(origin.actor, 'edit', 'identities')
  const before = await store.find(identityId, origin.actor.organizationId)
  if (before === undefined) throw identityUnknown()
  await requireWithinIdentity(origin.actor, before)
  // Whoever administers the project has the identity in their hands, and it goes with the project.
  if (before.projectId !== null && change.role !== undefined && change.role !== 'no-access')
    throw new ApiError('BadRequest', 'An identity that a project owns has no rights in the organization')
  const target = { scope: 'identity' as const, identityId }
  const identity = await commit(async (within) => {
    if (change.role !== undefined)
      await requireGrantableRole(within.organizationRoles, origin.actor, change.role)
    const identity = identityOf(await within.identities.update(before, change))
    if (change.isDisabled === true) await within.revocations.mark(target)
    const details = updateDetails(change, before, identity)
    await within.audit.record(eventAbout(identity, eventOf(change), origin, now(), details))
    return identity
  })
  cache.forget(identityId)
  if (change.isDisabled === true) {
    await revocations.revoke({ ...target, organizationId: identity.organizationId })
  }
  return identity
}

async function remove(
  dependencies: ChangeIdentitiesDependencies,
  origin: Origin,
  identityId: string,
): Promise<Identity> {
  const { store, requireWithinIdentity, commit, cache, revocations, now } = dependencies
  requirePermission(origin.actor, 'delete', 'identities')
  const before = await store.find(identityId, origin.actor.organizationId)
  if (before === undefined) throw identityUnknown()
  await requireWithinIdentity(origin.actor, before)
  const target = { scope: 'identity' as const, identityId }
  const identity = await commit(async (within) => {
    const identity = identityOf(await within.identities.delete(before))
    const { name, role } = identity
    await within.revocations.mark(target)
    await within.audit.record(eventAbout(identity, 'identity-deleted', origin, now(), { name, role }))
    return identity
  })
  cache.forget(identityId)
  await revocations.revoke({ ...target, organizationId: identity.organizationId })
  return identity
}

const refusalOf: Record<Exclude<DeleteOutcome['kind'], 'done'>, () => ApiError> = {
  unknown: identityUnknown,
  protected: () =>
    new ApiError('BadRequest', 'The identity is protected: turn hasDeleteProtection off first'),
  'last-admin': () =>
    new ApiError('BadRequest', 'This is the last enabled admin of the organization: make another one first'),
  'role-changed': () =>
    new ApiError('BadRequest', 'The identity’s role was changed at the same time: look at it, and try again'),
}

function identityOf(outcome: DeleteOutcome): Identity {
  if (outcome.kind === 'done') return outcome.identity
  throw refusalOf[outcome.kind]()
}

function eventOf({ isDisabled }: IdentityChange): AuditEvent['event'] {
  if (isDisabled === undefined) return 'identity-updated'
  return isDisabled ? 'identity-disabled' : 'identity-enabled'
}

function updateDetails(
  change: IdentityChange,
  before: Identity,
  { name, role }: Identity,
): AuditEvent['details'] {
  // Metadata may be long and is not ours to spread: only that it changed.
  const changed = Object.entries(change)
    .filter(([, value]) => value !== undefined)
    .map(([field]) => field)
  return { changed, name, role, roleBefore: before.role }
}

function eventAbout(
  identity: Identity,
  event: AuditEvent['event'],
  { actor, requestId, ipAddress }: Origin,
  occurredAt: Date,
  details: AuditEvent['details'],
): AuditEvent {
  return {
    occurredAt,
    organizationId: identity.organizationId,
    requestId,
    event,
    outcome: 'success',
    actor: auditActorOf(actor),
    identityId: identity.id,
    ipAddress,
    details,
  }
}
