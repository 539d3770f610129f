import type { AuditLog } from '../audit/audit-log.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import { type ChangeOrigin, orTellDenied } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import type { OrganizationRoleStore } from '../organization-roles/organization-role-store.ts'
import { requireGrantableRole } from '../organization-roles/require-grantable-role.ts'
import { auditActorOf } from '../permissions/actor.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import type {
  OrganizationChange,
  OrganizationDetails,
  OrganizationOutcome,
  OrganizationStore,
} from './organization-store.ts'

export interface ChangeOrganizationDependencies {
  commit: Commit<{
    organizations: Pick<OrganizationStore, 'update'>
    organizationRoles: Pick<OrganizationRoleStore, 'hold'>
    audit: ChangeAudit
  }>
  auditLog: AuditLog
  now: () => Date
}

/** Changes the actor's own organization. */
export type ChangeOrganization = (
  origin: ChangeOrigin,
  change: OrganizationChange,
) => Promise<OrganizationDetails>

export function createChangeOrganization(dependencies: ChangeOrganizationDependencies): ChangeOrganization {
  return (origin, change) =>
    orTellDenied(dependencies, origin, { event: 'organization-updated', details: {} }, () =>
      update(dependencies, origin, change),
    )
}

/** The same words for an organization of others as for one that does not exist. */
export function organizationUnknown(): ApiError {
  return new ApiError('NotFound', 'There is no such organization among yours')
}

async function update(
  { commit, now }: ChangeOrganizationDependencies,
  { actor, requestId, ipAddress }: ChangeOrigin,
  change: OrganizationChange,
): Promise<OrganizationDetails> {
  const { organizationId } = actor
  requirePermission(actor, 'edit', 'organization')
  return commit(async ({ organizations, organizationRoles, audit }) => {
    if (change.defaultMemberRole !== undefined)
      await requireGrantableRole(organizationRoles, actor, change.defaultMemberRole)
    const organization = organizationOf(await organizations.update(organizationId, change))
    const { name, slug, defaultMemberRole } = organization
    await audit.record({
      occurredAt: now(),
      organizationId,
      requestId,
      event: 'organization-updated',
      outcome: 'success',
      actor: auditActorOf(actor),
      ipAddress,
      details: { name, slug, defaultMemberRole },
    })
    return organization
  })
}

function organizationOf(outcome: OrganizationOutcome): OrganizationDetails {
  if (outcome.kind === 'done') return outcome.organization
  if (outcome.kind === 'unknown') throw organizationUnknown()
  throw new ApiError('BadRequest', 'Another organization has this slug')
}
