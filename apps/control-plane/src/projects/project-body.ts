import type { Environment, Project } from './project-store.ts'

/** What a project of this kind is worth to clients that know other kinds and older versions. */
const fixed = {
  defaultProduct: null,
  version: 3,
  upgradeStatus: null,
  pitVersionLimit: 10,
  kmsCertificateKeyId: null,
  auditLogsRetentionDays: null,
  secretSharing: false,
  showSnapshotsLegacy: false,
  secretDetectionIgnoreValues: null,
}

export function projectBody({
  project,
  environments,
}: {
  project: Project
  environments: readonly Environment[]
}) {
  const { id, name, description, type, slug, autoCapitalization, hasDeleteProtection } = project
  return {
    id,
    _id: id,
    name,
    description,
    type,
    slug,
    autoCapitalization,
    orgId: project.organizationId,
    createdAt: project.createdAt.toISOString(),
    updatedAt: project.updatedAt.toISOString(),
    hasDeleteProtection,
    ...fixed,
    environments: environments.map((environment) => ({
      id: environment.id,
      name: environment.name,
      slug: environment.slug,
    })),
  }
}

export function environmentBody(environment: Environment) {
  const { id, name, slug, position, projectId, createdAt, updatedAt } = environment
  return {
    id,
    name,
    slug,
    position,
    projectId,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}
