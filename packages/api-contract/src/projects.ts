import { z } from 'zod'
import { optionalQueryText } from './query.ts'
import { pathId, singleLine, timestamp } from './text.ts'

/** Of projects, environments and project roles. */
export const slug = z
  .string()
  .trim()
  .max(64)
  .regex(/^[a-z\d]+(?:[-_][a-z\d]+)*$/, 'Lower-case letters and digits, with single - or _ between them')

/** A slug in a path: what is none names nothing, and so answers 404. */
export const pathSlug = z.string().describe('A slug')

const description = singleLine(1024)
/** The one kind of project that there is. */
const projectType = z.literal('secret-manager')

export const createProjectRequest = z
  .object({
    projectName: singleLine(64).min(1),
    projectDescription: description.nullish(),
    slug: z
      .union([z.literal('').transform(() => undefined), slug])
      .nullish()
      .describe('Unique within the organization; left out, one is made of the name'),
    type: projectType.nullish(),
    organizationSlug: z.string().max(256).nullish().describe('Ignored: it is that of the token'),
    template: z.string().max(256).nullish().describe('Ignored: there are no templates'),
    kmsKeyId: z.string().max(256).nullish().describe('Ignored: keys are the organization’s'),
    shouldCreateDefaultEnvs: z
      .boolean()
      .default(true)
      .describe('Make the environments dev, staging and prod'),
    hasDeleteProtection: z
      .boolean()
      .default(false)
      .describe('Refuse to delete the project until this is off'),
  })
  .describe('A new project; whoever makes it becomes its admin')

export const updateProjectRequest = z.object({
  name: singleLine(64).min(1).optional(),
  slug: z
    .union([z.literal('').transform(() => undefined), slug])
    .optional()
    .describe('Unique within the organization'),
  description: description.nullish(),
  hasDeleteProtection: z.boolean().optional(),
  autoCapitalization: z.boolean().optional(),
})

const environmentInProject = z.object({ id: z.uuid(), name: z.string(), slug: z.string() })

export const project = z.object({
  id: z.uuid(),
  _id: z.uuid().describe('The same as `id`'),
  name: z.string(),
  description: z.string().nullable(),
  type: z.string(),
  defaultProduct: z.string().nullable(),
  slug: z.string(),
  autoCapitalization: z.boolean(),
  orgId: z.uuid(),
  createdAt: timestamp,
  updatedAt: timestamp,
  version: z.int(),
  upgradeStatus: z.null(),
  pitVersionLimit: z.int(),
  kmsCertificateKeyId: z.null(),
  auditLogsRetentionDays: z.int().nullable(),
  hasDeleteProtection: z.boolean(),
  secretSharing: z.boolean(),
  showSnapshotsLegacy: z.boolean(),
  secretDetectionIgnoreValues: z.array(z.string()).nullable(),
  environments: z.array(environmentInProject).describe('By position'),
})

export const projectResponse = z.object({ project })
export const workspaceResponse = z.object({ workspace: project })
/** Clients of this path read either form. */
export const updatedProjectResponse = project.extend({ project })
export const updatedWorkspaceResponse = z.object({ message: z.string(), workspace: project })
/** Clients read one of the three. */
export const deletedProjectResponse = project.extend({ project, workspace: project })
export const listProjectsQuery = z.object({
  type: optionalQueryText(64).describe('`all`, or the type of the projects to list'),
})
export const listProjectsResponse = z.object({ projects: z.array(project) })
export const listWorkspacesResponse = z.object({ workspaces: z.array(project) })

export const projectParams = z.object({ projectId: pathId })
export const projectSlugParams = z.object({ projectSlug: pathSlug })
/** Where clients send sometimes an id and sometimes a slug. */
export const projectIdOrSlugParams = z.object({ project: z.string().describe('A slug, or an id') })

const position = z
  .int()
  .min(1)
  .max(1000)
  .describe('1 is the first; the others make room. Beyond the last is last')

export const createEnvironmentRequest = z.object({
  name: singleLine(64).min(1),
  slug: slug.describe('Unique within the project'),
  position: position.optional(),
})
export const updateEnvironmentRequest = z.object({
  name: singleLine(64).min(1).optional(),
  slug: z.union([z.literal('').transform(() => undefined), slug]).optional(),
  position: z
    .union([z.literal(0).transform(() => undefined), position])
    .optional()
    .describe('0 is as good as absent'),
})
export const environment = z.object({
  id: z.uuid(),
  name: z.string(),
  slug: z.string(),
  position: z.int(),
  projectId: z.uuid(),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export const environmentResponse = z.object({ environment })
export const changedEnvironmentResponse = z.object({
  message: z.string(),
  workspace: z.uuid().describe('Id of the project'),
  environment,
})
export const environmentParams = z.object({ environmentId: pathId })
export const environmentInProjectParams = z.object({ projectId: pathId, environmentId: pathId })
export const environmentSlugParams = z.object({ projectId: pathId, environmentSlug: pathSlug })
