import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { secretResponse } from '@postern/api-contract/secrets'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import {
  type CallOptions,
  type Reply,
  type SecretFeature,
  startSecretFeature,
} from './test/start-secret-feature.ts'

let database: TestDatabase
let feature: SecretFeature
let admin: string

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  feature = await startSecretFeature(database.kysely)
  admin = feature.enter('admin')
  return () => feature.close()
})

const versions = [
  { version: 'v3', path: '/api/v3/secrets/raw', project: 'workspaceId', references: 'include_imports' },
  { version: 'v4', path: '/api/v4/secrets', project: 'projectId', references: 'includeImports' },
] as const

describe.each(versions)('changes of secrets by $version', ({ path, project }) => {
  const place = (change: object = {}) => ({ [project]: feature.project.id, environment: 'dev', ...change })
  const send = (
    method: string,
    name: string,
    change: object = {},
    options: CallOptions = {},
  ): Promise<Reply> => feature.call(method, `${path}/${name}`, { as: admin, body: place(change), ...options })
  const get = (name: string, query: Record<string, string> = {}): Promise<Reply> =>
    feature.call('GET', `${path}/${name}`, {
      as: admin,
      query: { [project]: feature.project.id, environment: 'dev', ...query },
    })

  it.each(['POST', 'PATCH', 'DELETE'])('%s is refused to strangers', async (method) => {
    const reply = await feature.call(method, `${path}/KEY`, { body: place({ secretValue: 'x' }) })
    expect(reply.status).toBe(401)
  })

  it.each(['POST', 'PATCH', 'DELETE'])('%s knows no project of another organization', async (method) => {
    const reply = await send(method, 'KEY', { secretValue: 'x' }, { as: feature.stranger() })
    const unknown = await send(method, 'KEY', { secretValue: 'x', [project]: randomUUID() })
    expect([reply.status, unknown.status]).toEqual([404, 404])
    expect(reply.body.message).toBe(unknown.body.message)
  })

  it.each([
    ['POST', 'create'],
    ['PATCH', 'edit'],
    ['DELETE', 'delete'],
  ])('%s is denied to a viewer, names action and subject, and is written down', async (method, action) => {
    const reply = await send(method, 'KEY', { secretValue: 'canary' }, { as: feature.enter('viewer') })
    expect(reply).toMatchObject({
      status: 403,
      body: { error: 'PermissionDenied', details: { action, subject: 'secrets', environment: 'dev' } },
    })
    expect(feature.audit.events.at(-1)).toMatchObject({
      outcome: 'denied',
      reason: 'permission-denied',
      details: { environment: 'dev', secretPath: '/', secretName: 'KEY' },
    })
    expect(JSON.stringify(feature.audit.events)).not.toContain('canary')
  })

  it.each([
    ['environment', { environment: 'prod' }],
    ['path', { secretPath: '/other' }],
    ['name', {}],
  ])('are denied outside the %s that the role allows', async (what, change) => {
    await feature.createFolder('dev', 'own')
    await feature.createFolder('dev', 'other')
    await feature.createFolder('prod', 'own')
    const as = feature.enter([
      {
        subject: 'secrets',
        action: ['create', 'edit', 'delete', 'read'],
        conditions: { environment: 'dev', secretPath: '/own', secretName: { $glob: 'APP_*' } },
      },
    ])
    const name = what === 'name' ? 'DB_KEY' : 'APP_KEY'
    for (const method of ['POST', 'PATCH', 'DELETE']) {
      const reply = await send(method, name, { secretPath: '/own', secretValue: 'x', ...change }, { as })
      expect(reply.status).toBe(403)
    }
    expect((await send('POST', 'APP_KEY', { secretPath: '/own', secretValue: 'x' }, { as })).status).toBe(200)
  })

  it.each([
    ['a space', 'A%20B'],
    ['a slash', 'A%2FB'],
    ['a question mark', 'A%3FB'],
    ['a percent sign', '100%25'],
    ['a colon', 'A:B'],
    ['a control character', 'A%07'],
    ['NUL', 'A%00'],
    ['256 characters', 'A'.repeat(256)],
  ])('refuse a name with %s', async (_what, name) => {
    // Control characters are refused in any path.
    expect([400, 422]).toContain((await send('POST', name, { secretValue: 'x' })).status)
    await send('POST', 'KEY', { secretValue: 'x' })
    expect((await send('PATCH', 'KEY', { newSecretName: decodeURIComponent(name) })).status).toBe(422)
  })

  it.each([
    ['no value', {}, 422],
    ['a value that is no text', { secretValue: 5 }, 422],
    ['more than 64 KiB', { secretValue: 'ä'.repeat(32 * 1024 + 1) }, 422],
    ['NUL', { secretValue: 'a\0b' }, 422],
    ['half a character', { secretValue: 'a\ud800' }, 422],
    [
      'the same metadata twice',
      {
        secretValue: 'x',
        secretMetadata: [
          { key: 'a', value: '' },
          { key: 'a', value: '' },
        ],
      },
      422,
    ],
    ['metadata without a key', { secretValue: 'x', secretMetadata: [{ key: '', value: 'x' }] }, 422],
    ['a long note', { secretValue: 'x', secretReminderNote: 'x'.repeat(1025) }, 422],
    ['a path that climbs', { secretValue: 'x', secretPath: '/a/../b' }, 422],
    ['no environment', { secretValue: 'x', environment: '' }, 400],
    ['an environment that there is not', { secretValue: 'x', environment: 'test' }, 404],
    ['no project', { secretValue: 'x', [project]: '' }, 400],
    ['a folder that there is not', { secretValue: 'x', secretPath: '/nowhere' }, 404],
    ['a personal override', { secretValue: 'x', type: 'personal' }, 400],
  ])('refuse %s', async (_what, change, status) => {
    const reply = await send('POST', 'KEY', change)
    expect(reply).toMatchObject({ status, body: { reqId: expect.any(String), statusCode: status } })
  })

  it('make a secret, once, and answer with all of it', async () => {
    const change = {
      secretValue: 'hunter2',
      secretComment: 'for the shop',
      secretMetadata: [
        { key: 'team', value: 'payments' },
        { key: 'owner', value: 'ada', isEncrypted: true },
      ],
      skipMultilineEncoding: true,
      secretReminderRepeatDays: 30,
      secretReminderNote: 'rotate',
      tagIds: [],
      unknownKey: true,
    }
    const reply = await send('POST', 'KEY', change)
    expect(reply.status).toBe(200)
    const { secret } = secretResponse.parse(reply.body)
    expect(secret).toMatchObject({
      _id: secret.id,
      workspace: feature.project.id,
      environment: 'dev',
      secretPath: '/',
      version: 1,
      type: 'shared',
      secretKey: 'KEY',
      secretValue: 'hunter2',
      secretValueHidden: false,
      secretComment: 'for the shop',
      secretMetadata: [
        { key: 'team', value: 'payments', isEncrypted: false },
        { key: 'owner', value: 'ada', isEncrypted: true },
      ],
      skipMultilineEncoding: true,
      secretReminderRepeatDays: 30,
      secretReminderNote: 'rotate',
      actor: { actorType: 'identity', name: 'operator' },
    })
    expect((await get('KEY')).body).toEqual(reply.body)
    expect(await send('POST', 'KEY', change)).toMatchObject({ status: 400 })
    expect(feature.audit.events.filter(({ event }) => event === 'secret-created')).toHaveLength(1)
  })

  it.each([
    ['  x y \t', 'x y'],
    ['\n\nx\n\n\n', 'x\n'],
    ['-----BEGIN-----\nabc\n-----END-----\n', '-----BEGIN-----\nabc\n-----END-----\n'],
    ['', ''],
    ['   ', ''],
    ['🔑ключ', '🔑ключ'],
  ])('keep of the value %j: %j', async (given, kept) => {
    expect((await send('POST', 'KEY', { secretValue: given })).body.secret.secretValue).toBe(kept)
    expect((await get('KEY')).body.secret.secretValue).toBe(kept)
  })

  it('keep what a PATCH leaves out, take null away, and count versions', async () => {
    await send('POST', 'KEY', {
      secretValue: 'one',
      secretComment: 'c',
      secretMetadata: [{ key: 'k', value: 'v', isEncrypted: true }],
      secretReminderNote: 'n',
    })
    const renamed = await send('PATCH', 'KEY', { newSecretName: 'KEY2' })
    expect(renamed.body.secret).toMatchObject({
      version: 2,
      secretKey: 'KEY2',
      secretValue: 'one',
      secretComment: 'c',
      secretMetadata: [{ key: 'k', value: 'v', isEncrypted: true }],
    })
    const emptied = await send('PATCH', 'KEY2', {
      secretValue: '',
      secretComment: '',
      secretMetadata: [],
      secretReminderNote: null,
      metadata: { old: 'form' },
    })
    expect(emptied.body.secret).toMatchObject({
      version: 3,
      secretValue: '',
      secretComment: '',
      secretMetadata: [],
      secretReminderNote: null,
    })
    expect((await get('KEY')).status).toBe(404)
    expect((await get('KEY2', { version: '1' })).body.secret).toMatchObject({
      version: 1,
      secretValue: 'one',
    })
  })

  it('refuse a name that is taken, and to change or delete what is not there', async () => {
    await send('POST', 'A', { secretValue: 'x' })
    await send('POST', 'B', { secretValue: 'x' })
    expect((await send('PATCH', 'A', { newSecretName: 'B' })).status).toBe(400)
    expect((await send('PATCH', 'C', { secretValue: 'x' })).status).toBe(404)
    expect((await send('DELETE', 'C')).status).toBe(404)
    expect((await send('DELETE', 'A', { secretPath: '/nowhere' })).status).toBe(404)
  })

  it('delete with a JSON body, and answer with what it was', async () => {
    await send('POST', 'KEY', { secretValue: 'gone' })
    const reply = await send('DELETE', 'KEY', { type: 'shared' })
    expect(reply).toMatchObject({ status: 200, body: { secret: { secretKey: 'KEY', secretValue: 'gone' } } })
    expect((await get('KEY')).status).toBe(404)
    expect(feature.audit.events.at(-1)).toMatchObject({ event: 'secret-deleted', outcome: 'success' })
  })

  it('do not show a value to who may write but not read it', async () => {
    const as = feature.enter([{ subject: 'secrets', action: ['create', 'edit', 'delete', 'read'] }])
    for (const [method, change] of [
      ['POST', { secretValue: 'canary' }],
      ['PATCH', { secretComment: 'c' }],
      ['DELETE', {}],
    ] as const) {
      const { status, body } = await send(method, 'KEY', change, { as })
      expect(status).toBe(200)
      expect(body.secret).toMatchObject({ secretValue: '<hidden-by-postern>', secretValueHidden: true })
    }
  })

  it('give no secret to a reader of other names by a new name', async () => {
    await send('POST', 'DB_KEY', { secretValue: 'canary' })
    const as = feature.enter([
      { subject: 'secrets', action: ['read', 'create', 'edit'] },
      { subject: 'secrets', action: ['read-value'], conditions: { secretName: { $glob: 'APP_*' } } },
    ])
    expect((await send('PATCH', 'DB_KEY', { newSecretName: 'APP_KEY' }, { as })).status).toBe(403)
  })

  it('happen one after the other, each with its own version', async () => {
    await send('POST', 'KEY', { secretValue: '0' })
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, at) => send('PATCH', 'KEY', { secretValue: String(at) })),
    )
    expect(new Set(replies.map(({ body }) => body.secret.version))).toEqual(new Set([2, 3, 4, 5, 6, 7, 8, 9]))
    const created = await Promise.all(
      Array.from({ length: 4 }, () => send('POST', 'NEW', { secretValue: 'x' })),
    )
    expect(created.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
      200, 400, 400, 400,
    ])
  })

  it('are undone where they cannot be written down', async () => {
    await send('POST', 'KEY', { secretValue: 'before' })
    feature.audit.refuse(true)
    expect((await send('PATCH', 'KEY', { secretValue: 'after' })).status).toBe(500)
    expect((await send('POST', 'NEW', { secretValue: 'x' })).status).toBe(500)
    feature.audit.refuse(false)
    expect((await get('KEY')).body.secret).toMatchObject({ secretValue: 'before', version: 1 })
    expect((await get('NEW')).status).toBe(404)
  })
})

describe('secrets', () => {
  it('leave nothing readable in the database, whatever was written of them', async () => {
    const place = { projectId: feature.project.id, environment: 'dev' }
    const canaries = ['canary-value', 'canary-comment', 'canary-hidden', 'canary-second']
    await feature.call('POST', '/api/v4/secrets/KEY', {
      as: admin,
      body: {
        ...place,
        secretValue: canaries[0],
        secretComment: canaries[1],
        secretMetadata: [{ key: 'k', value: canaries[2], isEncrypted: true }],
      },
    })
    await feature.call('PATCH', '/api/v4/secrets/KEY', {
      as: admin,
      body: { ...place, secretValue: canaries[3] },
    })
    const { rows: tables } = await sql<{ name: string }>`
      select tablename as name from pg_tables where schemaname = 'public'`.execute(database.kysely)
    const dump: string[] = []
    for (const { name } of tables) {
      const { rows } = await sql<{ row: string }>`
        select (select string_agg(case when v ~ '^\\\\x' then encode(decode(substr(v, 3), 'hex'), 'escape') else v end, ' ')
          from jsonb_each_text(to_jsonb(t)) as e(k, v)) as row from ${sql.table(name)} t`.execute(
        database.kysely,
      )
      dump.push(...rows.map(({ row }) => row))
    }
    const text = dump.join('\n')
    expect(text).toContain('KEY')
    for (const canary of canaries) {
      expect(text).not.toContain(canary)
      expect(text).not.toContain(Buffer.from(canary).toString('base64').slice(0, 12))
    }
    expect(JSON.stringify(feature.audit.events)).not.toContain('canary')
  })

  it('do not open after their ciphertexts have changed places', async () => {
    await feature.write({}, { A: 'of-a', B: 'of-b' })
    await sql`update secrets a set value_encrypted = b.value_encrypted from secrets b
      where a.key = 'A' and b.key = 'B' and a.project_id = ${feature.project.id} and b.project_id = a.project_id`.execute(
      database.kysely,
    )
    const query = { projectId: feature.project.id, environment: 'dev' }
    const reply = await feature.call('GET', '/api/v4/secrets/A', { as: admin, query })
    expect(reply.status).toBe(500)
    expect(JSON.stringify(reply.body)).not.toContain('of-b')
  })

  it('keep a hundred versions before the present one', async () => {
    const body = { projectId: feature.project.id, environment: 'dev', secretValue: 'v' }
    await feature.call('POST', '/api/v4/secrets/KEY', { as: admin, body })
    let id = ''
    for (let version = 2; version <= 103; version += 1) {
      const { body: changed } = await feature.call('PATCH', '/api/v4/secrets/KEY', {
        as: admin,
        body: { ...body, secretValue: `v${version}` },
      })
      id = changed.secret.id
    }
    const reply = await feature.call('GET', `/api/v1/secret/${id}/secret-versions`, {
      as: admin,
      query: { limit: '2', offset: '99' },
    })
    expect(reply.body.totalCount).toBe(101)
    expect(reply.body.secretVersions.map((one: { version: number }) => one.version)).toEqual([4, 3])
    expect(reply.body.secretVersions[0].secretValue).toBe('v4')
    const query = { projectId: feature.project.id, environment: 'dev', version: '2' }
    expect((await feature.call('GET', '/api/v4/secrets/KEY', { as: admin, query })).status).toBe(404)
  })

  it('are refused where a folder holds enough of them', async () => {
    await feature.write({}, { FIRST: 'x' })
    await sql`insert into secrets (project_id, folder_id, key, version, value_encrypted, changed_by_kind)
      select project_id, folder_id, 'K' || n, 1, value_encrypted, 'system' from secrets, generate_series(1, 1999) n
      where project_id = ${feature.project.id}`.execute(database.kysely)
    const body = { projectId: feature.project.id, environment: 'dev', secretValue: 'x' }
    expect(await feature.call('POST', '/api/v4/secrets/MORE', { as: admin, body })).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('2000') },
    })
    expect((await feature.call('PATCH', '/api/v4/secrets/FIRST', { as: admin, body })).status).toBe(200)
  })

  it.each(['/api/v3/secrets/batch/raw', '/api/v1/projects/x/tags'])(
    'answer 404 in the usual envelope at %s',
    async (path) => {
      const reply = await feature.call('POST', path, { as: admin, body: {} })
      expect(reply).toMatchObject({ status: 404, body: { reqId: expect.any(String), error: 'NotFound' } })
    },
  )

  it('are read with a body on the GET, which some clients send', async () => {
    await feature.write({}, { KEY: 'x' })
    const { hostname, port } = new URL(feature.url)
    const raw =
      `GET /api/v4/secrets?projectId=${feature.project.id}&environment=dev HTTP/1.1\r\nHost: x\r\n` +
      `Authorization: Bearer ${admin}\r\nContent-Type: application/json\r\nContent-Length: 7\r\nConnection: close\r\n\r\n{"a":1}`
    const reply = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write(raw))
      let text = ''
      socket.on('data', (chunk) => (text += chunk.toString()))
      socket.on('end', () => resolve(text))
      socket.on('error', reject)
    })
    expect(reply).toMatch(/^HTTP\/1\.1 200 /)
    expect(reply).toContain('"secretKey":"KEY"')
  })
})
