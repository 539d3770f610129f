import { z } from 'zod'

/**
 * What can be done in an organization, subject by subject: the one list that rules, checks and refusals speak of.
 * `edit-auth`: change how an identity logs in, and see what is secret about it. `revoke`: end tokens and credentials.
 * `attach`: let an identity or a gateway use it. `administer`: every right in every project of the organization.
 */
export const organizationActions = {
  identities: ['read', 'create', 'edit', 'delete', 'edit-auth', 'revoke'],
  gateways: ['read', 'create', 'edit', 'delete', 'attach', 'revoke'],
  'gateway-pools': ['read', 'create', 'edit', 'delete', 'attach'],
  roles: ['read', 'create', 'edit', 'delete'],
  projects: ['read', 'create', 'administer'],
  members: ['read', 'create', 'edit', 'delete'],
  'audit-log': ['read'],
  organization: ['read', 'edit'],
  'signing-keys': ['read', 'create'],
} as const

/** What can be done in a project. `read-value`: see what a secret holds; `read` alone shows its name and metadata. */
export const projectActions = {
  secrets: ['read', 'read-value', 'create', 'edit', 'delete'],
  folders: ['read', 'create', 'edit', 'delete'],
  imports: ['read', 'create', 'edit', 'delete'],
  environments: ['read', 'create', 'edit', 'delete'],
  members: ['read', 'create', 'edit', 'delete'],
  identities: ['read', 'create', 'edit', 'delete'],
  roles: ['read', 'create', 'edit', 'delete'],
  project: ['read', 'edit', 'delete'],
} as const

/** Dropping what narrows a rule would widen it: it is refused instead. */
const inverted = z.boolean().nullish().describe('True: takes away from what the same role allows')
const notInverted = z.literal(false).nullish().describe('Rules here only allow')
const unconditional = z.strictObject({}).nullish().describe('Rules on this subject know no conditions')

function actionOf<Actions extends readonly [string, ...string[]]>(actions: Actions) {
  const problem = `One or a list of: ${actions.join(', ')}`
  const one = z.enum(actions)
  return z
    .union([one, z.array(one).min(1, problem).max(actions.length)], { error: problem })
    .describe(problem)
}

function organizationPermissionOn<Subject extends keyof typeof organizationActions>(subject: Subject) {
  return z.object({
    subject: z.literal(subject),
    action: actionOf(organizationActions[subject]),
    inverted: notInverted,
    conditions: unconditional,
  })
}

const oneOfSubjects = (subjects: object) => `The subjects are: ${Object.keys(subjects).join(', ')}`

/** One rule of a custom organization role. */
export const organizationPermission = z.discriminatedUnion(
  'subject',
  [
    organizationPermissionOn('identities'),
    organizationPermissionOn('gateways'),
    organizationPermissionOn('gateway-pools'),
    organizationPermissionOn('roles'),
    organizationPermissionOn('projects'),
    organizationPermissionOn('members'),
    organizationPermissionOn('audit-log'),
    organizationPermissionOn('organization'),
    organizationPermissionOn('signing-keys'),
  ],
  { error: oneOfSubjects(organizationActions) },
)
export const organizationPermissions = z.array(organizationPermission).max(100)

/** `**` stands for a whole part of a path: whoever writes `a**b` or `{a,b}` means something that is not so. */
const pathGlob = z
  .string()
  .min(1)
  .max(1024)
  .regex(
    /^\/?(?:(?:\*\*|(?:[\w?-]|\*(?!\*))+)(?:\/(?:\*\*|(?:[\w?-]|\*(?!\*))+))*\/?)?$/,
    'A path of letters, digits, "-", "_", "/", with `*` (within a part), `?`, and `**` as a part of its own',
  )
const nameGlob = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\p{Cc}!{}()[\]\\]*$/u, 'Only `*` and `?` are wildcards')

const matchOf = (text: z.ZodString, glob: z.ZodString) =>
  z.union(
    [
      text,
      z
        .strictObject({
          $eq: text.optional(),
          $ne: text.optional(),
          $in: z.array(text).min(1).max(100).optional(),
          $glob: glob.optional(),
        })
        .refine((match) => Object.keys(match).length > 0, 'Name at least one of $eq, $ne, $in, $glob'),
    ],
    { error: 'A text, or an object of $eq, $ne, $in and $glob, all of which must hold' },
  )

const plainText = (charactersMax: number) =>
  z
    .string()
    .min(1)
    .max(charactersMax)
    .regex(/^\P{Cc}*$/u, 'Control characters are not allowed')

const environment = matchOf(plainText(64), nameGlob).optional().describe('Slug of the environment')
const secretPath = matchOf(plainText(1024), pathGlob)
  .optional()
  .describe('Folder, such as `/app` or `/app/**`')
const secretName = matchOf(plainText(255), nameGlob).optional()

const atSecret = z.strictObject({ environment, secretPath, secretName }).nullish()
const atFolder = z.strictObject({ environment, secretPath }).nullish()

function projectPermissionOn<
  Subject extends keyof typeof projectActions,
  Conditions extends z.ZodType = typeof unconditional,
>(subject: Subject, conditions: Conditions) {
  return z.object({
    subject: z.literal(subject),
    action: actionOf(projectActions[subject]),
    inverted,
    conditions,
  })
}

/** One rule of a custom project role. */
export const projectPermission = z.discriminatedUnion(
  'subject',
  [
    projectPermissionOn('secrets', atSecret),
    projectPermissionOn('folders', atFolder),
    projectPermissionOn('imports', atFolder),
    projectPermissionOn('environments', unconditional),
    projectPermissionOn('members', unconditional),
    projectPermissionOn('identities', unconditional),
    projectPermissionOn('roles', unconditional),
    projectPermissionOn('project', unconditional),
  ],
  { error: oneOfSubjects(projectActions) },
)
export const projectPermissions = z.array(projectPermission).max(200)

export type OrganizationPermission = z.output<typeof organizationPermission>
export type ProjectPermission = z.output<typeof projectPermission>

export type OrganizationSubject = keyof typeof organizationActions
export type OrganizationAction = (typeof organizationActions)[OrganizationSubject][number]
