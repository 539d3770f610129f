import { createSecretKey, randomBytes, randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import { createCommit } from '../../database/commit.ts'
import { createKeyringStore } from '../../database/keyring-store.ts'
import type { Schema } from '../../database/schema.ts'
import { createRecordedAudit, type RecordedAudit } from '../../gateways/test/recorded-audit.ts'
import { ApiError } from '../../http/api-error.ts'
import { startHttpServer } from '../../http/test/start-http-server.ts'
import { type Keyring, openKeyring } from '../../keyring/keyring.ts'
import { openSecrets } from '../../open-secrets.ts'
import type { Actor } from '../../permissions/actor.ts'
import { builtInProjectRole } from '../../permissions/built-in-project-roles.ts'
import { type ProjectRule, projectRightsOf } from '../../permissions/project-rights.ts'
import { identityActor } from '../../permissions/test/actor-fixtures.ts'
import { environmentUnknown, type ProjectAccess, projectUnknown } from '../../projects/project-access.ts'
import type { Environment, Project } from '../../projects/project-store.ts'
import { createFolderStorePostgres } from '../folders/folder-store-postgres.ts'
import { createSecretImportStorePostgres } from '../imports/secret-import-store-postgres.ts'
import { createSecretStorePostgres } from '../secret-store-postgres.ts'

export interface CallOptions {
  /** Whose token is sent: what `enter` returned; a stranger without. */
  as?: string
  query?: Record<string, string>
  body?: unknown
  headers?: Record<string, string>
}

export interface Reply {
  status: number
  headers: Headers
  /** What a test reads of a reply is checked by its own expectations. */
  // oxlint-disable-next-line no-explicit-any
  body: any
}

export interface SecretFeature {
  url: string
  audit: RecordedAudit
  keyring: Keyring
  organizationId: string
  project: Project
  /** The environments are dev, staging and prod. */
  environment(slug: string): Environment
  /** A machine of the organization with such a project role. @returns its token */
  enter(role: string | readonly ProjectRule[]): string
  /** A machine of another organization. */
  stranger(): string
  call(method: string, path: string, options?: CallOptions): Promise<Reply>
  createFolder(environment: string, ...path: string[]): Promise<string>
  importInto(
    from: { environment: string; path: string },
    into: { environment: string; path: string[] },
  ): Promise<void>
  /** As admin, by v4. */
  write(place: { environment?: string; path?: string }, values: Record<string, string>): Promise<void>
  close(): Promise<void>
}

/** Several features may stand on one database. */
const rootKey = createSecretKey(randomBytes(32))

/** The feature as app.ts joins it, on the given database, with a project whose members are what the test says. */
export async function startSecretFeature(database: Kysely<Schema>): Promise<SecretFeature> {
  const keyring = await openKeyring(rootKey, createKeyringStore({ kysely: database }))
  const { organizationId, project, environments } = await createProject(database, keyring)
  const audit = createRecordedAudit()
  const entrants = new Map<string, { actor: Actor; rules: readonly ProjectRule[]; role: string }>()
  const environment = (slug: string): Environment => {
    const found = environments.find((one) => one.slug === slug)
    if (found === undefined) throw environmentUnknown(slug)
    return found
  }
  const enterIfMember: ProjectAccess['enterIfMember'] = (actor, { projectId, projectSlug }) => {
    const entrant = [...entrants.values()].find((one) => one.actor === actor)
    const isIt = projectId === undefined ? projectSlug === project.slug : projectId === project.id
    if (entrant === undefined || !isIt || actor.organizationId !== organizationId) {
      return Promise.resolve(undefined)
    }
    const rights = projectRightsOf([{ slug: entrant.role, rules: entrant.rules }])
    return Promise.resolve({ project, rights, environments, environment })
  }
  const access: ProjectAccess = {
    enterIfMember,
    enter: async (actor, named) => {
      const entered = await enterIfMember(actor, named)
      if (entered === undefined) throw projectUnknown()
      return entered
    },
    enterAll: () => Promise.resolve([]),
    forget: () => undefined,
  }
  const storesOf = (kysely: Kysely<Schema>) => ({
    secrets: createSecretStorePostgres(kysely),
    folders: createFolderStorePostgres(kysely),
    secretImports: createSecretImportStorePostgres(kysely),
  })
  const stores = storesOf(database)
  const server = await startHttpServer((routes) =>
    openSecrets(routes, {
      authenticate: (request) => {
        const entrant = entrants.get(request.headers.authorization?.replace('Bearer ', '') ?? '')
        if (entrant !== undefined) return Promise.resolve(entrant.actor)
        return Promise.reject(new ApiError('Unauthorized', 'Who are you?'))
      },
      access,
      stores,
      keyring,
      commit: createCommit(database, (transaction) => ({
        ...storesOf(transaction),
        secretKeyring: keyring.readingFrom(createKeyringStore({ kysely: transaction })),
        audit,
      })),
      auditLog: audit,
      now: () => new Date(),
      elapsed: () => performance.now(),
    }),
  )

  const enterAs = (role: string, rules: readonly ProjectRule[], ofOrganization: string): string => {
    const token = randomUUID()
    entrants.set(token, { actor: identityActor({ organizationId: ofOrganization }), rules, role })
    return token
  }
  const enter = (role: string | readonly ProjectRule[]): string =>
    typeof role === 'string'
      ? enterAs(role, builtInProjectRole(role)?.rules ?? [], organizationId)
      : enterAs('custom', role, organizationId)
  const admin = enter('admin')
  const call: SecretFeature['call'] = (method, path, options) => callUrl(server.url, method, path, options)

  return {
    url: server.url,
    audit,
    keyring,
    organizationId,
    project,
    environment,
    enter,
    stranger: () => enterAs('admin', builtInProjectRole('admin')?.rules ?? [], randomUUID()),
    call,
    createFolder: async (slug, ...path) => {
      const root = await stores.folders.ensureRoot(environment(slug).id)
      let parentId = root?.id ?? ''
      for (const [index, name] of path.entries()) {
        const place = { environmentId: environment(slug).id, path: path.slice(0, index + 1) }
        const { id } =
          (await stores.folders.findFolder(place)) ??
          (await stores.folders.create({
            projectId: project.id,
            environmentId: place.environmentId,
            parentId,
            name,
            description: null,
          }))
        parentId = id
      }
      return parentId
    },
    importInto: async (from, { environment: slug, path }) => {
      const folder = await stores.folders.findFolder({ environmentId: environment(slug).id, path })
      await stores.secretImports.create({
        projectId: project.id,
        folderId: folder?.id ?? '',
        importedEnvironmentId: environment(from.environment).id,
        importedPath: from.path,
        isReplication: false,
      })
    },
    write: async ({ environment: slug = 'dev', path: secretPath = '/' }, values) => {
      for (const [name, secretValue] of Object.entries(values)) {
        const body = { projectId: project.id, environment: slug, secretPath, secretValue }
        const reply = await call('POST', `/api/v4/secrets/${name}`, { as: admin, body })
        if (reply.status !== 200) throw new Error(`not written: ${JSON.stringify(reply.body)}`)
      }
    },
    close: () => server.close(),
  }
}

async function createProject(
  database: Kysely<Schema>,
  keyring: Keyring,
): Promise<{ organizationId: string; project: Project; environments: readonly Environment[] }> {
  const slug = randomUUID()
  const { id: organizationId } = await database
    .insertInto('organizations')
    .values({ name: 'Acme', slug, wrapped_key: keyring.createOrganizationKey() })
    .returning('id')
    .executeTakeFirstOrThrow()
  const row = await database
    .insertInto('projects')
    .values({ organization_id: organizationId, name: 'Shop', slug, type: 'secret-manager' })
    .returningAll()
    .executeTakeFirstOrThrow()
  const rows = await database
    .insertInto('project_environments')
    .values(
      ['dev', 'staging', 'prod'].map((one, index) => ({
        project_id: row.id,
        name: one,
        slug: one,
        position: index + 1,
      })),
    )
    .returningAll()
    .execute()
  return {
    organizationId,
    project: {
      id: row.id,
      organizationId,
      name: row.name,
      slug: row.slug,
      description: null,
      type: row.type,
      hasDeleteProtection: false,
      autoCapitalization: false,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    },
    environments: rows.map((one) => ({
      id: one.id,
      projectId: row.id,
      name: one.name,
      slug: one.slug,
      position: one.position,
      createdAt: one.created_at,
      updatedAt: one.updated_at,
    })),
  }
}

async function callUrl(
  url: string,
  method: string,
  path: string,
  { as, query, body, headers = {} }: CallOptions = {},
): Promise<Reply> {
  const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`
  const reply = await fetch(`${url}${path}${search}`, {
    method,
    headers: {
      ...(as !== undefined && { authorization: `Bearer ${as}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await reply.text()
  return { status: reply.status, headers: reply.headers, body: text === '' ? undefined : JSON.parse(text) }
}
