import { z } from 'zod'
import { authMethodName } from './identities.ts'
import { pageQuery, optionalQueryText } from './query.ts'
import { slug } from './projects.ts'
import { pathId, singleLine, timestamp } from './text.ts'

const roleSlug = slug.describe('admin, member, viewer, no-access, or the slug of one of the project’s own')
/** What a client sends beside a lasting role says nothing: it may be anything of a modest size. */
const saysNothing = z.string().max(64).nullish()

const lastingRole = z.object({
  role: roleSlug,
  isTemporary: z.literal(false).nullish(),
  temporaryMode: saysNothing,
  temporaryRange: saysNothing,
  temporaryAccessStartTime: saysNothing,
})
const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }
const rangeSecondsMax = 3650 * 86_400
const isBounded = (range: string): boolean =>
  Number.parseInt(range, 10) * (secondsOf[range.slice(-1)] ?? 0) <= rangeSecondsMax
/** What lies outside is a mistake, and beyond the year 9999 has no form that clients read. */
const isNearby = (start: string): boolean => start >= '2000' && start < '2200'

const temporaryRole = z.object({
  role: roleSlug,
  isTemporary: z.literal(true),
  temporaryMode: z.literal('relative').default('relative'),
  temporaryRange: z
    .string()
    .trim()
    .regex(/^[1-9]\d{0,8}(?:s|m|h|d|w)$/, 'A number and a unit, such as 30m, 1h or 7d')
    .refine(isBounded, 'At most 3650 days')
    .describe('How long the role counts, such as 1h: s, m, h, d or w'),
  temporaryAccessStartTime: z.iso
    .datetime({ offset: true })
    .refine(isNearby, 'Between the years 2000 and 2200')
    .describe('From when on it counts, such as 2026-01-31T09:30:00Z'),
})
const grantedRole = z.union([lastingRole, temporaryRole])
const grantedRoles = z
  .array(grantedRole)
  .max(20)
  .refine(
    (roles) => new Set(roles.map(({ role }) => role)).size === roles.length,
    'Each role may appear once',
  )

export const addIdentityRequest = z.object({
  role: roleSlug.nullish().describe('Deprecated; counts where `roles` is left out. By default no-access'),
  roles: grantedRoles.nullish(),
})
export const changeRolesRequest = z.object({ roles: grantedRoles.min(1) })

export const memberRole = z.object({
  id: z.uuid(),
  role: z.string().describe('`custom` for one of the project’s own roles'),
  customRoleId: z.uuid().nullable(),
  customRoleName: z.string().nullable(),
  customRoleSlug: z.string().nullable(),
  isTemporary: z.boolean(),
  temporaryMode: z.literal('relative').nullable(),
  temporaryRange: z.string().nullable(),
  temporaryAccessStartTime: timestamp.nullable(),
  temporaryAccessEndTime: timestamp.nullable(),
})
const memberRoleWithTimes = memberRole.extend({
  projectMembershipId: z.uuid(),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export const changedRolesResponse = z.object({ roles: z.array(memberRoleWithTimes) })

export const addedIdentityMembership = z.object({
  id: z.uuid(),
  projectId: z.uuid(),
  identityId: z.uuid(),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export const addedIdentityResponse = z.object({ identityMembership: addedIdentityMembership })

export const identityMembershipOfProject = addedIdentityMembership.extend({
  roles: z.array(memberRole),
  lastLoginAuthMethod: z.string().nullable(),
  lastLoginTime: timestamp.nullable(),
  identity: z.object({
    id: z.uuid(),
    name: z.string(),
    orgId: z.uuid(),
    projectId: z
      .uuid()
      .nullable()
      .describe('The project that owns the identity; null: the organization does'),
    hasDeleteProtection: z.boolean(),
    authMethods: z.array(authMethodName),
    metadata: z.array(z.object({ id: z.uuid(), key: z.string(), value: z.string() })),
  }),
  project: z.object({ id: z.uuid(), name: z.string(), slug: z.string(), type: z.string() }),
})
export const identityMembershipOfProjectResponse = z.object({
  identityMembership: identityMembershipOfProject,
})
export const projectMembershipsOfIdentityResponse = z.object({
  identityMemberships: z.array(identityMembershipOfProject),
})
export const listIdentityMembershipsResponse = z.object({
  identityMemberships: z.array(identityMembershipOfProject),
  totalCount: z.int(),
})
export const membersQuery = z.object({
  ...pageQuery,
  search: optionalQueryText(255).describe('Part of the name, whatever its case'),
})
export const availableIdentitiesResponse = z.object({
  identities: z.array(z.object({ id: z.uuid(), name: z.string() })),
  totalCount: z.int(),
})
export const identityInProjectParams = z.object({ projectId: pathId, identityId: pathId })
export const membershipParams = z.object({ membershipId: pathId })

const email = singleLine(255).min(1).toLowerCase()
const emails = z.array(email).min(1).max(100)

export const addPeopleRequest = z
  .object({
    usernames: emails.nullish().describe('E-mail addresses of members of the organization'),
    emails: emails.nullish().describe('The same as `usernames`'),
    roleSlugs: z.array(roleSlug).min(1).max(20).nullish().describe('By default member'),
  })
  .refine(({ usernames, emails }) => usernames || emails, 'Name at least one of usernames')
export const removePeopleRequest = z
  .object({ usernames: emails.nullish(), emails: emails.nullish() })
  .refine(({ usernames, emails }) => usernames || emails, 'Name at least one of usernames')
export const findPersonRequest = z.object({ username: email })

const addedPerson = z.object({
  id: z.uuid(),
  projectId: z.uuid(),
  userId: z.uuid(),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export const peopleMembershipsResponse = z.object({ memberships: z.array(addedPerson) })
export const personMembership = addedPerson.extend({
  user: z.object({
    id: z.uuid(),
    email: z.string(),
    username: z.string(),
    firstName: z.string().describe('All of the name'),
    lastName: z.string(),
    publicKey: z.string(),
  }),
  inviteEmail: z.string().nullable(),
  project: z.object({ id: z.uuid(), name: z.string(), slug: z.string(), type: z.string() }),
  roles: z.array(memberRole),
})
export const personMembershipResponse = z.object({ membership: personMembership })
export const removedPersonResponse = z.object({ membership: addedPerson })
export const listPeopleResponse = z.object({ memberships: z.array(personMembership) })
export const personParams = z.object({ projectId: pathId, membershipId: pathId })
export const userInProjectParams = z.object({ projectId: pathId, userId: pathId })
