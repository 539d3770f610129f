import { z } from 'zod'
import { organizationPermissions } from './permissions.ts'
import { pathId, singleLine, timestamp } from './text.ts'

const slug = singleLine(64)
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'Write lower-case letters, digits and single hyphens')
  .describe('Unique in the organization; how identities and members name the role')
const name = singleLine(64).min(1)
const description = singleLine(256)

export const createOrganizationRoleRequest = z.object({
  slug,
  name,
  description: description.nullish(),
  permissions: organizationPermissions.default([]).describe('What the role allows; nothing else is'),
})

export const updateOrganizationRoleRequest = z
  .object({
    slug: slug.optional().describe('Whoever has the role keeps it'),
    name: name.optional(),
    description: description.nullish(),
    permissions: organizationPermissions.optional().describe('Replaces all of them'),
  })
  .meta({ description: 'What is absent stays' })

export const organizationRoleIdParams = z.object({ roleId: pathId })
export const organizationRoleSlugParams = z.object({ slug: z.string().max(64) })

export const organizationRole = z.object({
  id: z.string().describe('A UUID; of a built-in role its slug'),
  orgId: z.uuid(),
  slug: z.string(),
  name: z.string(),
  description: z.string(),
  permissions: z.array(z.object({ subject: z.string(), action: z.union([z.string(), z.array(z.string())]) })),
  isBuiltIn: z.boolean().describe('Every organization has it; it cannot be changed or deleted'),
  createdAt: timestamp.nullable().describe('Null for built-in roles'),
  updatedAt: timestamp.nullable().describe('Null for built-in roles'),
})

export const organizationRoleResponse = z.object({ role: organizationRole })
export const listOrganizationRolesResponse = z.object({
  roles: z.array(organizationRole).describe('The built-in ones, then the organization’s own by their slugs'),
})

export type CreateOrganizationRoleRequest = z.output<typeof createOrganizationRoleRequest>
export type UpdateOrganizationRoleRequest = z.output<typeof updateOrganizationRoleRequest>
export type OrganizationRoleBody = z.output<typeof organizationRole>
