import type { AuditEvent } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import { orTellDenied } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import { type Actor, auditActorOf } from '../permissions/actor.ts'
import { builtInOrganizationRoles } from '../permissions/organization-rights.ts'
import { requirePermission, requireRightsWithin } from '../permissions/require-permission.ts'
import type {
  CreateRoleOutcome,
  CustomRole,
  CustomRoleChange,
  NewCustomRole,
  OrganizationRoleStore,
  RoleCarriers,
  UpdateRoleOutcome,
} from './organization-role-store.ts'
import { type OrganizationRoles, rightsOfRole } from './organization-roles.ts'

/** What one change writes to, all of it or none. */
export interface OrganizationRoleChangeScope {
  organizationRoles: OrganizationRoleStore
  audit: ChangeAudit
}

export interface ChangeOrganizationRolesDependencies {
  commit: Commit<OrganizationRoleChangeScope>
  cache: Pick<OrganizationRoles, 'forget'>
  auditLog: AuditLog
  now: () => Date
}

export interface RoleOrigin {
  actor: Actor
  requestId: string
  ipAddress: string
}

/** Throws ApiErrors. T17: nobody makes, changes or deletes a role that allows what they may not do themselves. */
export interface ChangeOrganizationRoles {
  create(origin: RoleOrigin, role: Omit<NewCustomRole, 'organizationId'>): Promise<CustomRole>
  update(origin: RoleOrigin, roleId: string, change: CustomRoleChange): Promise<CustomRole>
  remove(origin: RoleOrigin, roleId: string): Promise<CustomRole>
}

/** Slugs of an organization's own roles are none of these; `custom` is what clients read in their place. */
export const reservedRoleSlugs: readonly string[] = [...builtInOrganizationRoles, 'custom']

export function createChangeOrganizationRoles(
  dependencies: ChangeOrganizationRolesDependencies,
): ChangeOrganizationRoles {
  return {
    create: (origin, role) =>
      orTellDenied(
        dependencies,
        origin,
        { event: 'organization-role-created', details: { slug: role.slug } },
        () => create(dependencies, origin, role),
      ),
    update: (origin, roleId, change) =>
      orTellDenied(dependencies, origin, { event: 'organization-role-updated', details: { roleId } }, () =>
        update(dependencies, origin, roleId, change),
      ),
    remove: (origin, roleId) =>
      orTellDenied(dependencies, origin, { event: 'organization-role-deleted', details: { roleId } }, () =>
        remove(dependencies, origin, roleId),
      ),
  }
}

export function noSuchRole(): ApiError {
  return new ApiError('NotFound', 'There is no such role in your organization')
}

type Dependencies = ChangeOrganizationRolesDependencies

async function create(
  { commit, cache, now }: Dependencies,
  origin: RoleOrigin,
  draft: Omit<NewCustomRole, 'organizationId'>,
): Promise<CustomRole> {
  const { actor } = origin
  requirePermission(actor, 'create', 'roles')
  requireRightsWithin(actor, rightsOfRole(draft))
  requireFreeSlug(draft.slug)
  const created = await commit(async ({ organizationRoles, audit }) => {
    const role = savedOf(await organizationRoles.create({ ...draft, organizationId: actor.organizationId }))
    await audit.record(eventAbout(role, 'organization-role-created', origin, now()))
    return role
  })
  cache.forget(created.organizationId, created.slug)
  return created
}

async function update(
  { commit, cache, now }: Dependencies,
  origin: RoleOrigin,
  roleId: string,
  change: CustomRoleChange,
): Promise<CustomRole> {
  const { actor } = origin
  requirePermission(actor, 'edit', 'roles')
  if (change.permissions !== undefined)
    requireRightsWithin(actor, rightsOfRole({ permissions: change.permissions }))
  if (change.slug !== undefined) requireFreeSlug(change.slug)
  const { before, after } = await commit(async ({ organizationRoles, audit }) => {
    const before = await findToChange(organizationRoles, actor, roleId)
    const after = savedOf(await organizationRoles.update(before, change))
    const details = { slugBefore: before.slug, changed: Object.keys(change) }
    await audit.record(eventAbout(after, 'organization-role-updated', origin, now(), details))
    return { before, after }
  })
  cache.forget(before.organizationId, before.slug)
  cache.forget(after.organizationId, after.slug)
  return after
}

async function remove(
  { commit, cache, now }: Dependencies,
  origin: RoleOrigin,
  roleId: string,
): Promise<CustomRole> {
  const { actor } = origin
  requirePermission(actor, 'delete', 'roles')
  const deleted = await commit(async ({ organizationRoles, audit }) => {
    const role = await findToChange(organizationRoles, actor, roleId)
    const carriers = await organizationRoles.carriersOf(role)
    requireUnused(carriers)
    await organizationRoles.delete(role)
    await audit.record(eventAbout(role, 'organization-role-deleted', origin, now()))
    return role
  })
  cache.forget(deleted.organizationId, deleted.slug)
  return deleted
}

async function findToChange(
  roles: Pick<OrganizationRoleStore, 'findToChange'>,
  actor: Actor,
  roleId: string,
): Promise<CustomRole> {
  const role = await roles.findToChange(roleId, actor.organizationId)
  if (role === undefined) throw noSuchRole()
  requireRightsWithin(actor, rightsOfRole(role))
  return role
}

function requireFreeSlug(slug: string): void {
  if (reservedRoleSlugs.includes(slug))
    throw new ApiError('BadRequest', `The slugs ${reservedRoleSlugs.join(', ')} are reserved: choose another`)
}

function requireUnused({ identities, members, invitations, isDefault }: RoleCarriers): void {
  if (identities + members + invitations === 0 && !isDefault) return
  const who = [
    ...(identities > 0 ? [`${identities} identities`] : []),
    ...(members > 0 ? [`${members} members`] : []),
    ...(invitations > 0 ? [`${invitations} invitations`] : []),
    ...(isDefault ? ['new members by default'] : []),
  ]
  throw new ApiError(
    'BadRequest',
    `The role is still given to ${who.join(', ')}: give them another one first`,
    {
      details: { identities, members, invitations, isDefault },
    },
  )
}

function savedOf(outcome: CreateRoleOutcome | UpdateRoleOutcome): CustomRole {
  if (outcome.kind === 'saved') return outcome.role
  if (outcome.kind === 'too-many')
    throw new ApiError('BadRequest', `An organization may have ${outcome.rolesMax} roles of its own`)
  throw new ApiError('BadRequest', 'There is a role with that slug in your organization already')
}

function eventAbout(
  { id, organizationId, slug, permissions }: CustomRole,
  event: AuditEvent['event'],
  { actor, requestId, ipAddress }: RoleOrigin,
  occurredAt: Date,
  details: AuditEvent['details'] = {},
): AuditEvent {
  return {
    occurredAt,
    organizationId,
    requestId,
    event,
    outcome: 'success',
    actor: auditActorOf(actor),
    ipAddress,
    details: { roleId: id, slug, allows: allowedText(permissions), ...details },
  }
}

/** Bounded by the vocabulary: `identities: read, create`. */
function allowedText(permissions: CustomRole['permissions']): string[] {
  return permissions.map(({ subject, action }) => `${subject}: ${[action].flat().join(', ')}`)
}
