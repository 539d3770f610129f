import { randomUUID } from 'node:crypto'
import { listSecretsResponse, secretResponse } from '@postern/api-contract/secrets'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import type { ProjectRule } from '../permissions/project-rights.ts'
import { type Reply, type SecretFeature, startSecretFeature } from './test/start-secret-feature.ts'

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

type Query = Record<string, string>

async function list(version: 'v3' | 'v4', query: Query = {}, as = admin): Promise<Reply> {
  const path = version === 'v3' ? '/api/v3/secrets/raw' : '/api/v4/secrets'
  const project = version === 'v3' ? 'workspaceId' : 'projectId'
  return feature.call('GET', path, {
    as,
    query: { [project]: feature.project.id, environment: 'dev', ...query },
  })
}

async function get(version: 'v3' | 'v4', name: string, query: Query = {}, as = admin): Promise<Reply> {
  const path = version === 'v3' ? '/api/v3/secrets/raw' : '/api/v4/secrets'
  return feature.call('GET', `${path}/${name}`, {
    as,
    query: { projectId: feature.project.id, environment: 'dev', ...query },
  })
}

/** As pairs of name and value, in order. */
function valuesOf({ status, body }: Reply): Record<string, string> {
  expect(status).toBe(200)
  const { secrets } = listSecretsResponse.parse(body)
  return Object.fromEntries(secrets.map(({ secretKey, secretValue }) => [secretKey, secretValue]))
}

function importsOf({ body }: Reply): unknown[] {
  return (listSecretsResponse.parse(body).imports ?? []).map(({ environment, secretPath, secrets }) => [
    environment,
    secretPath,
    Object.fromEntries(secrets.map(({ secretKey, secretValue }) => [secretKey, secretValue])),
  ])
}

const rule = (action: string[], conditions?: ProjectRule['conditions']): ProjectRule => ({
  subject: 'secrets',
  action,
  conditions,
})

describe.each(['v3', 'v4'] as const)('lists of secrets by %s', (version) => {
  it('are refused to strangers, and to another organization in the words for what does not exist', async () => {
    expect((await feature.call('GET', '/api/v4/secrets')).status).toBe(401)
    const [foreign, unknown] = await Promise.all([
      list(version, {}, feature.stranger()),
      list(version, { projectId: randomUUID(), workspaceId: randomUUID() }),
    ])
    expect([foreign.status, unknown.status]).toEqual([404, 404])
    expect(foreign.body.message).toBe(unknown.body.message)
  })

  it('are denied where nothing could be read, and name action, subject and place', async () => {
    await feature.write({ environment: 'prod' }, { KEY: 'canary' })
    const as = feature.enter([rule(['read', 'read-value'], { environment: 'dev' })])
    expect(await list(version, { environment: 'prod' }, as)).toMatchObject({
      status: 403,
      body: { details: { action: 'read', subject: 'secrets', environment: 'prod' } },
    })
    for (const recursive of ['true', 'false']) {
      expect((await list(version, { recursive }, feature.enter('no-access'))).status).toBe(403)
    }
  })

  it('leave out what the rules do not allow, by name and by path', async () => {
    await feature.createFolder('dev', 'app')
    await feature.createFolder('dev', 'other')
    await feature.write({}, { APP_A: '1', DB_B: '2' })
    await feature.write({ path: '/app' }, { C: '3' })
    await feature.write({ path: '/other' }, { D: '4' })
    const byName = feature.enter([rule(['read', 'read-value'], { secretName: { $glob: 'APP_*' } })])
    expect(valuesOf(await list(version, {}, byName))).toEqual({ APP_A: '1' })
    const byPath = feature.enter([rule(['read', 'read-value'], { secretPath: { $glob: '/app/**' } })])
    expect(
      valuesOf(
        await list(
          version,
          { secretPath: '/app' },
          feature.enter([rule(['read', 'read-value'], { secretPath: '/app' })]),
        ),
      ),
    ).toEqual({ C: '3' })
    expect((await list(version, { secretPath: '/other' }, byPath)).status).toBe(403)
    const recursive = feature.enter([
      rule(['read', 'read-value'], { secretPath: { $in: ['/', '/app'] } }),
      { subject: 'secrets', action: ['read'], inverted: true, conditions: { secretName: 'DB_B' } },
    ])
    expect(valuesOf(await list(version, { recursive: 'true' }, recursive))).toEqual({ APP_A: '1', C: '3' })
  })

  it('hide the values that may not be read', async () => {
    await feature.write({}, { A: 'canary', B: 'shown' })
    const as = feature.enter([rule(['read']), rule(['read-value'], { secretName: 'B' })])
    const reply = await list(version, {}, as)
    expect(valuesOf(reply)).toEqual({ A: '<hidden-by-postern>', B: 'shown' })
    expect(reply.body.secrets[0].secretValueHidden).toBe(true)
    expect(JSON.stringify(reply.body)).not.toContain('canary')
    expect(valuesOf(await list(version, { viewSecretValue: 'false' }))).toEqual({
      A: '<hidden-by-postern>',
      B: '<hidden-by-postern>',
    })
  })

  it.each([
    ['recursive', 'yes'],
    ['recursive', '1'],
    ['viewSecretValue', 'TRUE'],
    ['expandSecretReferences', 'on'],
    ['metadataFilter', 'team'],
    ['metadataFilter', 'key=a,b=c'],
    ['secretPath', '/a b'],
    ['secretPath', '/../etc'],
  ])('refuse %s=%s', async (name, value) => {
    expect((await list(version, { [name]: value })).status).toBe(422)
  })

  it('take an empty parameter as an absent one, and say what is missing', async () => {
    await feature.write({}, { KEY: 'x' })
    const { id, slug } = feature.project
    for (const query of [
      { workspaceId: id, workspaceSlug: '', projectId: '', secretPath: '', tagSlugs: '', recursive: '' },
      { workspaceId: '', workspaceSlug: slug, projectId: '' },
    ]) {
      expect(valuesOf(await list(version, query))).toEqual({ KEY: 'x' })
    }
    for (const query of [{ workspaceId: '', projectId: '' }, { environment: '' }]) {
      const reply = await list(version, query)
      expect(reply).toMatchObject({ status: 400, body: { error: 'BadRequest', message: expect.any(String) } })
    }
    expect((await list(version, { environment: 'test' })).status).toBe(404)
  })

  it('are empty where there is no such folder', async () => {
    expect(valuesOf(await list(version, { secretPath: '/nowhere' }))).toEqual({})
    expect(valuesOf(await list(version))).toEqual({})
  })

  it('go twenty folders deep with recursive, and name each place', async () => {
    const deep = Array.from({ length: 20 }, (_, at) => `f${at}`)
    await feature.createFolder('dev', ...deep)
    await feature.write({}, { TOP: '1' })
    await feature.write({ path: `/${deep.join('/')}` }, { DEEP: '2' })
    const reply = await list(version, { recursive: 'true' })
    expect(valuesOf(reply)).toEqual({ TOP: '1', DEEP: '2' })
    expect(reply.body.secrets.map((one: { secretPath: string }) => one.secretPath)).toEqual([
      '/',
      `/${deep.join('/')}`,
    ])
    expect(valuesOf(await list(version))).toEqual({ TOP: '1' })
  })

  it('filter by metadata, the encrypted too, and find nothing by tags', async () => {
    const body = { projectId: feature.project.id, environment: 'dev', secretValue: 'x' }
    const metadata = {
      A: [['team', 'pay', false]],
      B: [
        ['team', 'pay', true],
        ['tier', 'x,y', false],
      ],
      C: [],
    }
    for (const [name, entries] of Object.entries(metadata)) {
      const secretMetadata = entries.map(([key, value, isEncrypted]) => ({ key, value, isEncrypted }))
      await feature.call('POST', `/api/v4/secrets/${name}`, { as: admin, body: { ...body, secretMetadata } })
    }
    const found = async (metadataFilter: string) =>
      Object.keys(valuesOf(await list(version, { metadataFilter })))
    expect(await found('key=team,value=pay')).toEqual(['A', 'B'])
    expect(await found('key=team|key=tier,value=x,y')).toEqual(['B'])
    expect(await found('value=x,y')).toEqual(['B'])
    expect(await found('key=nothing')).toEqual([])
    expect(valuesOf(await list(version, { tagSlugs: 'a,b' }))).toEqual({})

    const hidden = feature.enter([rule(['read'])])
    const byPlain = await list(version, { metadataFilter: 'key=tier' }, hidden)
    expect(byPlain.body.secrets[0].secretMetadata).toEqual([
      { key: 'team', value: '<hidden-by-postern>', isEncrypted: true },
      { key: 'tier', value: 'x,y', isEncrypted: false },
    ])
    const byEncrypted = await list(version, { metadataFilter: 'key=team,value=pay' }, hidden)
    expect(Object.keys(valuesOf(byEncrypted))).toEqual(['A'])
  })

  it('show at once what has been changed, and only that to whom it may be shown', async () => {
    await feature.write({}, { KEY: 'one' })
    const hidden = feature.enter([rule(['read'])])
    expect(valuesOf(await list(version, {}, hidden))).toEqual({ KEY: '<hidden-by-postern>' })
    expect(valuesOf(await list(version))).toEqual({ KEY: 'one' })
    const body = { projectId: feature.project.id, environment: 'dev', secretValue: 'two' }
    await feature.call('PATCH', '/api/v4/secrets/KEY', { as: admin, body })
    expect(valuesOf(await list(version))).toEqual({ KEY: 'two' })
    expect(valuesOf(await list(version, {}, hidden))).toEqual({ KEY: '<hidden-by-postern>' })
    await feature.call('DELETE', '/api/v4/secrets/KEY', { as: admin, body })
    expect(valuesOf(await list(version))).toEqual({})
  })

  it('carry a tag, and answer 304 to whoever has them', async () => {
    await feature.write({}, { KEY: 'one' })
    const first = await list(version)
    const etag = first.headers.get('etag') ?? ''
    expect(etag).toMatch(/^W\/"[\w-]+"$/)
    const path = version === 'v3' ? '/api/v3/secrets/raw' : '/api/v4/secrets'
    const again = (tag: string, as = admin) =>
      feature.call('GET', path, {
        as,
        query: { projectId: feature.project.id, environment: 'dev' },
        headers: { 'if-none-match': tag },
      })
    for (const tag of [etag, etag.slice(2), `"other", ${etag}`, '*']) {
      const reply = await again(tag)
      expect([reply.status, reply.body, reply.headers.get('etag')]).toEqual([304, undefined, etag])
    }
    expect((await again('"other"')).status).toBe(200)
    // Not the same content for another reader.
    expect((await again(etag, feature.enter([rule(['read'])]))).status).toBe(200)
    await feature.write({}, { NEW: 'two' })
    expect((await again(etag)).status).toBe(200)
  })
})

describe('single secrets', () => {
  it.each(['v3', 'v4'] as const)('by %s are denied before they are looked for', async (version) => {
    await feature.write({}, { KEY: 'canary' })
    const as = feature.enter([rule(['read', 'read-value'], { secretName: 'OTHER' })])
    const [there, not] = await Promise.all([get(version, 'KEY', {}, as), get(version, 'NOTHING', {}, as)])
    expect([there.status, not.status]).toEqual([403, 403])
    expect(there.body.details).toMatchObject({ action: 'read', subject: 'secrets', secretName: 'KEY' })
    expect((await get(version, 'KEY', {}, feature.stranger())).status).toBe(404)
    expect((await feature.call('GET', '/api/v4/secrets/KEY')).status).toBe(401)
  })

  it.each(['v3', 'v4'] as const)('by %s answer 404 where there is none', async (version) => {
    for (const query of [{}, { secretPath: '/nowhere' }, { type: 'personal' }, { version: '7' }]) {
      await feature.write({ environment: 'prod' }, {})
      expect(await get(version, 'KEY', query)).toMatchObject({ status: 404, body: { error: 'NotFound' } })
    }
    expect((await get(version, 'A%2FB')).status).toBe(404)
    expect((await get(version, 'KEY', { version: '0' })).status).toBe(422)
  })

  it('take the stray parameters of clients', async () => {
    await feature.write({}, { KEY: 'x' })
    const reply = await get('v3', 'KEY', { includeImports: 'true', secretName: 'KEY', type: 'shared' })
    expect(secretResponse.parse(reply.body).secret.secretValue).toBe('x')
  })

  it('are found by their ids, of the actor’s own projects and within its rights', async () => {
    await feature.createFolder('dev', 'a', 'b')
    await feature.write({ path: '/a/b' }, { KEY: 'x', REF: '${KEY}!' })
    const { body } = await list('v4', { secretPath: '/a/b' })
    const [key, reference] = body.secrets
    for (const path of ['/api/v3/secrets/raw/id', '/api/v4/secrets/id']) {
      const found = await feature.call('GET', `${path}/${key.id}`, { as: admin })
      expect(secretResponse.parse(found.body).secret).toMatchObject({
        secretKey: 'KEY',
        secretPath: '/a/b',
        secretValue: 'x',
      })
      expect(found.headers.get('etag')).not.toBeNull()
      expect((await feature.call('GET', `${path}/${key.id}`)).status).toBe(401)
      expect(
        (await feature.call('GET', `${path}/${key.id}`, { as: feature.enter('no-access') })).status,
      ).toBe(403)
      const [foreign, unknown, noId] = await Promise.all([
        feature.call('GET', `${path}/${key.id}`, { as: feature.stranger() }),
        feature.call('GET', `${path}/${randomUUID()}`, { as: admin }),
        feature.call('GET', `${path}/no-uuid`, { as: admin }),
      ])
      expect([foreign.status, unknown.status, noId.status]).toEqual([404, 404, 404])
      expect(foreign.body.message).toBe(unknown.body.message)
    }
    const expanded = await feature.call('GET', `/api/v4/secrets/id/${reference.id}`, { as: admin })
    expect(expanded.body.secret.secretValue).toBe('x!')
  })

  it('show earlier versions only to who may read them by the old name and by the new one', async () => {
    await feature.write({}, { DB_KEY: 'canary' })
    const body = { projectId: feature.project.id, environment: 'dev' }
    const change = { ...body, newSecretName: 'APP_KEY', secretValue: 'harmless' }
    const { body: changed } = await feature.call('PATCH', '/api/v4/secrets/DB_KEY', {
      as: admin,
      body: change,
    })
    const as = feature.enter([rule(['read', 'read-value'], { secretName: { $glob: 'APP_*' } })])
    expect((await get('v4', 'APP_KEY', {}, as)).body.secret.secretValue).toBe('harmless')
    const earlier = await get('v4', 'APP_KEY', { version: '1' }, as)
    const versions = await feature.call('GET', `/api/v1/secret/${changed.secret.id}/secret-versions`, { as })
    for (const { body: shown } of [earlier, versions]) expect(JSON.stringify(shown)).not.toContain('canary')
    expect((await get('v4', 'APP_KEY', { version: '1' })).body.secret.secretValue).toBe('canary')
  })
})

describe('references', () => {
  beforeEach(async () => {
    await feature.createFolder('prod', 'db', 'main')
    await feature.createFolder('dev', 'app')
    await feature.write({ environment: 'prod', path: '/db/main' }, { PASSWORD: 'pw-${SALT}', SALT: 'na' })
    await feature.write({}, { URL: 'x://${USER}:${prod.db.main.PASSWORD}@h', USER: 'me', PLAIN: '$USER' })
  })

  it('are expanded by default in v4, and not in v3', async () => {
    const raw = { PLAIN: '$USER', URL: 'x://${USER}:${prod.db.main.PASSWORD}@h', USER: 'me' }
    const expanded = { ...raw, URL: 'x://me:pw-na@h' }
    expect(valuesOf(await list('v3'))).toEqual(raw)
    expect(valuesOf(await list('v4'))).toEqual(expanded)
    expect(valuesOf(await list('v3', { expandSecretReferences: 'true' }))).toEqual(expanded)
    expect(valuesOf(await list('v4', { expandSecretReferences: 'false' }))).toEqual(raw)
    expect((await get('v4', 'URL')).body.secret.secretValue).toBe(expanded.URL)
    expect((await get('v3', 'URL')).body.secret.secretValue).toBe(raw.URL)
  })

  it('lead to no value that the reader may not read, at any hop', async () => {
    const everything = rule(['read', 'read-value'])
    for (const closed of [
      { environment: 'prod' },
      { secretPath: '/db/main' },
      { secretName: 'PASSWORD' },
    ] satisfies ProjectRule['conditions'][]) {
      const as = feature.enter([
        everything,
        { subject: 'secrets', action: ['read-value'], inverted: true, conditions: closed },
      ])
      expect(valuesOf(await list('v4', {}, as))['URL']).toBe('x://me:${prod.db.main.PASSWORD}@h')
    }
    const as = feature.enter([
      everything,
      { subject: 'secrets', action: ['read-value'], inverted: true, conditions: { secretName: 'SALT' } },
    ])
    expect(valuesOf(await list('v4', {}, as))['URL']).toBe('x://me:pw-${SALT}@h')
    expect((await get('v4', 'URL', {}, as)).body.secret.secretValue).toBe('x://me:pw-${SALT}@h')
  })

  it('that lead nowhere or in a circle stay as they are, and take nothing else with them', async () => {
    await feature.write(
      { path: '/app' },
      {
        A: 'a${B}',
        B: 'b${A}',
        C: '${A}${dev.app.D}${test.X}${prod.nowhere.X}${GONE}',
        D: '${D}!',
        E: '${dev.USER}',
      },
    )
    expect(valuesOf(await list('v4', { secretPath: '/app' }))).toEqual({
      A: 'a${B}',
      B: 'b${A}',
      C: 'a${B}${D}!${test.X}${prod.nowhere.X}${GONE}',
      D: '${D}!',
      E: 'me',
    })
  })

  it('of an earlier version lead to the present one, also where that is of the same secret', async () => {
    await feature.write({ path: '/app' }, { TOLD: '${dev.app.OLD}', OLD: 'a-${TOLD}-${OLD}' })
    const body = { projectId: feature.project.id, environment: 'dev', secretPath: '/app', secretValue: 'b' }
    await feature.call('PATCH', '/api/v4/secrets/OLD', { as: admin, body })
    const earlier = await get('v4', 'OLD', { secretPath: '/app', version: '1' })
    expect(earlier.body.secret.secretValue).toBe('a-b-b')
    const present = await get('v4', 'TOLD', { secretPath: '/app' })
    expect(present.body.secret.secretValue).toBe('b')
  })

  it('do not let a value grow without bound', async () => {
    const levels = Array.from({ length: 10 }, (_, at) => [`L${at}`, `\${L${at + 1}}`.repeat(10)])
    await feature.write({ path: '/app' }, { ...Object.fromEntries(levels), L10: 'x'.repeat(1000) })
    const values = valuesOf(await list('v4', { secretPath: '/app' }))
    expect(values['L8']).toBe('x'.repeat(100_000))
    for (const value of Object.values(values)) expect(value.length).toBeLessThanOrEqual(256 * 1024)
  })
})

describe('imports', () => {
  beforeEach(async () => {
    for (const name of ['one', 'two', 'deep']) await feature.createFolder('dev', name)
    await feature.createFolder('prod', 'shared')
    await feature.write({}, { OWN: 'own' })
    await feature.write({ path: '/one' }, { A: 'one', REF: '${A}' })
    await feature.write({ path: '/two' }, { A: 'two', B: 'two' })
    await feature.write({ path: '/deep' }, { B: 'deep', C: 'deep' })
    await feature.write({ environment: 'prod', path: '/shared' }, { P: 'prod' })
    await feature.importInto({ environment: 'dev', path: '/one' }, { environment: 'dev', path: [] })
    await feature.importInto({ environment: 'dev', path: '/two' }, { environment: 'dev', path: [] })
    await feature.importInto({ environment: 'dev', path: '/deep' }, { environment: 'dev', path: ['two'] })
    await feature.importInto({ environment: 'prod', path: '/shared' }, { environment: 'dev', path: ['deep'] })
    // A circle, and one that leads nowhere.
    await feature.importInto({ environment: 'dev', path: '/two' }, { environment: 'dev', path: ['deep'] })
    await feature.importInto({ environment: 'dev', path: '/gone' }, { environment: 'dev', path: [] })
  })

  it('come in their order with what they import themselves, references expanded where they stand', async () => {
    const expected = [
      ['dev', '/one', { A: 'one', REF: 'one' }],
      ['dev', '/two', { A: 'two', B: 'two', C: 'deep', P: 'prod' }],
    ]
    const reply = await list('v4')
    expect(valuesOf(reply)).toEqual({ OWN: 'own' })
    expect(importsOf(reply)).toEqual(expected)
    const raw = await list('v3', { include_imports: 'true', expandSecretReferences: 'true' })
    expect(importsOf(raw)).toEqual(expected)
    expect((await list('v3')).body.imports).toBeUndefined()
    expect((await list('v4', { includeImports: 'false' })).body.imports).toBeUndefined()
  })

  it('show only what may be read where it stands', async () => {
    const as = feature.enter([
      rule(['read', 'read-value'], { environment: 'dev', secretPath: { $ne: '/one' } }),
    ])
    expect(importsOf(await list('v4', {}, as))).toEqual([['dev', '/two', { A: 'two', B: 'two', C: 'deep' }]])
    const hidden = feature.enter([rule(['read'])])
    expect(importsOf(await list('v4', {}, hidden))[0]).toEqual([
      'dev',
      '/one',
      { A: '<hidden-by-postern>', REF: '<hidden-by-postern>' },
    ])
  })

  it('are where a single secret is looked for last, the last import first', async () => {
    expect((await get('v4', 'A')).body.secret).toMatchObject({ secretValue: 'two', secretPath: '/two' })
    expect((await get('v4', 'P')).body.secret).toMatchObject({ secretValue: 'prod', environment: 'prod' })
    expect((await get('v4', 'REF')).body.secret.secretValue).toBe('one')
    expect((await get('v4', 'A', { includeImports: 'false' })).status).toBe(404)
    expect((await get('v3', 'A')).status).toBe(404)
    expect((await get('v3', 'A', { include_imports: 'true' })).status).toBe(200)
    const as = feature.enter([rule(['read', 'read-value'], { environment: 'dev', secretPath: '/' })])
    expect((await get('v4', 'A', {}, as)).status).toBe(404)
  })
})
