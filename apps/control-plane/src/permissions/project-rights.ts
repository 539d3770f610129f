import { projectActions } from '@postern/api-contract/permissions'
import { Ability } from '@casl/ability'
import { ApiError } from '../http/api-error.ts'
import {
  areApart,
  areWithin,
  compileConditions,
  conditionsHold,
  piecesOf,
  type PlaceConditions,
  type ProjectPlace,
  type ReadyConditions,
} from './place-conditions.ts'

export type ProjectSubject = keyof typeof projectActions
export type ProjectActionOn<Subject extends ProjectSubject> = (typeof projectActions)[Subject][number]
export type { PlaceConditions, ProjectPlace }

/** One rule of a project role. An inverted one takes away, from what its own role allows and from nothing else. */
export interface ProjectRule {
  readonly subject: ProjectSubject
  readonly action: readonly string[]
  readonly inverted?: boolean | undefined
  /** All must hold. What a rule asks for and a caller does not say is taken as the answer that allows less. */
  readonly conditions?: PlaceConditions | undefined
}

export interface ProjectRoleRules {
  readonly slug: string
  readonly rules: readonly ProjectRule[]
  /** When whoever has the role loses it; absent: never. */
  readonly until?: Date | undefined
}

export interface ProjectRights {
  /** In all of the project where no place is named, and there only by rules without conditions. */
  can<Subject extends ProjectSubject>(
    action: ProjectActionOn<Subject>,
    subject: Subject,
    at?: ProjectPlace,
  ): boolean
  /** Whether there may be a place where it is allowed: for lists, which then ask of each. */
  canSomewhere<Subject extends ProjectSubject>(action: ProjectActionOn<Subject>, subject: Subject): boolean
  readonly roles: readonly ProjectRoleRules[]
}

interface Asked extends ProjectPlace {
  readonly subject: ProjectSubject
}
type RoleAbility = Ability<[string, ProjectSubject | Asked], ReadyConditions>

/** Allowed is what at least one of the roles allows. */
export function projectRightsOf(roles: readonly ProjectRoleRules[]): ProjectRights {
  const abilities = roles.map(({ rules }) => abilityOf(rules))
  return {
    can: (action, subject, at = {}) => abilities.some((ability) => ability.can(action, { ...at, subject })),
    canSomewhere: (action, subject) => abilities.some((ability) => ability.can(action, subject)),
    roles,
  }
}

/**
 * What of the rights goes on until then; undefined: for good. Whoever has a role for a time gives it, or what it may do,
 * to nobody for longer, themselves included.
 */
export function rightsUntil({ roles }: ProjectRights, end: Date | undefined): ProjectRights {
  return projectRightsOf(
    roles.map((role) => {
      const { slug, until } = role
      if (until === undefined || (end !== undefined && end <= until)) return role
      return { slug: `${slug} (until ${until.toISOString()})`, rules: [] }
    }),
  )
}

/** Throws PermissionDenied that names the action, the subject and the place. */
export function requireProjectPermission<Subject extends ProjectSubject>(
  rights: ProjectRights,
  action: ProjectActionOn<Subject>,
  subject: Subject,
  at?: ProjectPlace,
): void {
  if (rights.can(action, subject, at)) return
  throw projectDenied(rights, action, subject, at)
}

export function projectDenied(
  rights: Pick<ProjectRights, 'roles'>,
  action: string,
  subject: ProjectSubject,
  at: ProjectPlace = {},
): ApiError {
  const roles = rights.roles.map(({ slug }) => slug).join(', ')
  const who = roles === '' ? 'Without a role in the project you' : `With the project roles ${roles} you`
  const { environment, secretPath } = at
  const where = `${environment === undefined ? '' : ` in ${environment}`}${secretPath === undefined ? '' : ` at ${secretPath}`}`
  return new ApiError('PermissionDenied', `${who} may not ${action} ${subject}${where}`, {
    details: { action, subject, ...at },
  })
}

/** Without conditions the library need not ask, and knows that what is taken away is nowhere allowed. */
function rawRuleOf({ subject, action, inverted = false, conditions = {} }: ProjectRule) {
  const known: readonly string[] = projectActions[subject]
  const raw = { subject, action: action.filter((one) => known.includes(one)), inverted }
  const ready = compileConditions(conditions, { whenUnknown: inverted })
  return Object.keys(ready.matches).length === 0 ? raw : { ...raw, conditions: ready }
}

/** The library gives the last rule that fits the last word: what takes away stands last. */
function abilityOf(rules: readonly ProjectRule[]): RoleAbility {
  const ordered = rules.toSorted(
    (one, other) => Number(one.inverted ?? false) - Number(other.inverted ?? false),
  )
  return new Ability<[string, ProjectSubject | Asked], ReadyConditions>(ordered.map(rawRuleOf), {
    conditionsMatcher: (conditions) => (asked: ProjectPlace) => conditionsHold(conditions, asked),
    detectSubjectType: (asked) => asked.subject,
    // Nothing stands for all of them.
    anyAction: '',
    anySubjectType: '',
  })
}

interface ReadyRule {
  readonly subject: ProjectSubject
  readonly action: readonly string[]
  readonly conditions: ReadyConditions
}

interface ReadyRole {
  readonly allows: readonly ReadyRule[]
  readonly takesAway: readonly ReadyRule[]
}

/**
 * Nobody hands out, or changes, what they could not do themselves: throws PermissionDenied unless every place where one
 * role of `rules` allows something is a place where `rights` allow it too. What cannot be proved is refused.
 *
 * A place is proved by one rule of one role that holds wherever the wanted rule does, in a role that takes nothing
 * away there which the wanted role does not take away as well.
 */
export function requireProjectRulesWithin(rights: ProjectRights, rules: readonly ProjectRule[]): void {
  const wanted = readyRole(rules)
  const roles = rights.roles.map((role) => readyRole(role.rules))
  for (const rule of wanted.allows) {
    for (const action of rule.action) {
      const isProved = piecesOf(rule.conditions).every((piece) =>
        roles.some((role) => allows(role, wanted, { action, subject: rule.subject, conditions: piece })),
      )
      if (!isProved) throw projectDenied(rights, action, rule.subject)
    }
  }
}

interface Wanted {
  readonly action: string
  readonly subject: ProjectSubject
  readonly conditions: ReadyConditions
}

function allows(role: ReadyRole, { takesAway }: ReadyRole, wanted: Wanted): boolean {
  const isOn = ({ subject, action }: ReadyRule): boolean =>
    subject === wanted.subject && action.includes(wanted.action)
  return (
    role.allows.some((rule) => isOn(rule) && areWithin(wanted.conditions, rule.conditions)) &&
    role.takesAway.every(
      (rule) =>
        !isOn(rule) ||
        areApart(wanted.conditions, rule.conditions) ||
        takesAway.some((own) => isOn(own) && areWithin(rule.conditions, own.conditions)),
    )
  )
}

function readyRole(rules: readonly ProjectRule[]): ReadyRole {
  const ready = rules.map(({ subject, action, inverted = false, conditions = {} }) => ({
    subject,
    action,
    inverted,
    conditions: compileConditions(conditions, { whenUnknown: inverted }),
  }))
  return {
    allows: ready.filter(({ inverted }) => !inverted),
    takesAway: ready.filter(({ inverted }) => inverted),
  }
}
