import { ApiError } from '../http/api-error.ts'
import { type Actor, type OrganizationRole, organizationRoles } from './actor.ts'

/** `edit-auth`: change how an identity logs in, and see what is secret about it. `revoke`: end tokens and credentials. */
export type Action = 'read' | 'create' | 'edit' | 'delete' | 'edit-auth' | 'attach' | 'revoke'
export type Subject =
  | 'identities'
  | 'gateways'
  | 'gateway-pools'
  | 'audit-events'
  | 'organization'
  | 'signing-keys'

/** All of it within the actor's own organization: which rows that means is the store's part. */
const allowedTo: Record<OrganizationRole, (action: Action, subject: Subject) => boolean> = {
  admin: () => true,
  member: (action, subject) =>
    action === 'read' && (subject === 'identities' || subject === 'gateways' || subject === 'gateway-pools'),
  'no-access': () => false,
}

export function hasPermission(actor: Pick<Actor, 'role'>, action: Action, subject: Subject): boolean {
  return allowedTo[actor.role](action, subject)
}

/** Throws PermissionDenied that names the action and the subject. */
export function requirePermission(actor: Pick<Actor, 'role'>, action: Action, subject: Subject): void {
  if (hasPermission(actor, action, subject)) return
  throw new ApiError('PermissionDenied', `The role ${actor.role} may not ${action} ${subject}`, {
    details: { action, subject },
  })
}

/** Nobody hands out, or lays hands on, a role above their own. */
export function requireRoleWithin(actor: Pick<Actor, 'role'>, role: OrganizationRole): void {
  if (organizationRoles.indexOf(role) <= organizationRoles.indexOf(actor.role)) return
  throw new ApiError('PermissionDenied', `The role ${actor.role} may not grant or change the role ${role}`, {
    details: { action: 'edit', subject: 'identities' },
  })
}
