import type { SearchIdentitiesRequest } from '@postern/api-contract/identities'
import type { Identity, IdentitySearch, SearchedTerms, SearchedText } from './identity-store.ts'

/** What a change of an identity answers with. */
export function identityBody(identity: Identity) {
  const { id, name, projectId, role, isDisabled, hasDeleteProtection, authMethods, metadata } = identity
  return {
    id,
    name,
    orgId: identity.organizationId,
    projectId,
    role,
    isDisabled,
    hasDeleteProtection,
    authMethods,
    authMethod: authMethods[0] ?? null,
    createdAt: identity.createdAt.toISOString(),
    updatedAt: identity.updatedAt.toISOString(),
    metadata,
  }
}

/**
 * Nobody belongs to two organizations, so a membership has its identity's id. Clients know one of the organization's own
 * roles by `role` = custom and read which one beside it.
 */
export function membershipBody(identity: Identity) {
  const { id, organizationId: orgId, customRole, metadata } = identity
  const { name, projectId, isDisabled, hasDeleteProtection, authMethods } = identity
  return {
    id,
    role: customRole === null ? identity.role : 'custom',
    roleId: customRole?.id ?? null,
    customRole: customRoleBody(customRole),
    orgId,
    identityId: id,
    createdAt: identity.createdAt.toISOString(),
    updatedAt: identity.updatedAt.toISOString(),
    lastLoginAuthMethod: identity.lastLoginAuthMethod,
    lastLoginTime: identity.lastLoginAt?.toISOString() ?? null,
    metadata,
    identity: { id, name, orgId, projectId, isDisabled, hasDeleteProtection, authMethods },
  }
}

function customRoleBody(role: Identity['customRole']) {
  if (role === null) return null
  const { id, name, slug, description } = role
  const permissions = role.permissions.map(({ subject, action }) => ({
    subject,
    action: typeof action === 'string' ? action : [...action],
  }))
  return { id, name, slug, description, permissions }
}

export function searchOf({
  search: { $or, ...terms },
  orderBy,
  orderDirection,
  offset,
  limit,
}: SearchIdentitiesRequest): IdentitySearch {
  return {
    ...termsOf(terms),
    anyOf: $or?.map(termsOf),
    orderBy,
    isDescending: orderDirection === 'desc',
    offset,
    limit,
  }
}

type WrittenTerms = Omit<SearchIdentitiesRequest['search'], '$or'>

function termsOf({ name, role }: WrittenTerms): SearchedTerms {
  return { name: textOf(name), role: textOf(role) }
}

function textOf(written: WrittenTerms['name']): SearchedText | undefined {
  return written && { contains: written.$contains, equals: written.$eq, isOneOf: written.$in }
}
