import { listSecretsResponse } from '@postern/api-contract/secrets'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import type { ProjectRule } from '../permissions/project-rights.ts'
import { type Reply, type SecretFeature, startSecretFeature } from './test/start-secret-feature.ts'

let database: TestDatabase
let feature: SecretFeature
let admin: string
let reader: string

const mayRead: ProjectRule = { subject: 'secrets', action: ['read', 'read-value'] }

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  feature = await startSecretFeature(database.kysely)
  admin = feature.enter('admin')
  reader = feature.enter([mayRead])
  for (const path of [['app'], ['app', 'db'], ['one'], ['two']]) await feature.createFolder('dev', ...path)
  await feature.write({ path: '/app' }, { KEY: 'value', REF: '${staging.FAR}-${dev.app.db.NEAR}' })
  await feature.write({ path: '/app/db' }, { NEAR: 'near' })
  await feature.write({ environment: 'staging' }, { FAR: 'far' })
  await feature.write({ path: '/one' }, { IMPORTED: 'one' })
  await feature.write({ path: '/two' }, { IMPORTED: 'two' })
  const into = { environment: 'dev', path: ['app'] }
  for (const path of ['/one', '/two', '/later']) await feature.importInto({ environment: 'dev', path }, into)
  return () => feature.close()
})

function listAs(as: string, query: Record<string, string> = {}): Promise<Reply> {
  const place = { projectId: feature.project.id, environment: 'dev', secretPath: '/app' }
  return feature.call('GET', '/api/v4/secrets', { as, query: { ...place, recursive: 'true', ...query } })
}

/** Somebody with the same rights for whom nothing was kept: a rule that there was not before, and that adds nothing. */
let strangers = 0
function freshReader(): string {
  strangers += 1
  return feature.enter([mayRead, { ...mayRead, conditions: { secretName: `NOTHING_${strangers}` } }])
}

async function change(method: string, path: string, body: Record<string, unknown>): Promise<void> {
  const place = { projectId: feature.project.id, workspaceId: feature.project.id, environment: 'dev' }
  const reply = await feature.call(method, path, { as: admin, body: { ...place, ...body } })
  if (reply.status !== 200) throw new Error(JSON.stringify(reply.body))
}

async function importId(position: number): Promise<string> {
  const rows = await database.kysely
    .selectFrom('secret_imports')
    .select('id')
    .where('project_id', '=', feature.project.id)
    .where('position', '=', position)
    .execute()
  return rows[0]?.id ?? ''
}

const secretPath = '/app'
const changes: [string, () => Promise<void>][] = [
  ['a value is written', () => change('PATCH', '/api/v4/secrets/KEY', { secretPath, secretValue: 'other' })],
  ['a comment is', () => change('PATCH', '/api/v4/secrets/KEY', { secretPath, secretComment: 'why' })],
  ['a secret comes', () => feature.write({ path: secretPath }, { NEW: 'new' })],
  ['a secret goes', () => change('DELETE', '/api/v4/secrets/KEY', { secretPath })],
  [
    'a secret gets another name',
    () => change('PATCH', '/api/v4/secrets/KEY', { secretPath, newSecretName: 'KEY_2' }),
  ],
  [
    'a secret that is referred to changes',
    () => change('PATCH', '/api/v4/secrets/FAR', { environment: 'staging', secretValue: 'x' }),
  ],
  [
    'a secret that is referred to goes',
    () => change('DELETE', '/api/v4/secrets/NEAR', { secretPath: '/app/db' }),
  ],
  ['a folder below comes', () => change('POST', '/api/v1/folders', { path: '/app', name: 'x' })],
  [
    'a folder below gets another name',
    () => change('PATCH', '/api/v1/folders/db', { path: '/app', name: 'base' }),
  ],
  ['a folder below goes', () => change('DELETE', '/api/v1/folders/db', { path: '/app', forceDelete: true })],
  [
    'an imported secret changes',
    () => change('PATCH', '/api/v4/secrets/IMPORTED', { secretPath: '/one', secretValue: 'x' }),
  ],
  ['an imported folder gets another name', () => change('PATCH', '/api/v1/folders/one', { name: 'uno' })],
  [
    'what is imported comes to be',
    () =>
      feature.createFolder('dev', 'later').then(() => feature.write({ path: '/later' }, { LATE: 'late' })),
  ],
  [
    'an import goes',
    async () => change('DELETE', `/api/v1/secret-imports/${await importId(1)}`, { path: '/app' }),
  ],
  [
    'imports change places',
    async () =>
      change('PATCH', `/api/v1/secret-imports/${await importId(1)}`, {
        path: '/app',
        import: { position: 2 },
      }),
  ],
]

describe('lists that were asked for before', () => {
  it.each(changes)('are as new when %s', async (_what, make) => {
    const before = await listAs(reader)
    expect((await listAs(reader)).headers.get('etag')).toBe(before.headers.get('etag'))
    await make()
    const [after, fresh] = [await listAs(reader), await listAs(freshReader())]
    expect(after.body).toEqual(fresh.body)
    expect(after.headers.get('etag')).toBe(fresh.headers.get('etag'))
    expect(await listAs(reader)).toMatchObject({ status: 200, body: fresh.body })
  })

  it('are told apart by each option, by the place, and by the rights of who asks', async () => {
    const hides = feature.enter([{ subject: 'secrets', action: ['read'] }])
    const some = feature.enter([
      mayRead,
      { subject: 'secrets', action: ['read'], inverted: true, conditions: { secretName: 'KEY' } },
    ])
    const asked: [string, Record<string, string>][] = [
      [reader, {}],
      [reader, { recursive: 'false' }],
      [reader, { includeImports: 'false' }],
      [reader, { expandSecretReferences: 'false' }],
      [reader, { viewSecretValue: 'false' }],
      [reader, { metadataFilter: 'key=team' }],
      [reader, { tagSlugs: 'one' }],
      [reader, { secretPath: '/app/db' }],
      [reader, { environment: 'staging', secretPath: '/' }],
      [hides, {}],
      [some, {}],
    ]
    const first = []
    for (const [as, query] of asked) first.push((await listAs(as, query)).body)
    const again = []
    for (const [as, query] of asked) again.push((await listAs(as, query)).body)
    expect(again).toEqual(first)
    // Hiding all values is the same for whoever asks for it and for whoever may not have them.
    expect(new Set(first.map((body) => JSON.stringify(body))).size).toBe(asked.length - 1)
    expect((await listAs(feature.enter('no-access'))).status).toBe(403)
    expect((await listAs(feature.stranger())).status).toBe(404)
  })

  it('hold no field that is not declared, whether new or asked for before', async () => {
    for (let time = 0; time < 2; time += 1) {
      const { body } = await listAs(reader)
      expect(body).toEqual(listSecretsResponse.parse(body))
      expect(body.imports).toHaveLength(2)
    }
  })

  it('answer 304 with nothing to whoever has them, and are JSON of their length to others', async () => {
    const { headers } = await listAs(reader)
    const query = { projectId: feature.project.id, environment: 'dev', secretPath, recursive: 'true' }
    const url = `${feature.url}/api/v4/secrets?${new URLSearchParams(query).toString()}`
    const authorization = `Bearer ${reader}`
    const same = await fetch(url, {
      headers: { authorization, 'if-none-match': headers.get('etag') ?? '' },
    })
    expect([same.status, await same.text(), same.headers.get('content-type')]).toEqual([304, '', null])
    const other = await fetch(url, { headers: { authorization, 'if-none-match': '"other"' } })
    expect(other.headers.get('content-type')).toBe('application/json; charset=utf-8')
    const bytes = await other.arrayBuffer()
    expect([other.status, other.headers.get('content-length')]).toEqual([200, String(bytes.byteLength)])
  })
})
