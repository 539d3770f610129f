import type { FastifyRequest } from 'fastify'
import type { AuditActor } from '../audit/audit-event.ts'
import type { OrganizationRights } from './organization-rights.ts'

/** Who makes a request, after what it was sent with was verified and found alive. Machines and people may both. */
export type Actor = IdentityActor | UserActor

/** Somebody of an organization and what they may do in it, whether or not they are asking for something. */
export type RightsHolder = IdentityHolder | UserHolder

interface OfOrganization {
  readonly organizationId: string
  /** Slug of a built-in or of a custom role. Decides nothing by itself: the rights do. */
  readonly role: string
  /** What the role gave when the request came in. */
  readonly rights: OrganizationRights
}

interface IdentityHolder extends OfOrganization {
  readonly kind: 'identity'
  readonly identityId: string
}

interface UserHolder extends OfOrganization {
  readonly kind: 'user'
  readonly userId: string
}

export interface IdentityActor extends IdentityHolder {
  readonly identityName: string
  /** How the identity had logged in: 'kubernetes-auth', 'universal-auth', 'token-auth'. */
  readonly authMethod: string
  readonly tokenId: string
}

export interface UserActor extends UserHolder {
  readonly email: string
  readonly sessionId: string
}

/** Reads the request's credential. Throws ApiError `Unauthorized` unless it belongs to somebody who is alive. */
export type Authenticate = (request: FastifyRequest) => Promise<Actor>

/** As the audit log names whoever did something. */
export function auditActorOf(actor: Actor): AuditActor {
  return { kind: actor.kind, id: actor.kind === 'identity' ? actor.identityId : actor.userId }
}
