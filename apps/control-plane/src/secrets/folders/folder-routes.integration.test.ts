import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../database/test/create-test-database.ts'
import type { ProjectRule } from '../../permissions/project-rights.ts'
import { type FolderFeature, type Reply, startFolderFeature } from './test/start-folder-feature.ts'

const everything = ['read', 'create', 'edit', 'delete'] as const
const inDev = { environment: 'dev' }
const roles: Record<string, readonly ProjectRule[]> = {
  nothing: [],
  'dev only': [{ subject: 'folders', action: everything, conditions: inDev }],
  'below /team': [
    { subject: 'folders', action: everything, conditions: { secretPath: { $glob: '/team/**' } } },
  ],
  'folders only': [{ subject: 'folders', action: everything }],
  'secrets but /private': [
    { subject: 'folders', action: everything },
    { subject: 'imports', action: everything },
    { subject: 'secrets', action: ['read', 'create', 'edit', 'delete'] },
    { subject: 'secrets', action: ['read-value'], conditions: { secretPath: { $glob: '/public/**' } } },
  ],
}

let database: TestDatabase
let feature: FolderFeature
beforeAll(async () => {
  database = await createTestDatabase({ poolMax: 8 })
})
afterAll(() => database.close())
beforeEach(async () => {
  feature = await startFolderFeature(database.kysely, roles)
  return () => feature.close()
})

const place = (more: object = {}) => ({ workspaceId: feature.projectId, environment: 'dev', ...more })
const create = (name: string, path?: string, as = 'admin'): Promise<Reply> =>
  feature.call('POST', '/api/v1/folders', { as, body: place({ name, ...(path !== undefined && { path }) }) })
const list = (query = '', as = 'admin'): Promise<Reply> =>
  feature.call('GET', `/api/v1/folders?workspaceId=${feature.projectId}&environment=dev${query}`, { as })
const remove = (idOrName: string, more: object = {}, as = 'admin'): Promise<Reply> =>
  feature.call('DELETE', `/api/v1/folders/${idOrName}`, { as, body: place(more) })
const rename = (idOrName: string, name: string, more: object = {}, as = 'admin'): Promise<Reply> =>
  feature.call('PATCH', `/api/v1/folders/${idOrName}`, { as, body: place({ name, ...more }) })

interface Folder {
  description: string | null
  id: string
  name: string
  path: string
}

function folderOf({ status, body }: Reply): Folder {
  expect(body).toHaveProperty('folder')
  expect(status).toBe(200)
  return body['folder'] as Folder
}
function pathsOf({ body }: Reply): string[] {
  return (body['folders'] as Folder[]).map(({ path }) => path)
}
const made = async (name: string, path?: string): Promise<string> => folderOf(await create(name, path)).id

describe('who may use folders', () => {
  const requests = [
    ['GET', '/v1/folders?environment=dev&workspaceId=:project', undefined],
    ['GET', '/v2/folders?environment=dev&projectId=:project', undefined],
    ['GET', '/v1/folders/:id', undefined],
    ['GET', '/v2/folders/:id', undefined],
    ['GET', '/v1/folders/:project/dev/%2Fapi', undefined],
    ['POST', '/v1/folders', { name: 'new', environment: 'dev', workspaceId: ':project' }],
    ['POST', '/v2/folders', { name: 'new', environment: 'dev', projectId: ':project' }],
    ['PATCH', '/v1/folders/:id', { name: 'new', environment: 'dev', workspaceId: ':project' }],
    ['PATCH', '/v2/folders/:id', { name: 'new', environment: 'dev', projectId: ':project' }],
    ['DELETE', '/v1/folders/:id', { environment: 'dev', workspaceId: ':project' }],
    ['DELETE', '/v2/folders/:id', { environment: 'dev', projectId: ':project' }],
  ] as const
  const send = async (
    method: string,
    path: string,
    body: object | undefined,
    as?: string,
    other?: object,
  ) => {
    const names = { id: await made('api'), project: feature.projectId, ...other }
    const filled = (text: string): string => text.replace(':id', names.id).replace(':project', names.project)
    return feature.call(method, `/api${filled(path)}`, {
      ...(as !== undefined && { as }),
      ...(body !== undefined && { body: JSON.parse(filled(JSON.stringify(body))) }),
    })
  }

  it.each(requests)('%s %s needs an access token', async (method, path, body) => {
    expect((await send(method, path, body)).status).toBe(401)
  })

  it.each(requests)('%s %s is refused to a member whose role gives nothing', async (method, path, body) => {
    expect(await send(method, path, body, 'nothing')).toMatchObject({
      status: 403,
      body: { error: 'PermissionDenied', details: { subject: 'folders' } },
    })
  })

  it.each(requests)('%s %s: a viewer reads and changes nothing', async (method, path, body) => {
    expect((await send(method, path, body, 'viewer')).status).toBe(method === 'GET' ? 200 : 403)
  })

  it.each(requests)(
    'T18 %s %s of another organization is the same 404 as of what does not exist',
    async (method, path, body) => {
      const foreign = await send(method, path, body, 'elsewhere')
      const unknown = await send(method, path, body, 'elsewhere', { id: randomUUID(), project: randomUUID() })
      expect(foreign.status).toBe(404)
      expect({ ...foreign.body, reqId: '' }).toEqual({ ...unknown.body, reqId: '' })
    },
  )

  it('a rule on the environment holds at each call', async () => {
    const elsewhere = { name: 'x', environment: 'prod', workspaceId: feature.projectId }
    const prod = folderOf(await feature.call('POST', '/api/v1/folders', { as: 'admin', body: elsewhere }))
    const as = 'dev only'
    expect((await create('x', '/', as)).status).toBe(200)
    expect((await feature.call('POST', '/api/v1/folders', { as, body: elsewhere })).status).toBe(403)
    expect((await feature.call('GET', `/api/v1/folders/${prod.id}`, { as })).status).toBe(403)
    expect((await feature.call('DELETE', `/api/v1/folders/${prod.id}`, { as, body: elsewhere })).status).toBe(
      403,
    )
  })

  it('a rule on the path is about where a folder stands, and covers the parents that come with it', async () => {
    const as = 'below /team'
    expect((await create('team', '/', as)).status).toBe(403)
    expect((await create('x', '/team/a', as)).status).toBe(403)
    await made('team')
    expect((await create('x', '/team/a', as)).status).toBe(200)
    expect((await remove('team', {}, as)).status).toBe(403)
    expect((await remove('a', { path: '/team' }, as)).status).toBe(200)
  })

  it('a list over all below shows what the caller may read', async () => {
    await made('b', '/team/a')
    await made('b', '/other')
    expect((await list('', 'below /team')).status).toBe(403)
    expect(pathsOf(await list('&recursive=true', 'below /team'))).toEqual(['/team/a', '/team/a/b'])
    expect(pathsOf(await list('&path=/team', 'below /team'))).toEqual(['/team/a'])
  })

  it('a denied change is in the audit log', async () => {
    const id = await made('api')
    await remove(id, {}, 'viewer')
    expect(feature.audit.events.at(-1)).toMatchObject({
      event: 'folder-deleted',
      outcome: 'denied',
      reason: 'permission-denied',
      details: { folder: id },
    })
  })
})

describe('folders with secrets in them', () => {
  it('are deleted only by who may delete the secrets', async () => {
    const id = await made('b', '/a')
    await feature.putSecret(id, 'KEY')
    expect(await remove('a', {}, 'folders only')).toMatchObject({
      status: 403,
      body: { details: { action: 'delete', subject: 'secrets', secretPath: '/a/b', secretName: 'KEY' } },
    })
    expect((await remove('a', {}, 'member')).status).toBe(200)
  })

  it('are not renamed into a path whose secrets the caller may read', async () => {
    await feature.putSecret(await made('private'), 'KEY')
    const as = 'secrets but /private'
    expect(await rename('private', 'public', {}, as)).toMatchObject({
      status: 403,
      body: { details: { action: 'read-value', secretPath: '/private' } },
    })
    expect(pathsOf(await list())).toEqual(['/private'])
    expect((await rename('private', 'public', {}, 'member')).status).toBe(200)
  })
})

describe('what is refused', () => {
  it.each(['', ' ', '.', '..', 'a/b', 'a b', 'ä', 'x'.repeat(256), 'a\0', 7, null, undefined])(
    'the name %j',
    async (name) => {
      const id = await made('api')
      const body = place({ name })
      expect((await feature.call('POST', '/api/v1/folders', { as: 'admin', body })).status).toBe(422)
      expect((await feature.call('PATCH', `/api/v1/folders/${id}`, { as: 'admin', body })).status).toBe(422)
    },
  )

  it.each(['/..', '/a b', '/%2e', `/${'a/'.repeat(21)}`])('the path %j', async (path) => {
    expect((await create('x', path)).status).toBe(422)
    expect((await list(`&path=${encodeURIComponent(path)}`)).status).toBe(422)
  })

  it('the 21st folder, one within the other', async () => {
    expect((await create('x', '/a'.repeat(19))).status).toBe(200)
    expect((await create('x', '/a'.repeat(20))).status).toBe(422)
  })

  it('a missing project or environment', async () => {
    const ask = (body: object) => feature.call('POST', '/api/v1/folders', { as: 'admin', body })
    expect((await ask({ name: 'x', environment: 'dev' })).status).toBe(400)
    expect((await ask({ name: 'x', environment: 'dev', workspaceId: '', projectId: '' })).status).toBe(400)
    expect((await ask({ name: 'x', workspaceId: feature.projectId })).status).toBe(422)
    expect((await ask({ name: 'x', workspaceId: feature.projectId, environment: 'qa' })).status).toBe(404)
  })

  it('the root, to be renamed or deleted', async () => {
    await made('a')
    const root = folderOf(
      await feature.call('GET', `/api/v1/folders/${feature.projectId}/dev/%2F`, { as: 'admin' }),
    )
    expect(root).toMatchObject({ name: 'root', path: '/', parentId: null })
    expect((await remove(root.id)).status).toBe(400)
    expect((await rename(root.id, 'x')).status).toBe(400)
  })

  it('a name that is taken', async () => {
    await made('a')
    const b = await made('b')
    expect(await rename(b, 'a')).toMatchObject({ status: 400, body: { error: 'BadRequest' } })
  })

  it('a folder that is not there, by name, by id and of another environment', async () => {
    const id = await made('a')
    expect((await remove('b')).status).toBe(404)
    expect((await remove(randomUUID())).status).toBe(404)
    expect((await remove(id, { environment: 'prod' })).status).toBe(404)
    expect((await feature.call('GET', '/api/v1/folders/no-uuid', { as: 'admin' })).status).toBe(404)
  })

  it('by v2, a folder that is not empty; with forceDelete it goes', async () => {
    const id = await made('a')
    await feature.putSecret(await made('b', '/a'), 'KEY')
    const ask = (more: object) =>
      feature.call('DELETE', `/api/v2/folders/${id}`, {
        as: 'admin',
        body: { projectId: feature.projectId, environment: 'dev', path: '/', ...more },
      })
    const details = { folders: 1, secrets: 1, imports: 0 }
    expect(await ask({ forceDelete: false })).toMatchObject({ status: 400, body: { details } })
    expect((await ask({ forceDelete: true })).status).toBe(200)
    expect(feature.audit.events.at(-1)).toMatchObject({
      event: 'folder-deleted',
      details: { path: '/a', ...details },
    })
  })
})

describe('folders', () => {
  it('come with their missing parents, and again without harm', async () => {
    const first = folderOf(await create('c', '/a/b'))
    expect(first).toMatchObject({
      name: 'c',
      path: '/a/b/c',
      isReserved: false,
      envId: feature.environments.dev,
    })
    const events = feature.audit.events.length
    expect(folderOf(await create('c', 'a/b/')).id).toBe(first.id)
    expect(feature.audit.events.length).toBe(events)
    expect(feature.audit.events.at(-1)).toMatchObject({ details: { path: '/a/b/c', parentsCreated: 2 } })
  })

  it('made by many at once are one', async () => {
    const replies = await Promise.all(Array.from({ length: 6 }, () => create('c', '/a/b')))
    expect(new Set(replies.map((reply) => folderOf(reply).id)).size).toBe(1)
    expect(pathsOf(await list('&recursive=true'))).toEqual(['/a', '/a/b', '/a/b/c'])
  })

  it('are listed directly in a path, and by either name of it', async () => {
    await made('b', '/a')
    await made('A')
    expect(pathsOf(await list())).toEqual(['/A', '/a'])
    expect(pathsOf(await list('&path='))).toEqual(['/A', '/a'])
    expect(pathsOf(await list('&path=/a'))).toEqual(['/a/b'])
    expect(pathsOf(await list('&directory=/a'))).toEqual(['/a/b'])
    expect(pathsOf(await list('&path=/nowhere'))).toEqual([])
    expect((await list('&recursive=true&path=/a')).body).toMatchObject({ folders: [{ relativePath: '/b' }] })
  })

  it('are listed by when their secrets were written', async () => {
    await feature.putSecret(await made('with'), 'KEY')
    await made('without')
    expect(pathsOf(await list('&lastSecretModified=2020-01-01T00:00:00.000Z'))).toEqual(['/with'])
    expect(pathsOf(await list('&lastSecretModified=2999-01-01T00:00:00Z'))).toEqual([])
    expect((await list('&lastSecretModified=yesterday')).status).toBe(422)
  })

  it('are read by id and by path with their environment', async () => {
    const id = await made('b', '/a')
    const environment = { envId: feature.environments.dev, envName: 'dev', envSlug: 'dev' }
    const expected = { id, name: 'b', path: '/a/b', projectId: feature.projectId, environment }
    const byId = await feature.call('GET', `/api/v1/folders/${id}`, { as: 'admin' })
    const byPath = await feature.call('GET', `/api/v1/folders/${feature.projectId}/dev/%2Fa%2Fb`, {
      as: 'admin',
    })
    expect(folderOf(byId)).toMatchObject(expected)
    expect(folderOf(byPath)).toMatchObject(expected)
    const nowhere = await feature.call('GET', `/api/v1/folders/${feature.projectId}/dev/%2Fx`, {
      as: 'admin',
    })
    expect(nowhere.status).toBe(404)
  })

  it('are read by the longest path that there may be', async () => {
    const names = Array.from({ length: 20 }, (_, level) => String.fromCharCode(97 + level).repeat(255))
    const [last = '', ...above] = names.toReversed()
    const path = `/${above.toReversed().join('/')}`
    await made(last, path)
    const one = (text: string) =>
      feature.call('GET', `/api/v1/folders/${feature.projectId}/dev/${encodeURIComponent(text)}`, {
        as: 'admin',
      })
    expect(folderOf(await one(`${path}/${last}`))).toMatchObject({ name: last })
    expect((await one(`${path}/${last}x`)).status).toBe(400)
  })

  it('keep their secrets and all below under a new name', async () => {
    const id = await made('old')
    const below = await made('b', '/old')
    await feature.putSecret(below, 'KEY')
    expect(folderOf(await rename('old', 'new', { path: '/', description: 'moved' }))).toMatchObject({
      id,
      path: '/new',
      description: 'moved',
    })
    expect(pathsOf(await list('&recursive=true'))).toEqual(['/new', '/new/b'])
    const secrets = await database.kysely
      .selectFrom('secrets')
      .select('key')
      .where('folder_id', '=', below)
      .execute()
    expect(secrets).toEqual([{ key: 'KEY' }])
    expect(feature.audit.events.at(-1)).toMatchObject({
      event: 'folder-renamed',
      details: { path: '/new', previousPath: '/old', folders: 1, secrets: 1 },
    })
    expect(folderOf(await rename(id, 'new')).description).toBe('moved')
  })

  it('are deleted by name and by id, and then they are gone', async () => {
    const id = await made('a')
    const b = await made('b', '/a')
    expect(folderOf(await remove('b', { directory: '/a' })).id).toBe(b)
    expect(folderOf(await remove(id, { path: '' })).id).toBe(id)
    expect((await remove(id)).status).toBe(404)
    expect(pathsOf(await list())).toEqual([])
  })

  it('may have a name that looks like an id', async () => {
    const name = randomUUID()
    const id = await made(name)
    expect(folderOf(await remove(name)).id).toBe(id)
  })
})
