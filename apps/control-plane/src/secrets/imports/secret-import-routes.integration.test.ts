import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../database/test/create-test-database.ts'
import type { ProjectRule } from '../../permissions/project-rights.ts'
import { type FolderFeature, type Reply, startFolderFeature } from '../folders/test/start-folder-feature.ts'

const roles: Record<string, readonly ProjectRule[]> = {
  nothing: [],
  'imports but no secrets': [{ subject: 'imports', action: ['read', 'create', 'edit', 'delete'] }],
  'reads prod, imports into dev': [
    { subject: 'imports', action: ['create', 'edit'], conditions: { environment: 'dev' } },
    { subject: 'secrets', action: ['read'], conditions: { environment: 'prod', secretPath: '/shared' } },
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

const root = '/api/v1/secret-imports'
const place = (more: object = {}) => ({
  workspaceId: feature.projectId,
  environment: 'dev',
  path: '/',
  ...more,
})
const bring = (environment: string, path: string, as = 'admin', more: object = {}): Promise<Reply> =>
  feature.call('POST', root, { as, body: place({ import: { environment, path }, ...more }) })
const change = (id: string, source: object, as = 'admin', more: object = {}): Promise<Reply> =>
  feature.call('PATCH', `${root}/${id}`, { as, body: place({ import: source, ...more }) })
const list = (query = 'environment=dev&path=/', as = 'admin'): Promise<Reply> =>
  feature.call('GET', `${root}?workspaceId=${feature.projectId}&${query}`, { as })
const folder = async (name: string, path = '/', environment = 'dev'): Promise<string> => {
  const body = { workspaceId: feature.projectId, name, path, environment }
  const reply = await feature.call('POST', '/api/v1/folders', { as: 'admin', body })
  return (reply.body['folder'] as { id: string }).id
}

interface Import {
  id: string
  importPath: string
  importEnv: { slug: string }
  position: number
}
function importOf({ status, body }: Reply): Import {
  expect(body).toHaveProperty('secretImport')
  expect(status).toBe(200)
  return body['secretImport'] as Import
}
const made = async (path: string): Promise<string> => importOf(await bring('prod', path)).id
async function sources(query?: string): Promise<string[]> {
  const imports = (await list(query)).body['secretImports'] as Import[]
  expect(imports.map(({ position }) => position)).toEqual(imports.map((_import, index) => index + 1))
  return imports.map(({ importEnv, importPath }) => `${importEnv.slug} ${importPath}`)
}

describe('who may use imports', () => {
  const requests = [
    ['GET', '', undefined],
    ['GET', '/:id', undefined],
    ['POST', '', { import: { environment: 'prod', path: '/other' } }],
    ['PATCH', '/:id', { import: { position: 1 } }],
    ['DELETE', '/:id', {}],
  ] as const
  const both = requests.flatMap((request) =>
    (['v1', 'v2'] as const).map((version) => [request[0], version, request[1], request[2]] as const),
  )
  const send = async (
    method: string,
    version: string,
    path: string,
    body: object | undefined,
    as?: string,
    projectId = feature.projectId,
  ) => {
    const id = await made('/shared')
    const query = path === '' && method === 'GET' ? `?projectId=${projectId}&environment=dev` : ''
    return feature.call(method, `/api/${version}/secret-imports${path.replace(':id', id)}${query}`, {
      ...(as !== undefined && { as }),
      ...(body !== undefined && { body: { projectId, environment: 'dev', path: '/', ...body } }),
    })
  }

  it.each(both)('%s %s%s needs an access token', async (method, version, path, body) => {
    expect((await send(method, version, path, body)).status).toBe(401)
  })

  it.each(both)('%s %s%s is refused to a role that gives nothing', async (method, version, path, body) => {
    expect(await send(method, version, path, body, 'nothing')).toMatchObject({
      status: 403,
      body: { error: 'PermissionDenied', details: { subject: 'imports' } },
    })
  })

  it.each(both)('%s %s%s: a viewer reads and changes nothing', async (method, version, path, body) => {
    expect((await send(method, version, path, body, 'viewer')).status).toBe(method === 'GET' ? 200 : 403)
  })

  it.each(both)('T18 %s %s%s of another organization: 404', async (method, version, path, body) => {
    expect((await send(method, version, path, body, 'elsewhere')).status).toBe(404)
  })

  it('nobody imports what they may not read', async () => {
    const id = await made('/shared')
    const refusal = {
      status: 403,
      body: { details: { action: 'read', subject: 'secrets', environment: 'prod' } },
    }
    expect(await bring('prod', '/other', 'imports but no secrets')).toMatchObject(refusal)
    expect(await change(id, { path: '/other' }, 'imports but no secrets')).toMatchObject(refusal)
    expect((await change(id, { position: 1 }, 'imports but no secrets')).status).toBe(200)
    expect(await bring('prod', '/private', 'reads prod, imports into dev')).toMatchObject(refusal)
    expect(await change(id, { path: '/private' }, 'reads prod, imports into dev')).toMatchObject(refusal)
    expect((await feature.call('DELETE', `${root}/${id}`, { as: 'admin', body: place() })).status).toBe(200)
    expect((await bring('prod', '/shared', 'reads prod, imports into dev')).status).toBe(200)
  })

  it('nobody imports into an environment where they may not', async () => {
    await folder('shared', '/', 'prod')
    const reply = await bring('prod', '/shared', 'reads prod, imports into dev', { environment: 'prod' })
    expect(reply).toMatchObject({
      status: 403,
      body: { details: { subject: 'imports', environment: 'prod' } },
    })
    expect(feature.audit.events.at(-1)).toMatchObject({ event: 'secret-import-created', outcome: 'denied' })
  })
})

describe('what is refused', () => {
  it('a folder that imports itself, at once or by a change', async () => {
    expect((await bring('dev', '/')).status).toBe(400)
    expect((await change(await made('/'), { environment: 'dev' })).status).toBe(400)
  })

  it('the same source twice', async () => {
    await made('/a')
    expect((await bring('prod', 'a/')).status).toBe(400)
    expect((await change(await made('/b'), { path: '/a' })).status).toBe(400)
  })

  it('a folder, an environment or an import that is not there', async () => {
    const id = await made('/a')
    expect((await bring('qa', '/')).status).toBe(404)
    expect((await bring('prod', '/b', 'admin', { path: '/nowhere' })).status).toBe(404)
    expect((await bring('prod', '/b', 'admin', { environment: 'qa' })).status).toBe(404)
    await folder('other')
    expect((await change(id, { position: 1 }, 'admin', { path: '/other' })).status).toBe(404)
    expect((await change(randomUUID(), { position: 1 })).status).toBe(404)
    expect((await change('no-uuid', { position: 1 })).status).toBe(404)
    expect((await feature.call('GET', `${root}/no-uuid`, { as: 'admin' })).status).toBe(404)
  })

  it.each([{ position: 0 }, { position: 1.5 }, { path: '/..' }, { path: '/a b' }])('%j', async (source) => {
    expect((await change(await made('/a'), source)).status).toBe(422)
  })

  it('the 101st import of one folder', async () => {
    for (let index = 0; index < 100; index += 1) await made(`/a${index}`)
    expect((await bring('prod', '/more')).status).toBe(400)
  })
})

describe('imports', () => {
  it('say what clients read of them', async () => {
    const reply = await bring('prod', '/shared', 'admin', { isReplication: true })
    const { id } = importOf(reply)
    const expected = {
      id,
      projectId: feature.projectId,
      secretPath: '/',
      importPath: '/shared',
      importEnv: { id: feature.environments.prod, slug: 'prod', name: 'prod' },
      environment: { id: feature.environments.dev, slug: 'dev' },
      position: 1,
      isReplication: true,
    }
    expect(importOf(reply)).toMatchObject(expected)
    expect(importOf(await feature.call('GET', `${root}/${id}`, { as: 'admin' }))).toMatchObject(expected)
    expect((await list()).body).toMatchObject({ message: expect.any(String), secretImports: [expected] })
    expect((await list('environment=dev&path=/nowhere')).body).toMatchObject({ secretImports: [] })
  })

  it('have positions without gaps, whatever is moved or deleted', async () => {
    const [a, b, c] = [await made('/a'), await made('/b'), await made('/c')]
    expect(await sources()).toEqual(['prod /a', 'prod /b', 'prod /c'])
    expect(importOf(await change(c, { position: 1 })).position).toBe(1)
    expect(await sources()).toEqual(['prod /c', 'prod /a', 'prod /b'])
    expect(importOf(await change(c, { position: 900 })).position).toBe(3)
    expect(await sources()).toEqual(['prod /a', 'prod /b', 'prod /c'])
    expect(importOf(await feature.call('DELETE', `${root}/${a}`, { as: 'admin', body: place() })).id).toBe(a)
    expect((await feature.call('DELETE', `${root}/${a}`, { as: 'admin', body: place() })).status).toBe(404)
    expect(importOf(await change(b, { environment: 'dev', path: '/b' })).position).toBe(1)
    expect(await sources()).toEqual(['dev /b', 'prod /c'])
  })

  it('made by many at once stand one behind the other', async () => {
    await Promise.all(Array.from({ length: 6 }, (_one, index) => made(`/a${index}`)))
    expect((await sources()).length).toBe(6)
  })

  it('follow their source to its new name', async () => {
    const id = await folder('old', '/', 'prod')
    await folder('below', '/old', 'prod')
    await made('/old/below')
    await made('/older')
    const body = { workspaceId: feature.projectId, environment: 'prod', name: 'new' }
    const reply = await feature.call('PATCH', `/api/v1/folders/${id}`, { as: 'admin', body })
    expect(reply.status).toBe(200)
    expect(await sources()).toEqual(['prod /new/below', 'prod /older'])
    expect(feature.audit.events.at(-1)).toMatchObject({ details: { importsMoved: 1 } })
  })

  it('go with their folder', async () => {
    const a = await folder('a')
    await bring('prod', '/shared', 'admin', { path: '/a' })
    expect(
      (await feature.call('DELETE', `/api/v1/folders/${a}`, { as: 'admin', body: place() })).status,
    ).toBe(200)
    await folder('a')
    expect(await sources('environment=dev&path=/a')).toEqual([])
  })

  it('of an environment that another process has just deleted are refused', async () => {
    const fromDev = importOf(await bring('dev', '/shared')).id
    await database.kysely
      .deleteFrom('project_environments')
      .where('id', '=', feature.environments.prod)
      .execute()
    expect(await bring('prod', '/shared')).toMatchObject({ status: 404 })
    expect(await change(fromDev, { environment: 'prod', path: '/' })).toMatchObject({ status: 404 })
    expect(await sources()).toEqual(['dev /shared'])
  })
})
