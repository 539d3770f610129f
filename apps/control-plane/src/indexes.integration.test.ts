import { createSecretKey, randomBytes, randomUUID } from 'node:crypto'
import { type CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKeyringStore } from './database/keyring-store.ts'
import type { Schema } from './database/schema.ts'
import { type TestDatabase, createTestDatabase } from './database/test/create-test-database.ts'
import { type PlanNode, partitionIndexes, readPlan } from './database/test/read-plan.ts'
import { openKeyring } from './keyring/keyring.ts'
import { createStores } from './open-stores.ts'

type Stores = ReturnType<typeof createStores>

const [id, hash, soon] = [randomUUID(), randomBytes(32), new Date(Date.now() + 60_000)]
const page = { offset: 0, limit: 20 }
const slug = { id, organizationId: id, slug: 'any', name: '', description: '', permissions: [] }

/**
 * Each index that is neither a key nor what a foreign key's deletions look by, and a call that is slow without it. What has
 * no call here is dead weight on every insert.
 */
const indexes: Record<string, (stores: Stores) => Promise<unknown>> = {
  access_token_uses_by_expiry: ({ accessTokenUses }) => accessTokenUses.deleteExpired(1),
  audit_events_by_time: ({ auditEvents }) => auditEvents.find({ organizationId: id, limit: 20 }),
  audit_events_of_identity: ({ auditEvents }) =>
    auditEvents.find({ organizationId: id, identityId: id, limit: 20 }),
  audit_events_of_project: ({ auditEvents }) =>
    auditEvents.find({ organizationId: id, projectId: id, limit: 20 }),
  audit_events_by_request: ({ auditEvents }) =>
    auditEvents.find({ organizationId: id, requestId: 'any', limit: 20 }),
  client_secrets_by_expiry: ({ clientSecrets }) => clientSecrets.deleteEnded(1),
  client_secrets_by_revocation: ({ clientSecrets }) => clientSecrets.deleteEnded(1),
  gateway_used_token_ids_by_expiry: ({ gatewayCredentials }) =>
    gatewayCredentials.useTokenId({ keyId: 'any', tokenId: 'any', at: new Date(), expiresAt: soon }),
  identities_by_role: ({ organizationRoles }) =>
    organizationRoles.carriersOf({ ...slug, createdAt: soon, updatedAt: soon }),
  member_invitations_by_expiry: ({ invitations }) => invitations.deleteExpired(1),
  organization_members_by_role: ({ organizationRoles }) =>
    organizationRoles.carriersOf({ ...slug, createdAt: soon, updatedAt: soon }),
  password_resets_by_expiry: ({ passwordResets }) => passwordResets.deleteExpired(1),
  revocations_by_expiry: ({ revocations }) => revocations.deleteExpired(1),
  revocations_by_transaction: ({ revocations }) => revocations.readSince('1', AbortSignal.timeout(10_000)),
  universal_auth_lockouts_by_expiry: ({ lockouts }) => lockouts.deleteExpired(1),
  user_sessions_by_expiry: ({ sessions }) => sessions.deleteExpired(1),
  user_sessions_by_use: ({ sessions }) => sessions.deleteExpired(1),
}

/** What a login, a request or a page waits for. */
const reads: Record<string, (stores: Stores) => Promise<unknown>> = {
  'the identity of a login': ({ identities }) => identities.findById(id),
  'its Kubernetes Auth': ({ kubernetesAuths }) => kubernetesAuths.find(id),
  'a client id with its secrets and lockouts': ({ universalLogins }) =>
    universalLogins.findClient({ clientId: id, prefix: 'any', source: '192.0.2.1' }),
  'the last logins': ({ identities }) =>
    identities.recordLastLogins([{ identityId: id, authMethod: 'kubernetes-auth', at: new Date() }]),
  'all revocations, by pages': ({ revocations }) => revocations.readPage(undefined),
  'the key of a gateway': ({ gatewayCredentials }) => gatewayCredentials.findKey('any'),
  'a pool': ({ gatewayPools }) => gatewayPools.find(id, id),
  'the session of a person': ({ sessions }) => sessions.find(hash),
  'the role of a member': ({ members }) => members.roleOfEnabled(id, id),
  'a role of an organization': ({ organizationRoles }) => organizationRoles.findForRights('any', id),
  'a secret': ({ secrets }) => secrets.findByKey(id, 'any'),
  'the secrets of folders': ({ secrets }) => secrets.statesOf([id]),
  'the imports of folders': ({ secretImports }) => secretImports.importsOf([id]),
  'a page of identities': ({ identities }) => identities.list(id, page),
  'a page of members': ({ members }) => members.list(id, page),
  'events that are too old': ({ auditRetention }) => auditRetention.removeOld(365, 1),
}

/** Read from end to end by what runs in the background. */
const small = new Set(['organizations'])

let test: TestDatabase
let pool: pg.Pool
let stores: Stores
const asked: CompiledQuery[] = []
beforeAll(async () => {
  test = await createTestDatabase()
  // Few rows are read faster without an index: what is asked is whether there is one.
  pool = new pg.Pool({ connectionString: test.url, max: 1, options: '-c enable_seqscan=off' })
  const kysely = new Kysely<Schema>({
    dialect: new PostgresDialect({ pool }),
    log: ({ query }) => void asked.push(query),
  })
  const keyring = await openKeyring(createSecretKey(randomBytes(32)), createKeyringStore({ kysely }))
  stores = createStores({ kysely, keyring })
})
afterAll(async () => {
  await pool.end()
  await test.close()
})

/** By which indexes a call's statements look, and which tables they read from end to end. */
async function plansOf(call: (stores: Stores) => Promise<unknown>) {
  asked.length = 0
  await call(stores)
  const { rows: children } = await pool.query<{ child: string; parent: string }>(partitionIndexes)
  const all = { used: [] as string[], whole: [] as string[] }
  for (const { sql, parameters } of asked.filter((query) => statement.test(query.sql))) {
    const explained = await pool.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
      `explain (format json) ${sql}`,
      [...parameters],
    )
    for (const { Plan: plan } of explained.rows.flatMap((row) => row['QUERY PLAN'])) {
      const { used, whole } = readPlan(plan, children)
      all.used.push(...used)
      all.whole.push(...whole)
    }
  }
  return all
}

const statement = /^\s*(?:\/\*.*?\*\/\s*)?(?:select|insert|update|delete|with)\b/i

describe('an index', () => {
  it.each(Object.entries(indexes))('%s is what its query looks by', async (index, call) => {
    const { used, whole } = await plansOf(call)
    expect(used).toContain(index)
    expect(whole).toEqual([])
  })

  it('that is no key, and that no deletion of what a row refers to looks by, has a query', async () => {
    const { rows } = await pool.query<{ name: string }>(`
      select index_class.relname as name
      from pg_index
      join pg_class as index_class on index_class.oid = indexrelid
      join pg_class as table_class on table_class.oid = indrelid
      where table_class.relnamespace = 'public'::regnamespace and not table_class.relispartition
        and not indisunique
        and not exists (
          select from pg_constraint
          where contype = 'f' and conrelid = indrelid and indkey[0] = any (conkey))
      order by 1`)
    expect(rows.map(({ name }) => name).filter((name) => !(name in indexes))).toEqual([])
  })
})

describe('an index is there', () => {
  it.each(Object.entries(reads))('for %s', async (_title, call) => {
    const { used, whole } = await plansOf(call)
    expect(used).not.toEqual([])
    expect(whole.filter((table) => !small.has(table))).toEqual([])
  })
})
