import type { ProjectPermission } from '@postern/api-contract/permissions'
import { builtInProjectRole, builtInProjectRoles } from '../permissions/built-in-project-roles.ts'
import type { ProjectRule } from '../permissions/project-rights.ts'
import type { ProjectRole } from './project-role-store.ts'
import type { Project } from './project-store.ts'

export function ruleOf({ subject, action, inverted, conditions }: ProjectPermission): ProjectRule {
  return {
    subject,
    action: typeof action === 'string' ? [action] : [...new Set(action)],
    ...(inverted === true ? { inverted } : {}),
    ...(conditions && Object.keys(conditions).length > 0 ? { conditions } : {}),
  }
}

export function projectRoleBody(role: ProjectRole) {
  const { id, slug, name, description, projectId } = role
  return {
    id,
    slug,
    name,
    description,
    projectId,
    version: 2,
    createdAt: role.createdAt.toISOString(),
    updatedAt: role.updatedAt.toISOString(),
  }
}

export function projectRoleWithPermissionsBody(role: ProjectRole) {
  const permissions = role.rules.map(({ subject, action, inverted, conditions }) => ({
    subject,
    action: [...action],
    ...(inverted === true ? { inverted } : {}),
    ...(conditions === undefined ? {} : { conditions: { ...conditions } }),
  }))
  return { ...projectRoleBody(role), permissions }
}

const named: Readonly<Record<(typeof builtInProjectRoles)[number], [string, string]>> = {
  admin: ['Admin', 'Everything in the project'],
  member: ['Member', 'Everything with secrets, folders and imports; reads the rest'],
  viewer: ['Viewer', 'Reads everything, the values of secrets too'],
  'no-access': ['No access', 'Nothing, until a role is added'],
}

/** The roles that every project has, as though they were its own. */
export function builtInRolesOf(project: Project): ProjectRole[] {
  return builtInProjectRoles.toReversed().map((slug) => {
    const [name, description] = named[slug]
    const { id: projectId, createdAt } = project
    const rules = builtInProjectRole(slug)?.rules ?? []
    return { id: slug, projectId, slug, name, description, rules, createdAt, updatedAt: createdAt }
  })
}
