import { z } from 'zod'
import { emailAddress, person } from './people.ts'
import { pageQuery } from './query.ts'
import { namedId, pathId, singleLine, timestamp } from './text.ts'

/** Of a built-in or a custom role. */
export const roleSlug = z
  .string()
  .min(1)
  .max(64)
  .regex(
    /^[a-z0-9]+(?:-[a-z0-9]+)*$/,
    'Write the slug of a role: lower-case letters, digits and single hyphens',
  )
  .describe('Slug of a role of the organization: admin, member, no-access, or a custom one')

export const organizationIdParams = z.object({ organizationId: pathId })

export const organization = z.object({
  id: z.uuid(),
  name: z.string(),
  slug: z.string(),
  defaultMembershipRole: z.string().describe('The role of people who are invited without one'),
  createdAt: timestamp,
  updatedAt: timestamp,
})

export const organizationResponse = z.object({ organization })
export const listOrganizationsResponse = z.object({ organizations: z.array(organization) })

export const organizationsWithSubOrganizationsResponse = z.object({
  organizations: z.array(
    z.object({
      id: z.uuid(),
      name: z.string(),
      slug: z.string(),
      subOrganizations: z.array(z.never()),
    }),
  ),
})

export const updateOrganizationRequest = z
  .object({
    name: singleLine(64).min(1).optional(),
    slug: z
      .string()
      .max(64)
      .regex(
        /^[a-z0-9]+(?:-[a-z0-9]+)*$/,
        'Write lower-case letters and digits, with single hyphens between them',
      )
      .optional()
      .describe('Unique in the instance'),
    defaultMembershipRole: roleSlug.optional(),
  })
  .meta({ description: 'What is absent stays' })

export const listSubOrganizationsQuery = z.object({
  ...pageQuery,
  search: singleLine(255).optional(),
  isAccessible: z.enum(['true', 'false']).optional(),
})
/** Organizations within organizations are not part of Postern; clients page through the list. */
export const listSubOrganizationsResponse = z.object({
  organizations: z.array(z.never()),
  totalCount: z.literal(0),
})

export const memberParams = z.object({ organizationId: pathId, membershipId: pathId })

export const listMembersQuery = z.object({
  ...pageQuery,
  search: singleLine(255).optional().describe('Part of the name or of the e-mail address, whatever its case'),
})

export const membership = z.object({
  id: z.uuid(),
  orgId: z.uuid(),
  userId: z.uuid(),
  role: z.string().describe('Slug of the role'),
  isActive: z.boolean().describe('False: disabled. A disabled member has no session in the organization'),
  status: z.literal('accepted'),
  createdAt: timestamp,
  updatedAt: timestamp,
  user: person.extend({ lastLoginAt: timestamp.nullable() }),
})

export const membershipResponse = z.object({ membership })
export const listMembersResponse = z.object({ users: z.array(membership), totalCount: z.int() })

export const updateMemberRequest = z
  .object({
    role: roleSlug.optional(),
    isActive: z
      .boolean()
      .optional()
      .describe('False ends the person’s sessions in the organization at once; true restores none'),
  })
  .refine(({ role, isActive }) => role !== undefined || isActive !== undefined, {
    message: 'Say what to change: role, isActive or both',
    path: ['role'],
  })

/** Shown once: only a hash of the token is kept. */
const shownLink = {
  link: z
    .string()
    .describe('For the person to open. No mail is sent: hand it over yourself. Shown this once'),
  token: z.string().describe('The last part of the link. Shown this once'),
}

export const passwordResetResponse = z.object({ ...shownLink, expiresAt: timestamp })

export const inviteMemberRequest = z.object({ email: emailAddress, role: roleSlug.optional() })

export const invitationParams = z.object({ organizationId: pathId, invitationId: pathId })

export const invitation = z.object({
  id: z.uuid(),
  orgId: namedId,
  email: z.string(),
  role: z.string(),
  createdAt: timestamp,
  expiresAt: timestamp,
})

export const invitationResponse = z.object({ invitation })
export const inviteMemberResponse = z.object({ invitation, ...shownLink })
export const listInvitationsQuery = z.object(pageQuery)
export const listInvitationsResponse = z.object({
  invitations: z.array(invitation).describe('Oldest first; those that expired are left out'),
  totalCount: z.int(),
})

export const invitationForInvited = z.object({
  invitation: z.object({
    email: z.string(),
    role: z.string(),
    expiresAt: timestamp,
    organization: z.object({ id: z.uuid(), name: z.string() }),
    hasAccount: z
      .boolean()
      .describe(
        'True: the person has an account here, and accepts with its password. False: accepting makes one',
      ),
  }),
})

export const acceptInvitationResponse = z.object({
  message: z.string(),
  user: person,
  organization: z.object({ id: z.uuid(), name: z.string(), slug: z.string() }),
})

export type MembershipBody = z.output<typeof membership>
export type OrganizationBody = z.output<typeof organization>
export type InvitationBody = z.output<typeof invitation>
