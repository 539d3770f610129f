import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClientWorld, createClientWorld } from './client-world.ts'
import { loginFields, secretFields, textOf, unreadable, valueAt } from './reading.ts'

/** The calls of the Go SDK 0.7, as its HTTP client puts them on the wire. */
describe('the Go SDK', () => {
  let world: ClientWorld
  let token: string
  beforeAll(async () => {
    world = await createClientWorld()
    token = await logIn()
  })
  afterAll(() => world.close())

  const headers = (accessToken?: string): string =>
    [
      'User-Agent: infisical-go-sdk',
      'Accept-Encoding: gzip',
      ...(accessToken === undefined ? [] : [`Authorization: Bearer ${accessToken}`]),
    ].join('\n')
  const get = (path: string, more = '') => world.send(`GET ${path} HTTP/1.1\n${headers(token)}\n${more}`)
  const send = (method: string, path: string, body: object, accessToken: string | undefined = token) =>
    world.send(`${method} ${path} HTTP/1.1\n${headers(accessToken)}\nContent-Type: application/json`, body)
  const anonymously = (path: string, body: object) =>
    world.send(`POST ${path} HTTP/1.1\n${headers()}\nContent-Type: application/json`, body)
  async function logIn(): Promise<string> {
    const { clientId, clientSecret } = world.machine
    const reply = await anonymously('/api/v1/auth/universal-auth/login', { clientId, clientSecret })
    expect(unreadable(reply, loginFields)).toEqual([])
    return textOf(reply, 'accessToken')
  }
  const list = (more = '', header = '') =>
    get(
      `/api/v3/secrets/raw?environment=dev&expandSecretReferences=true&include_imports=true&recursive=false` +
        `&secretPath=%2F&workspaceId=${world.projectId}&workspaceSlug=${more}`,
      header,
    )
  const place = () => ({ workspaceId: world.projectId, environment: 'dev', secretPath: '/' })

  it('renews with the token in the body alone, and gets a later one with a lifetime that it can go on with', async () => {
    const accessToken = await logIn()
    const reply = await anonymously('/api/v1/auth/token/renew', { accessToken })
    expect(unreadable(reply, loginFields)).toEqual([])
    expect(textOf(reply, 'accessToken')).not.toBe(accessToken)
    expect(valueAt(reply.body, 'accessTokenMaxTTL')).toBeGreaterThanOrEqual(
      Number(valueAt(reply.body, 'expiresIn')),
    )
    expect(valueAt(reply.body, 'tokenType')).toBe('Bearer')
  })

  it('revokes with the token in the body alone; then neither the token nor its renewal is taken', async () => {
    const accessToken = await logIn()
    expect(
      unreadable(await anonymously('/api/v1/auth/token/revoke', { accessToken }), { message: 'text' }),
    ).toEqual([])
    expect((await anonymously('/api/v1/auth/token/renew', { accessToken })).status).toBe(401)
    const reply = await world.send(`GET /api/v1/workspace HTTP/1.1\n${headers(accessToken)}`)
    expect(reply.status).toBe(401)
    expect(valueAt(reply.body, 'reqId')).toEqual(expect.any(String))
    expect(valueAt(reply.body, 'message')).toEqual(expect.any(String))
  })

  it('logs in by Kubernetes with a token that ends in a newline, and learns nothing before the cluster vouched', async () => {
    const { identityId } = world.machine
    const reply = await anonymously('/api/v1/auth/kubernetes-auth/login', { identityId, jwt: 'a.b.c\n' })
    expect(reply.status).toBe(401)
    expect(
      unreadable(
        { ...reply, status: 200 },
        { reqId: 'text', message: 'text', error: 'text', statusCode: 'integer' },
      ),
    ).toEqual([])
  })

  it('creates, updates, reads and deletes a secret', async () => {
    const created = await send('POST', '/api/v3/secrets/raw/DATABASE_URL', {
      ...place(),
      type: 'shared',
      skipMultilineEncoding: false,
      secretValue: 'postgres://',
    })
    expect(unreadable(created, secretFields('secret'))).toEqual([])
    const updated = await send('PATCH', '/api/v3/secrets/raw/DATABASE_URL', {
      ...place(),
      type: 'shared',
      secretValue: 'x',
    })
    expect(valueAt(updated.body, 'secret.version')).toBe(2)
    const read = await get(
      `/api/v3/secrets/raw/DATABASE_URL?environment=dev&include_imports=false&secretPath=%2F&type=shared&workspaceId=${world.projectId}`,
    )
    expect(unreadable(read, secretFields('secret'))).toEqual([])
    expect(valueAt(read.body, 'secret.secretValue')).toBe('x')
    const deleted = await send('DELETE', '/api/v3/secrets/raw/DATABASE_URL', { ...place(), type: 'shared' })
    expect(unreadable(deleted, secretFields('secret'))).toEqual([])
    expect(
      (await get(`/api/v3/secrets/raw/DATABASE_URL?environment=dev&workspaceId=${world.projectId}`)).status,
    ).toBe(404)
  })

  it.each([
    'with.dots',
    "quote'",
    'dollar$',
    'plus+',
    'at@',
    'tilde~',
    'bang!',
    'stars*',
    'equals=',
    'semi;colon',
  ])('does not escape the name %s in a path', async (name) => {
    const created = await send('POST', `/api/v3/secrets/raw/${name}`, { ...place(), secretValue: name })
    expect(unreadable(created, secretFields('secret'))).toEqual([])
    expect(valueAt(created.body, 'secret.secretKey')).toBe(name)
    expect((await send('DELETE', `/api/v3/secrets/raw/${name}`, place())).status).toBe(200)
  })

  it('sends both ids, one of them empty, and is told by 304 that nothing changed', async () => {
    await send('POST', '/api/v3/secrets/raw/A', { ...place(), secretValue: '1' })
    const reply = await list()
    expect(unreadable(reply, secretFields('secrets.0'))).toEqual([])
    const etag = reply.headers.get('etag') ?? ''
    expect(etag).not.toBe('')
    const again = await list('', `If-None-Match: ${etag}`)
    expect(again).toMatchObject({ status: 304, text: '' })
    await send('PATCH', '/api/v3/secrets/raw/A', { ...place(), secretValue: '2' })
    const changed = await list('', `If-None-Match: ${etag}`)
    expect(changed.status).toBe(200)
    expect(changed.headers.get('etag')).not.toBe(etag)
    const bySlug = await get(
      `/api/v3/secrets/raw?environment=dev&workspaceId=&workspaceSlug=${world.projectSlug}`,
    )
    expect(valueAt(bySlug.body, 'secrets.0.secretValue')).toBe('2')
  })

  it('creates many secrets at once, which Postern does not have yet: the usual envelope', async () => {
    const body = { ...place(), secrets: [{ secretKey: 'B', secretValue: '1', secretComment: '' }] }
    const reply = await send('POST', '/api/v3/secrets/batch/raw', body)
    expect([200, 404]).toContain(reply.status)
    expect(valueAt(reply.body, reply.status === 404 ? 'error' : 'secrets')).toBeDefined()
  })

  it('makes, lists, renames and deletes folders', async () => {
    const at = { workspaceId: world.projectId, environment: 'dev', path: '/' }
    const folderFields = {
      'folder.id': 'text',
      'folder.name': 'text',
      'folder.createdAt': 'time',
      'folder.updatedAt': 'time',
      'folder.envId': 'text',
      'folder.parentId': 'text',
      'folder.isReserved': 'boolean',
    } as const
    const created = await send('POST', '/api/v1/folders', { ...at, name: 'app' })
    expect(unreadable(created, folderFields)).toEqual([])
    const id = textOf(created, 'folder.id')
    const listed = await get(`/api/v1/folders?environment=dev&path=%2F&workspaceId=${world.projectId}`)
    expect(valueAt(listed.body, 'folders.0.id')).toBe(id)
    const renamed = await send('PATCH', `/api/v1/folders/${id}`, { ...at, name: 'web' })
    expect(unreadable(renamed, folderFields)).toEqual([])
    expect(unreadable(await send('DELETE', '/api/v1/folders/web', at), folderFields)).toEqual([])
    expect((await send('DELETE', `/api/v1/folders/${id}`, at)).status).toBe(404)
  })
})
