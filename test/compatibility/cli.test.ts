import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClientWorld, createClientWorld } from './client-world.ts'
import { type Kind, loginFields, secretFields, textOf, unreadable, valueAt } from './reading.ts'

/** The calls of the command line and of its agent. */
describe('the command line', () => {
  let world: ClientWorld
  let token: string
  beforeAll(async () => {
    world = await createClientWorld()
    token = await logIn()
  })
  afterAll(() => world.close())

  const send = (method: string, path: string, body?: object | string, as: string | undefined = token) =>
    world.send(
      `${method} ${path} HTTP/1.1
       User-Agent: cli
       ${as === undefined ? '' : `Authorization: Bearer ${as}`}
       ${body === undefined ? '' : 'Content-Type: application/json'}`,
      body,
    )
  const anonymously = (path: string, body: object) =>
    world.send(`POST ${path} HTTP/1.1\nUser-Agent: cli\nContent-Type: application/json`, body)
  async function logIn(): Promise<string> {
    const { clientId, clientSecret } = world.machine
    // With a slash at the end.
    const reply = await anonymously('/api/v1/auth/universal-auth/login/', { clientId, clientSecret })
    expect(unreadable(reply, loginFields)).toEqual([])
    return textOf(reply, 'accessToken')
  }

  it('finds in its token what `login status` shows', async () => {
    const [, payload = ''] = token.split('.')
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
    expect(claims).toMatchObject({
      authTokenType: 'identityAccessToken',
      identityId: world.machine.identityId,
      identityName: 'reader',
      authMethod: 'universal-auth',
      orgId: world.platform.organizationId,
      exp: expect.any(Number),
    })
    const details = await send('GET', '/api/v1/identities/details')
    expect(unreadable(details, { 'identityDetails.organization.name': 'text' })).toEqual([])
    expect((await send('GET', '/api/v1/identities/details', undefined, 'no-token')).status).toBe(401)
    expect((await anonymously('/api/status', {})).status).toBe(405)
  })

  it('lists its projects, and reads one', async () => {
    const list = await send('GET', '/api/v1/workspace')
    const fields = (at: string): Record<string, Kind> => ({
      [`${at}.id`]: 'text',
      [`${at}.name`]: 'text',
      [`${at}.slug`]: 'text',
      [`${at}.orgId`]: 'text',
      [`${at}.environments.0.slug`]: 'text',
    })
    expect(unreadable(list, fields('workspaces.0'))).toEqual([])
    expect(
      unreadable(await send('GET', `/api/v1/workspace/${world.projectId}`), fields('workspace')),
    ).toEqual([])
    expect(unreadable(await send('GET', '/api/v1/projects'), fields('projects.0'))).toEqual([])
  })

  it('sets secrets by v3, and reads them by v4 with everything said, empty parameters and a body on the GET', async () => {
    const at = { workspaceId: world.projectId, environment: 'dev', secretPath: '/', type: 'shared' }
    const created = await send('POST', '/api/v3/secrets/raw/KEY', {
      ...at,
      secretValue: 'multi\nline\n',
      secretComment: '',
    })
    expect(unreadable(created, secretFields('secret'))).toEqual([])
    expect(valueAt(created.body, 'secret.secretValue')).toBe('multi\nline\n')
    const query =
      `projectId=${world.projectId}&environment=dev&secretPath=&expandSecretReferences=true&includeImports=true` +
      '&recursive=false&includePersonalOverrides=false&viewSecretValue=true&tagSlugs='
    for (const body of [undefined, { projectId: world.projectId, environment: 'dev' }]) {
      const list = await send('GET', `/api/v4/secrets?${query}`, body)
      expect(unreadable(list, { ...secretFields('secrets.0'), 'secrets.0.secretPath': 'text' })).toEqual([])
    }
  })

  it('watches one secret by the ETag of its reply', async () => {
    const read = () =>
      send(
        'GET',
        `/api/v4/secrets/KEY?projectId=${world.projectId}&environment=dev&secretPath=%2F&type=shared`,
      )
    const first = await read()
    expect(unreadable(first, { ...secretFields('secret'), 'secret.secretPath': 'text' })).toEqual([])
    const etag = first.headers.get('etag')
    expect(etag).toBeDefined()
    expect((await read()).headers.get('etag')).toBe(etag)
    const at = { workspaceId: world.projectId, environment: 'dev', secretPath: '/', type: 'shared' }
    await send('PATCH', '/api/v3/secrets/raw/KEY', { ...at, secretValue: 'changed' })
    expect((await read()).headers.get('etag')).not.toBe(etag)
  })

  it('finds imports with an id beside each _id', async () => {
    const at = { projectId: world.projectId, environment: 'staging', secretPath: '/' }
    await send('POST', '/api/v4/secrets/IMPORTED', { ...at, secretValue: '1' })
    await send('POST', '/api/v1/secret-imports', {
      workspaceId: world.projectId,
      environment: 'dev',
      path: '/',
      import: { environment: 'staging', path: '/' },
    })
    const list = await send(
      'GET',
      `/api/v4/secrets?projectId=${world.projectId}&environment=dev&secretPath=%2F`,
    )
    expect(
      unreadable(list, {
        ...secretFields('imports.0.secrets.0'),
        'imports.0.environment': 'text',
        'imports.0.secretPath': 'text',
      }),
    ).toEqual([])
  })

  it('handles folders by `directory`', async () => {
    const body = { workspaceId: world.projectId, environment: 'dev', name: 'cli', directory: '/tools' }
    expect(
      unreadable(await send('POST', '/api/v1/folders', { ...body, path: '/tools' }), { 'folder.id': 'text' }),
    ).toEqual([])
    const list = await send(
      'GET',
      `/api/v1/folders?workspaceId=${world.projectId}&environment=dev&directory=%2Ftools`,
    )
    expect(valueAt(list.body, 'folders.0.name')).toBe('cli')
    const deleted = await send('DELETE', '/api/v1/folders/cli', {
      workspaceId: world.projectId,
      environment: 'dev',
      directory: '/tools',
    })
    expect(valueAt(deleted.body, 'folder.name')).toBe('cli')
  })

  it('deletes secrets by v3 and by v4, with a body', async () => {
    const at = { workspaceId: world.projectId, environment: 'dev', secretPath: '/', type: 'shared' }
    expect((await send('DELETE', '/api/v3/secrets/raw/KEY', at)).status).toBe(200)
    const staging = { projectId: world.projectId, environment: 'staging', secretPath: '/', type: 'shared' }
    const deleted = await send('DELETE', '/api/v4/secrets/IMPORTED', staging)
    expect(unreadable(deleted, secretFields('secret'))).toEqual([])
    expect((await send('DELETE', '/api/v4/secrets/IMPORTED', staging)).status).toBe(404)
  })

  it('asks for tags, which Postern does not have yet: the usual envelope', async () => {
    const reply = await send('GET', `/api/v1/projects/${world.projectId}/tags/slug/x`)
    expect(reply.status).toBe(404)
    expect(unreadable({ ...reply, status: 200 }, { message: 'text', reqId: 'text', error: 'text' })).toEqual(
      [],
    )
  })

  it('the agent renews the token of its file, and is refused at once when that was revoked', async () => {
    const accessToken = await logIn()
    const renewed = await anonymously('/api/v1/auth/token/renew', { accessToken })
    expect(unreadable(renewed, loginFields)).toEqual([])
    await anonymously('/api/v1/auth/token/revoke', { accessToken: textOf(renewed, 'accessToken') })
    expect((await anonymously('/api/v1/auth/token/renew', { accessToken })).status).toBe(401)
    expect((await anonymously('/api/v1/auth/token/renew', { accessToken: 'no.token.here' })).status).toBe(401)
  })
})
