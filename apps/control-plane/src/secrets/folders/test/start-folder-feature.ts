import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import { createCommit } from '../../../database/commit.ts'
import type { Schema } from '../../../database/schema.ts'
import { createRecordedAudit, type RecordedAudit } from '../../../gateways/test/recorded-audit.ts'
import { createOrganization } from '../../../gateways/test/gateway-fixtures.ts'
import { ApiError } from '../../../http/api-error.ts'
import { startHttpServer } from '../../../http/test/start-http-server.ts'
import { openFolders } from '../../../open-folders.ts'
import { builtInProjectRole } from '../../../permissions/built-in-project-roles.ts'
import type { ProjectRule } from '../../../permissions/project-rights.ts'
import { identityActor } from '../../../permissions/test/actor-fixtures.ts'
import { createProjectAccess } from '../../../projects/project-access.ts'
import type { Environment, HeldRole, Project } from '../../../projects/project-store.ts'
import { createSecretImportStorePostgres } from '../../imports/secret-import-store-postgres.ts'
import { createFolderStorePostgres } from '../folder-store-postgres.ts'

export interface Reply {
  status: number
  // What a test reads of a reply is checked by its own expectations.
  body: Record<string, unknown>
}

export interface FolderFeature {
  audit: RecordedAudit
  projectId: string
  /** `dev` and `prod`, by slug. */
  environments: Readonly<Record<'dev' | 'prod', string>>
  /** @param as a built-in project role, a name of `roles`, or `elsewhere`: of another organization */
  call(method: string, path: string, options?: { as?: string; body?: unknown }): Promise<Reply>
  putSecret(folderId: string, key: string): Promise<void>
  close(): Promise<void>
}

/** Folders and imports on a real database, for one project whose members hold the given roles of their own. */
export async function startFolderFeature(
  database: Kysely<Schema>,
  roles: Readonly<Record<string, readonly ProjectRule[]>> = {},
): Promise<FolderFeature> {
  const organizationId = await createOrganization(database)
  const { project, environments } = await createProject(database, organizationId)
  const actors = new Map<string, ReturnType<typeof identityActor>>()
  const roleOf = new Map<string, string>()
  function actorOf(name: string) {
    const known = actors.get(name)
    if (known !== undefined) return known
    const actor = identityActor({
      role: 'no-access',
      ...(name !== 'elsewhere' && { organizationId }),
    })
    actors.set(name, actor)
    roleOf.set(actor.identityId, name)
    return actor
  }
  const access = createProjectAccess({
    store: {
      findSnapshot: (organization, key, member) => {
        const isHere =
          organization === organizationId && ('id' in key ? key.id === project.id : key.slug === project.slug)
        if (!isHere || member.kind !== 'identity') return Promise.resolve(undefined)
        const heldRoles = heldBy(roleOf.get(member.identityId) ?? '', roles)
        return Promise.resolve({ project, environments, heldRoles })
      },
      listSnapshots: () => Promise.resolve([]),
    },
    now: () => new Date(),
    elapsedMs: () => performance.now(),
  })
  const storesOf = (kysely: Kysely<Schema>) => ({
    folders: createFolderStorePostgres(kysely),
    secretImports: createSecretImportStorePostgres(kysely),
  })
  const audit = createRecordedAudit()
  const server = await startHttpServer((routes) =>
    openFolders(routes, {
      authenticate: async ({ headers: { authorization } }) => {
        if (authorization === undefined) throw new ApiError('Unauthorized', 'Send an access token')
        return actorOf(authorization.slice('Bearer '.length))
      },
      access,
      stores: storesOf(database),
      commit: createCommit(database, (transaction) => ({ ...storesOf(transaction), audit })),
      auditLog: audit,
      now: () => new Date(),
    }),
  )
  const idOf = (slug: string): string => environments.find((one) => one.slug === slug)?.id ?? ''
  return {
    audit,
    projectId: project.id,
    environments: { dev: idOf('dev'), prod: idOf('prod') },
    call: async (method, path, { as, body } = {}) => {
      const reply = await fetch(server.url + path, {
        method,
        headers: {
          ...(as !== undefined && { authorization: `Bearer ${as}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      return { status: reply.status, body: (await reply.json()) as Record<string, unknown> }
    },
    putSecret: async (folderId, key) => {
      await database
        .insertInto('secrets')
        .values({
          project_id: project.id,
          folder_id: folderId,
          key,
          version: 1,
          value_encrypted: Buffer.alloc(0),
          metadata: '[]',
          changed_by_kind: 'identity',
        })
        .execute()
    },
    close: () => server.close(),
  }
}

function heldBy(
  name: string,
  roles: Readonly<Record<string, readonly ProjectRule[]>>,
): readonly HeldRole[] | undefined {
  const rules = roles[name]
  if (rules !== undefined) return [{ slug: name, rules, time: null }]
  return builtInProjectRole(name) === undefined ? undefined : [{ slug: name, rules: null, time: null }]
}

async function createProject(
  database: Kysely<Schema>,
  organizationId: string,
): Promise<{ project: Project; environments: Environment[] }> {
  const slug = `project-${randomUUID()}`
  const { id } = await database
    .insertInto('projects')
    .values({ organization_id: organizationId, name: 'Payments', slug, type: 'secret-manager' })
    .returning('id')
    .executeTakeFirstOrThrow()
  const times = { createdAt: new Date(), updatedAt: new Date() }
  const environments: Environment[] = []
  for (const [index, environment] of ['dev', 'prod'].entries()) {
    const position = index + 1
    const row = await database
      .insertInto('project_environments')
      .values({ project_id: id, name: environment, slug: environment, position })
      .returning('id')
      .executeTakeFirstOrThrow()
    environments.push({
      id: row.id,
      projectId: id,
      name: environment,
      slug: environment,
      position,
      ...times,
    })
  }
  const project: Project = {
    id,
    organizationId,
    name: 'Payments',
    slug,
    description: null,
    type: 'secret-manager',
    hasDeleteProtection: false,
    autoCapitalization: false,
    ...times,
  }
  return { project, environments }
}
