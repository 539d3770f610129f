import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClientWorld, createClientWorld } from './client-world.ts'
import { loginFields, secretFields, textOf, unreadable, valueAt } from './reading.ts'

/** The calls of the External Secrets Operator: each reconciliation logs in, reads, and revokes its token. */
describe('the External Secrets Operator', () => {
  let world: ClientWorld
  beforeAll(async () => {
    world = await createClientWorld()
    const at = { projectSlug: world.projectSlug, environment: 'dev', secretPath: '/', type: 'shared' }
    for (const [name, value] of [
      ['A', '1'],
      ['JSON', '{"user":"ada"}'],
      ['B', '${A}'],
    ]) {
      await asAdmin('POST', `/api/v3/secrets/raw/${name}`, { ...at, secretValue: value })
    }
  })
  afterAll(() => world.close())

  const send = (method: string, path: string, body?: object, token?: string) =>
    world.send(
      `${method} ${path} HTTP/1.1
       User-Agent: external-secrets
       ${token === undefined ? '' : `Authorization: Bearer ${token}`}
       ${body === undefined ? '' : 'Content-Type: application/json'}`,
      body,
    )
  const asAdmin = (method: string, path: string, body?: object) =>
    send(method, path, body, world.platform.adminToken)
  async function logIn(): Promise<string> {
    const { clientId, clientSecret } = world.machine
    const reply = await send('POST', '/api/v1/auth/universal-auth/login', {
      clientId,
      clientSecret,
      organizationSlug: '',
    })
    expect(unreadable(reply, loginFields)).toEqual([])
    return textOf(reply, 'accessToken')
  }
  const query = (more = '') =>
    `environment=dev&expandSecretReferences=true&include_imports=true&recursive=false&secretPath=%2F&workspaceId=&workspaceSlug=${world.projectSlug}${more}`

  it('reads one secret by the slug of its project, then revokes its token with it', async () => {
    const accessToken = await logIn()
    const reply = await send('GET', `/api/v3/secrets/raw/B?${query('&type=shared')}`, undefined, accessToken)
    expect(unreadable(reply, secretFields('secret'))).toEqual([])
    expect(valueAt(reply.body, 'secret.secretValue')).toBe('1')
    const revoked = await send('POST', '/api/v1/auth/token/revoke', { accessToken }, accessToken)
    expect(unreadable(revoked, { message: 'text' })).toEqual([])
    const later = await send('GET', `/api/v3/secrets/raw/B?${query()}`, undefined, accessToken)
    expect(later.status).toBe(401)
  })

  it('takes 404 for "no such secret", and nothing else', async () => {
    const token = await logIn()
    expect((await send('GET', `/api/v3/secrets/raw/NOWHERE?${query()}`, undefined, token)).status).toBe(404)
    const noPath = `environment=dev&secretPath=%2Fnowhere&workspaceSlug=${world.projectSlug}`
    expect((await send('GET', `/api/v3/secrets/raw/A?${noPath}`, undefined, token)).status).toBe(404)
  })

  it('lists all secrets of a path', async () => {
    const reply = await send('GET', `/api/v3/secrets/raw?${query()}`, undefined, await logIn())
    expect(unreadable(reply, secretFields('secrets.0'))).toEqual([])
    expect(valueAt(reply.body, 'secrets')).toMatchObject([
      { secretKey: 'A', secretValue: '1' },
      { secretKey: 'B', secretValue: '1' },
      { secretKey: 'JSON', secretValue: '{"user":"ada"}' },
    ])
  })

  it('finds its project by slug at the top level of the reply, by the newer path and by the older', async () => {
    const token = await logIn()
    for (const path of [
      `/api/v1/projects/slug/${world.projectSlug}`,
      `/api/v1/workspace/slug/${world.projectSlug}`,
    ]) {
      const reply = await send('GET', path, undefined, token)
      expect(unreadable(reply, { id: 'text', slug: 'text', name: 'text' })).toEqual([])
      expect(valueAt(reply.body, 'id')).toBe(world.projectId)
    }
    expect((await send('GET', '/api/v1/projects/slug/nowhere', undefined, token)).status).toBe(404)
  })

  it('stands many logins with their revocations, one after the other', async () => {
    for (let round = 0; round < 25; round += 1) {
      const accessToken = await logIn()
      const reply = await send('POST', '/api/v1/auth/token/revoke', { accessToken }, accessToken)
      expect(reply.status).toBe(200)
    }
  })

  it('prepares its own tests with a role as one word', async () => {
    const identity = await asAdmin('POST', '/api/v1/identities', {
      name: 'eso-e2e',
      organizationId: world.platform.organizationId,
      role: 'no-access',
    })
    const identityId = textOf(identity, 'identity.id')
    const path = `/api/v2/workspace/${world.projectId}/identity-memberships/${identityId}`
    const reply = await asAdmin('POST', path, { role: 'admin' })
    expect(
      unreadable(reply, { 'identityMembership.id': 'text', 'identityMembership.createdAt': 'time' }),
    ).toEqual([])
    const folder = { workspaceId: world.projectId, environment: 'dev', path: '/', name: 'e2e' }
    expect(unreadable(await asAdmin('POST', '/api/v1/folders', folder), { 'folder.id': 'text' })).toEqual([])
    const deleted = await asAdmin('DELETE', '/api/v3/secrets/raw/JSON', {
      workspaceId: world.projectId,
      environment: 'dev',
      secretPath: '/',
      type: 'shared',
    })
    expect(unreadable(deleted, secretFields('secret'))).toEqual([])
  })
})
