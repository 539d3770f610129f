import {
  type OrganizationAction,
  organizationActions,
  type OrganizationSubject,
} from '@postern/api-contract/permissions'

export type { OrganizationAction, OrganizationSubject }

export type OrganizationActionOn<Subject extends OrganizationSubject> =
  (typeof organizationActions)[Subject][number]

export interface OrganizationRule {
  readonly subject: OrganizationSubject
  /** Those that the subject does not know allow nothing. */
  readonly action: readonly OrganizationAction[]
}

/** All of it within one organization: which rows that means is the stores' part. */
export interface OrganizationRights {
  can<Subject extends OrganizationSubject>(action: OrganizationActionOn<Subject>, subject: Subject): boolean
  readonly rules: readonly OrganizationRule[]
}

/** What a role gives in an organization; nothing if there is no such role. */
export type RightsOf = (organizationId: string, role: string) => Promise<OrganizationRights>

export function organizationRightsOf(rules: readonly OrganizationRule[]): OrganizationRights {
  const allowed = new Set(rules.flatMap(({ subject, action }) => action.map((one) => placeOf(one, subject))))
  return { can: (action, subject) => allowed.has(placeOf(action, subject)), rules }
}

export const organizationSubjects: readonly OrganizationSubject[] = [
  'identities',
  'gateways',
  'gateway-pools',
  'roles',
  'projects',
  'members',
  'audit-log',
  'organization',
  'signing-keys',
]

/** The roles that every organization has, from the least to the most powerful. Their slugs are nobody else's. */
export const builtInOrganizationRoles = ['no-access', 'member', 'admin'] as const
export type BuiltInOrganizationRole = (typeof builtInOrganizationRoles)[number]

const read = ['read'] as const
const builtInRights: Readonly<Record<BuiltInOrganizationRole, OrganizationRights>> = {
  'no-access': organizationRightsOf([]),
  member: organizationRightsOf([
    { subject: 'identities', action: read },
    { subject: 'gateways', action: read },
    { subject: 'gateway-pools', action: read },
    { subject: 'roles', action: read },
    { subject: 'members', action: read },
    { subject: 'projects', action: ['read', 'create'] },
  ]),
  admin: organizationRightsOf(
    organizationSubjects.map((subject) => ({ subject, action: organizationActions[subject] })),
  ),
}

/** Undefined where the slug is no built-in role's. */
export function builtInOrganizationRights(slug: string): OrganizationRights | undefined {
  const known = builtInOrganizationRoles.find((role) => role === slug)
  return known === undefined ? undefined : builtInRights[known]
}

export const noOrganizationRights: OrganizationRights = builtInRights['no-access']

/** Each right that `rights` has and `bound` has not. */
export function rightsBeyond(
  bound: OrganizationRights,
  rights: OrganizationRights,
): { action: OrganizationAction; subject: OrganizationSubject }[] {
  const own = organizationSubjects.flatMap((subject) => placesOn(subject))
  return own
    .filter(({ isIn }) => isIn(rights) && !isIn(bound))
    .map(({ action, subject }) => ({ action, subject }))
}

function placesOn<Subject extends OrganizationSubject>(subject: Subject) {
  const actions: readonly OrganizationActionOn<Subject>[] = organizationActions[subject]
  return actions.map((action) => ({
    action,
    subject,
    isIn: (rights: OrganizationRights) => rights.can(action, subject),
  }))
}

function placeOf(action: OrganizationAction, subject: OrganizationSubject): string {
  return `${subject} ${action}`
}

/** A rule as callers write it. */
export interface WrittenOrganizationRule {
  readonly subject: OrganizationSubject
  readonly action: OrganizationAction | readonly OrganizationAction[]
}

export function organizationRuleOf({ subject, action }: WrittenOrganizationRule): OrganizationRule {
  return { subject, action: typeof action === 'string' ? [action] : action }
}
