import type { AuditReason } from './audit-reason.ts'

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }

/**
 * Everything that is written down, subject first. Closed: a screen, an alert or an export may list the names.
 * A feature that acts adds its names here.
 */
export const auditEventNames = [
  'kubernetes-login',
  'kubernetes-login-simulated',
  'universal-login',
  'access-token-renewed',
  'access-token-revoked',
  'identity-created',
  'identity-updated',
  'identity-disabled',
  'identity-enabled',
  'identity-deleted',
  'identity-tokens-revoked',
  'token-auth-token-created',
  'kubernetes-auth-attached',
  'kubernetes-auth-updated',
  'kubernetes-auth-detached',
  'universal-auth-attached',
  'universal-auth-updated',
  'universal-auth-detached',
  'client-secret-created',
  'client-secret-revoked',
  'lockouts-cleared',
  'gateway-created',
  'gateway-renamed',
  'gateway-deleted',
  'gateway-auth-method-changed',
  'gateway-enrolment-token-created',
  'gateway-enrolled',
  'gateway-enrolment-refused',
  'gateway-key-rotated',
  'gateway-revoked',
  'gateway-connected',
  'gateway-connection-refused',
  'gateway-disconnected',
  'gateway-pool-created',
  'gateway-pool-renamed',
  'gateway-pool-deleted',
  'gateway-pool-member-added',
  'gateway-pool-member-removed',
  'gateway-pool-cluster-learned',
  'gateway-pool-cluster-rotated',
  'gateway-pool-member-excluded',
  'instance-bootstrapped',
  'organization-created',
  'organization-updated',
  'organization-deleted',
  'organization-role-created',
  'organization-role-updated',
  'organization-role-deleted',
  'user-created',
  'user-login',
  'user-logout',
  'user-organization-selected',
  'user-sessions-ended',
  'user-updated',
  'user-password-changed',
  'user-password-reset-link-created',
  'user-password-reset',
  'member-invited',
  'member-invitation-revoked',
  'member-invitation-accepted',
  'member-updated',
  'member-disabled',
  'member-enabled',
  'member-removed',
  'signing-key-rotated',
  'audit-retention-changed',
  'project-created',
  'project-updated',
  'project-deleted',
  'project-environment-created',
  'project-environment-updated',
  'project-environment-deleted',
  'project-member-added',
  'project-member-updated',
  'project-member-removed',
  'project-role-created',
  'project-role-updated',
  'project-role-deleted',
  'folder-created',
  'folder-renamed',
  'folder-deleted',
  'secret-import-created',
  'secret-import-updated',
  'secret-import-deleted',
  'secret-created',
  'secret-updated',
  'secret-deleted',
  'organization-key-rotated',
  'organization-earlier-keys-removed',
] as const

export type AuditEventName = (typeof auditEventNames)[number]

/** success: it was done. denied: a rule refused it. failed: nothing was decided, because something was broken. */
export const auditOutcomes = ['success', 'denied', 'failed'] as const
export type AuditOutcome = (typeof auditOutcomes)[number]

/** `stranger`: whoever calls without having proved who they are, such as a login before the cluster vouched. */
export interface AuditActor {
  kind: 'identity' | 'user' | 'gateway' | 'system' | 'stranger'
  id?: string
}

/** One row of the audit log. Holds no token, key or secret, not even a piece of one; a fingerprint may appear. */
export interface AuditEvent {
  occurredAt: Date
  /** A UUID; null where the organization is not known, as for a login to an identity that does not exist. */
  organizationId: string | null
  requestId: string
  event: AuditEventName
  outcome: AuditOutcome
  /** Present exactly when the outcome is not `success`. */
  reason?: AuditReason
  actor: AuditActor
  /** The identity that the event is about, a UUID. What a stranger typed and nobody knows belongs in `details`. */
  identityId?: string
  /** The project that the event is about, a UUID. Taken from `details.projectId` where it is absent. */
  projectId?: string
  ipAddress?: string
  details: Readonly<Record<string, JsonValue>>
}
