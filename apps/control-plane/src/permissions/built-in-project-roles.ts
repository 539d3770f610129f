import { projectActions } from '@postern/api-contract/permissions'
import type { ProjectRoleRules, ProjectRule, ProjectSubject } from './project-rights.ts'

/** The roles that every project has, from the least to the most powerful. Their slugs are nobody else's. */
export const builtInProjectRoles = ['no-access', 'viewer', 'member', 'admin'] as const
export type BuiltInProjectRole = (typeof builtInProjectRoles)[number]

const content: readonly ProjectSubject[] = ['secrets', 'folders', 'imports']
const surroundings: readonly ProjectSubject[] = ['environments', 'members', 'identities', 'roles', 'project']

const all = (subject: ProjectSubject): ProjectRule => ({ subject, action: projectActions[subject] })
const read = (subject: ProjectSubject): ProjectRule => ({
  subject,
  action: subject === 'secrets' ? ['read', 'read-value'] : ['read'],
})

const rulesOf: Readonly<Record<BuiltInProjectRole, readonly ProjectRule[]>> = {
  'no-access': [],
  viewer: [...content, ...surroundings].map(read),
  member: [...content.map(all), ...surroundings.map(read)],
  admin: [...content, ...surroundings].map(all),
}

/** Undefined where the slug is no built-in role's. */
export function builtInProjectRole(slug: string): ProjectRoleRules | undefined {
  const known = builtInProjectRoles.find((role) => role === slug)
  return known === undefined ? undefined : { slug: known, rules: rulesOf[known] }
}
