import { z } from 'zod'
import { projectPermissions } from './permissions.ts'
import { pathSlug, projectIdOrSlugParams, slug } from './projects.ts'
import { pathId, singleLine, timestamp } from './text.ts'

const description = singleLine(1024)

export const createProjectRoleRequest = z.object({
  slug: slug.describe('Unique within the project, and no built-in role’s'),
  name: singleLine(64).min(1),
  description: description.nullish(),
  permissions: projectPermissions,
})
export const updateProjectRoleRequest = z.object({
  slug: slug.optional(),
  name: singleLine(64).min(1).optional(),
  description: description.nullish(),
  permissions: projectPermissions.optional().describe('In the place of all that it has'),
})

/** Built-in roles show their slug as their id. */
export const projectRole = z.object({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  projectId: z.uuid(),
  version: z.int(),
  createdAt: timestamp,
  updatedAt: timestamp,
})
const permission = z.object({
  subject: z.string(),
  action: z.array(z.string()),
  inverted: z.boolean().optional(),
  conditions: z.record(z.string(), z.unknown()).optional(),
})
export const projectRoleWithPermissions = projectRole.extend({ permissions: z.array(permission) })
export const projectRoleResponse = z.object({ role: projectRoleWithPermissions })
export const listProjectRolesResponse = z.object({ roles: z.array(projectRole) })

export const projectRoleParams = projectIdOrSlugParams.extend({ roleId: pathId })
export const projectRoleSlugParams = projectIdOrSlugParams.extend({ roleSlug: pathSlug })
export const roleParams = z.object({ roleId: pathId })
