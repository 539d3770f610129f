import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attachKubernetesAuth, createIdentity } from '../processes/platform.ts'
import { type ClientWorld, createClientWorld } from './client-world.ts'
import { type Kind, loginFields, secretFields, textOf, unreadable, valueAt } from './reading.ts'
import { startCluster } from './start-cluster.ts'

/** The calls of the Kubernetes operator: both of its versions, and those that its own tests prepare themselves with. */
describe('the Kubernetes operator', () => {
  let world: ClientWorld
  beforeAll(async () => {
    world = await createClientWorld()
  })
  afterAll(() => world.close())

  const send = (method: string, path: string, body?: object, token?: string) =>
    world.send(
      `${method} ${path} HTTP/1.1
       User-Agent: k8-operator
       Accept-Encoding: gzip
       ${token === undefined ? '' : `Authorization: Bearer ${token}`}
       ${body === undefined ? '' : 'Content-Type: application/json'}`,
      body,
    )
  const asAdmin = (method: string, path: string, body?: object) =>
    send(method, path, body, world.platform.adminToken)
  async function logIn(): Promise<string> {
    const { clientId, clientSecret } = world.machine
    const reply = await send('POST', '/api/v1/auth/universal-auth/login', { clientId, clientSecret })
    expect(unreadable(reply, loginFields)).toEqual([])
    return textOf(reply, 'accessToken')
  }

  it('finds the instance well: 200 and exactly "Ok"', async () => {
    const reply = await send('GET', '/api/status')
    expect(reply.status).toBe(200)
    expect(valueAt(reply.body, 'message')).toBe('Ok')
  })

  it('logs in with a token of 600 s that it minted for a service account', async () => {
    await using cluster = await startCluster()
    const identityId = await createIdentity(world.platform, 'workload')
    await attachKubernetesAuth(world.platform, identityId, {
      kubernetesHost: cluster.url,
      caCert: cluster.caCert,
      tokenReviewerJwt: cluster.reviewerJwt,
      allowedNamespaces: 'payments',
      allowedNames: 'api',
    })
    const jwt = await cluster.mintPodToken()
    const reply = await send('POST', '/api/v1/auth/kubernetes-auth/login', { identityId, jwt })
    expect(unreadable(reply, loginFields)).toEqual([])
    const wrong = await send('POST', '/api/v1/auth/kubernetes-auth/login', { identityId, jwt: `${jwt}x` })
    expect(wrong.status).toBe(401)
  })

  it('v1alpha1 reads the project by id or by slug, and its secrets by v3', async () => {
    const token = await logIn()
    const byId = await send('GET', `/api/v1/workspace/${world.projectId}`, undefined, token)
    expect(unreadable(byId, { 'workspace.id': 'text', 'workspace.slug': 'text' })).toEqual([])
    const bySlug = await send('GET', `/api/v2/workspace/${world.projectSlug}`, undefined, token)
    expect(unreadable(bySlug, { id: 'text', slug: 'text' })).toEqual([])
    await asAdmin('POST', '/api/v3/secrets/raw/ALPHA', {
      workspaceId: world.projectId,
      environment: 'dev',
      secretValue: '1',
    })
    const list = await send(
      'GET',
      `/api/v3/secrets/raw?environment=dev&expandSecretReferences=true&include_imports=true&recursive=false&secretPath=%2F&workspaceId=&workspaceSlug=${world.projectSlug}`,
      undefined,
      token,
    )
    expect(unreadable(list, secretFields('secrets.0'))).toEqual([])
  })

  it('v1beta1 relies on the defaults of v4: references expanded, imports included', async () => {
    const at = { projectId: world.projectId, environment: 'prod', secretPath: '/' }
    await asAdmin('POST', '/api/v4/secrets/HOST', { ...at, secretValue: 'db' })
    await asAdmin('POST', '/api/v4/secrets/URL', { ...at, secretValue: 'pg://${HOST}' })
    await asAdmin('POST', '/api/v4/secrets/SHARED', { ...at, environment: 'staging', secretValue: 'all' })
    await asAdmin('POST', '/api/v1/secret-imports', {
      workspaceId: world.projectId,
      environment: 'prod',
      path: '/',
      import: { environment: 'staging', path: '/' },
    })
    const token = await logIn()
    const query = `environment=prod&projectId=${world.projectId}&secretPath=%2F`
    const reply = await send('GET', `/api/v4/secrets?${query}`, undefined, token)
    expect(
      unreadable(reply, { ...secretFields('secrets.1'), ...secretFields('imports.0.secrets.0') }),
    ).toEqual([])
    const secrets = valueAt(reply.body, 'secrets')
    expect(secrets).toMatchObject([
      { secretKey: 'HOST', secretValue: 'db' },
      { secretKey: 'URL', secretValue: 'pg://db' },
    ])
    expect(valueAt(reply.body, 'imports.0')).toMatchObject({
      environment: 'staging',
      secretPath: '/',
      secrets: [{ secretKey: 'SHARED', secretValue: 'all' }],
    })
    const plain = await send(
      'GET',
      `/api/v4/secrets?${query}&expandSecretReferences=false&includeImports=false`,
      undefined,
      token,
    )
    expect(valueAt(plain.body, 'secrets.1.secretValue')).toBe('pg://${HOST}')
    expect(valueAt(plain.body, 'imports') ?? []).toEqual([])
  })

  it('is told with 401, 400 and 404 when to log in again and what to report', async () => {
    const token = await logIn()
    const ask = (query: string, as = token) => send('GET', `/api/v4/secrets?${query}`, undefined, as)
    expect((await ask(`environment=prod&projectId=${world.projectId}`, 'expired')).status).toBe(401)
    const missing = await ask('environment=prod')
    expect([400, 422]).toContain(missing.status)
    expect(valueAt(missing.body, 'message')).toBeDefined()
    expect((await ask(`environment=qa&projectId=${world.projectId}`)).status).toBe(404)
    expect((await ask(`environment=prod&projectId=${world.projectId}&recursive=yes`)).status).toBe(422)
    const events = await send(
      'POST',
      '/api/v1/events/subscribe/project-events',
      { projectId: world.projectId, register: [] },
      token,
    )
    expect(events.status).toBe(404)
    expect(unreadable({ ...events, status: 200 }, { message: 'text', reqId: 'text' })).toEqual([])
  })

  it('prepares its own tests: sign in, project, members, identity, client secret', async () => {
    const { organizationId, person } = world.platform
    const refused = await send('POST', '/api/v3/auth/login', { ...person, password: 'wrong' })
    expect(refused.status).toBe(401)
    const login = await send('POST', '/api/v3/auth/login', person)
    const selected = await send(
      'POST',
      '/api/v3/auth/select-organization',
      { organizationId },
      textOf(login, 'accessToken'),
    )
    expect(unreadable(selected, { token: 'text', isMfaEnabled: 'boolean' })).toEqual([])
    const session = textOf(selected, 'token')
    const asPerson = (method: string, path: string, body?: object) => send(method, path, body, session)
    const project = await asAdmin('POST', '/api/v1/projects', {
      projectName: 'E2E',
      slug: 'e2e-tests',
      type: 'secret-manager',
    })
    const fields: Record<string, Kind> = {
      'project.id': 'text',
      'project.slug': 'text',
      'project.environments.0.slug': 'text',
    }
    expect(unreadable(project, fields)).toEqual([])
    const projectId = textOf(project, 'project.id')
    const member = await asAdmin('POST', `/api/v1/projects/${projectId}/memberships`, {
      usernames: [person.email],
      roleSlugs: ['admin'],
    })
    expect(member.status).toBe(200)
    const identity = await asPerson('POST', '/api/v1/identities', {
      name: 'e2e',
      organizationId,
      role: 'member',
    })
    const identityId = textOf(identity, 'identity.id')
    const root = `/api/v1/auth/universal-auth/identities/${identityId}`
    const attached = await asPerson('POST', root, {
      identityId,
      clientSecretTrustedIps: [{ ipAddress: '0.0.0.0/0' }, { ipAddress: '::/0' }],
      accessTokenTrustedIps: [{ ipAddress: '0.0.0.0/0' }, { ipAddress: '::/0' }],
      accessTokenTTL: 2592000,
      accessTokenMaxTTL: 2592000,
      accessTokenNumUsesLimit: 0,
      clientSecretNumUsesLimit: 0,
      isClientSecretRotationEnabled: false,
    })
    expect(unreadable(attached, { 'identityUniversalAuth.clientId': 'text' })).toEqual([])
    const secret = await asPerson('POST', `${root}/client-secrets`, {
      description: 'e2e',
      numUsesLimit: 0,
      ttl: 0,
    })
    const membership = await asPerson(
      'POST',
      `/api/v1/projects/${projectId}/memberships/identities/${identityId}`,
      {
        roles: [{ role: 'admin' }],
      },
    )
    expect(unreadable(membership, { 'identityMembership.id': 'text' })).toEqual([])
    const reply = await send('POST', '/api/v1/auth/universal-auth/login', {
      clientId: textOf(attached, 'identityUniversalAuth.clientId'),
      clientSecret: textOf(secret, 'clientSecret'),
    })
    expect(unreadable(reply, loginFields)).toEqual([])
    const folder = await asPerson('POST', '/api/v2/folders', {
      projectId,
      environment: 'dev',
      name: 'sub',
      path: '/',
    })
    expect(unreadable(folder, { 'folder.id': 'text' })).toEqual([])
    const imported = await asPerson('POST', '/api/v2/secret-imports', {
      projectId,
      environment: 'dev',
      path: '/',
      import: { environment: 'dev', path: '/sub' },
    })
    expect(unreadable(imported, { 'secretImport.id': 'text' })).toEqual([])
  })
})
