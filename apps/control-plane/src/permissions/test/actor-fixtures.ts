import { randomUUID } from 'node:crypto'
import type { IdentityActor, UserActor } from '../actor.ts'
import { builtInOrganizationRights, noOrganizationRights } from '../organization-rights.ts'

/** A machine with a built-in role, `admin` unless said otherwise. */
export function identityActor(change: Partial<IdentityActor> = {}): IdentityActor {
  const { role = 'admin' } = change
  return {
    kind: 'identity',
    identityId: randomUUID(),
    identityName: 'operator',
    organizationId: randomUUID(),
    role,
    rights: builtInOrganizationRights(role) ?? noOrganizationRights,
    authMethod: 'token-auth',
    tokenId: randomUUID(),
    ...change,
  }
}

/** A person with a built-in role, `admin` unless said otherwise. */
export function userActor(change: Partial<UserActor> = {}): UserActor {
  const { role = 'admin' } = change
  return {
    kind: 'user',
    userId: randomUUID(),
    email: 'operator@example.com',
    sessionId: randomUUID(),
    organizationId: randomUUID(),
    role,
    rights: builtInOrganizationRights(role) ?? noOrganizationRights,
    ...change,
  }
}
