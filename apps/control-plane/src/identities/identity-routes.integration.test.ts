import { randomUUID } from 'node:crypto'
import { identityMembershipResponse, listIdentitiesResponse } from '@postern/api-contract/identities'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type PosternWithClients,
  startPosternWithClients,
  universalAuthPath,
} from '../universal-auth/test/postern-with-clients.ts'

const path = '/api/v1/identities'
const searchPath = `${path}/search`

let postern: PosternWithClients
beforeAll(async () => {
  postern = await startPosternWithClients()
})
afterAll(() => postern.close())

let count = 0

async function createRole(permissions: { subject: string; action: string[] }[]): Promise<string> {
  const slug = `role-${String((count += 1))}`
  const body = { slug, name: 'Role', description: 'For tests', permissions }
  const reply = await postern.call('POST', '/api/v1/organization/roles', body)
  expect(reply.status).toBe(200)
  return slug
}

async function tokenOf(role: string): Promise<string> {
  return postern.logIn(await postern.createClient({}, {}, role))
}

async function create(change: object = {}): Promise<string> {
  const body = { name: 'ci', organizationId: postern.organizationId, ...change }
  const reply = await postern.call('POST', path, body)
  expect(reply.status).toBe(200)
  return identityMembershipResponse.shape.identity.shape.identity
    .pick({ id: true })
    .parse(Object(reply.body).identity).id
}

async function read(identityId: string) {
  const { body } = await postern.call('GET', `${path}/${identityId}`)
  return identityMembershipResponse.parse(body).identity
}

describe('who may do what with identities', () => {
  const id = randomUUID()
  const calls: [string, string, object | undefined, string][] = [
    ['POST', searchPath, {}, 'read'],
    ['GET', `${path}/${id}/identity-memberships`, undefined, 'read'],
    ['POST', path, { name: 'x', organizationId: id }, 'create'],
    ['GET', `${path}?orgId=${id}`, undefined, 'read'],
    ['GET', `${path}/${id}`, undefined, 'read'],
    ['PATCH', `${path}/${id}`, { name: 'x' }, 'edit'],
    ['DELETE', `${path}/${id}`, undefined, 'delete'],
  ]

  it.each(calls)('%s %s needs a credential', async (method, url, body) => {
    const reply = await postern.app.call(method, url, { body })
    expect(reply).toMatchObject({ status: 401, body: { error: 'Unauthorized' } })
  })

  it.each(calls)('T17 %s %s is refused without the right, by its name', async (method, url, body, action) => {
    const reply = await postern.call(method, url, body, await tokenOf('no-access'))
    expect(reply).toMatchObject({
      status: 403,
      body: { error: 'PermissionDenied', details: { action, subject: 'identities' } },
    })
  })

  it('T17 whoever may change identities may not lay hands on one that may do more', async () => {
    const all = ['read', 'create', 'edit', 'delete', 'edit-auth', 'revoke']
    const role = await createRole([{ subject: 'identities', action: all }])
    const token = await tokenOf(role)
    const admin = await postern.createClient({}, {}, 'admin')
    const target = `${path}/${admin.identityId}`
    const auth = universalAuthPath(admin.identityId)
    const kubernetesAuth = `/api/v1/auth/kubernetes-auth/identities/${admin.identityId}`
    const settings = {
      kubernetesHost: 'https://kubernetes.example.com',
      allowedNamespaces: 'a',
      allowedNames: 'a',
      allowedAudience: '',
    }
    const attempts: [string, string, object?][] = [
      ['PATCH', target, { name: 'mine' }],
      ['PATCH', target, { isDisabled: true }],
      ['PATCH', target, { role: 'no-access' }],
      ['DELETE', target],
      ['POST', kubernetesAuth, settings],
      ['PATCH', kubernetesAuth, { allowedNames: 'b' }],
      ['DELETE', kubernetesAuth],
      ['PATCH', auth, { accessTokenTTL: 60 }],
      ['DELETE', auth],
      ['POST', `${auth}/client-secrets`, {}],
      ['POST', `${auth}/client-secrets/${admin.clientSecretId}/revoke`, {}],
    ]
    for (const [method, url, body] of attempts) {
      // One after the other: each must be refused for the same reason.
      // oxlint-disable-next-line no-await-in-loop
      const reply = await postern.call(method, url, body, token)
      expect(reply, `${method} ${url}`).toMatchObject({ status: 403, body: { error: 'PermissionDenied' } })
    }
    expect((await postern.login(admin)).status).toBe(200)
    const peer = await postern.createClient({}, {}, role)
    const harmless = await postern.call('PATCH', `${path}/${peer.identityId}`, { name: 'ours' }, token)
    expect(harmless.status).toBe(200)
  })

  it('T17 nobody gives a role above their own, not even by a role of their own making', async () => {
    const role = await createRole([
      { subject: 'identities', action: ['read', 'create', 'edit'] },
      { subject: 'gateways', action: ['read'] },
    ])
    const above = await createRole([{ subject: 'gateways', action: ['read', 'attach'] }])
    const token = await tokenOf(role)
    const { organizationId } = postern
    for (const wanted of ['admin', 'member', above]) {
      // oxlint-disable-next-line no-await-in-loop
      const created = await postern.call('POST', path, { name: 'x', organizationId, role: wanted }, token)
      expect(created.status).toBe(403)
    }
    const id = await create({ role: 'no-access' })
    expect((await postern.call('PATCH', `${path}/${id}`, { role: above }, token)).status).toBe(403)
    expect((await postern.call('PATCH', `${path}/${id}`, { role }, token)).status).toBe(200)
  })

  it('T46 a disabled identity’s token is dead at once, and its login too', async () => {
    const client = await postern.createClient({}, {}, 'member')
    const token = await postern.logIn(client)
    const url = `${path}/${client.identityId}`
    expect((await postern.call('GET', url, undefined, token)).status).toBe(200)
    await postern.call('PATCH', url, { isDisabled: true })
    expect((await postern.call('GET', url, undefined, token)).status).toBe(401)
    expect((await postern.login(client)).status).toBe(401)
    await postern.call('PATCH', url, { isDisabled: false })
    expect((await postern.call('GET', url, undefined, token)).status).toBe(401)
    expect((await postern.login(client)).status).toBe(200)
  })

  it('T46 a deleted identity’s token is dead at once', async () => {
    const client = await postern.createClient({}, {}, 'member')
    const token = await postern.logIn(client)
    expect((await postern.call('DELETE', `${path}/${client.identityId}`)).status).toBe(200)
    expect((await postern.call('GET', '/api/v1/identities/details', undefined, token)).status).toBe(401)
    expect((await postern.login(client)).status).toBe(401)
  })

  it('T18 what is no id, or of nobody here, is not found', async () => {
    for (const id of [randomUUID(), 'nothing']) {
      // oxlint-disable-next-line no-await-in-loop
      const reply = await postern.call('GET', `${path}/${id}/identity-memberships`)
      expect(reply).toMatchObject({
        status: 404,
        body: { message: 'There is no such identity in your organization' },
      })
    }
  })
})

describe('an identity', () => {
  it('comes with Universal Auth, which clients attach as if there were none', async () => {
    const created = await postern.call('POST', path, { name: 'ci', organizationId: postern.organizationId })
    expect(created.body).toMatchObject({
      identity: { authMethods: ['universal-auth'], metadata: [], hasDeleteProtection: false },
    })
    const id = await create()
    expect((await postern.call('GET', universalAuthPath(id))).body).toMatchObject({
      identityUniversalAuth: { accessTokenTTL: 2_592_000, lockoutEnabled: true },
    })
    const attached = await postern.call('POST', universalAuthPath(id), { accessTokenTTL: 600 })
    expect(attached).toMatchObject({ status: 200, body: { identityUniversalAuth: { accessTokenTTL: 600 } } })
    expect((await postern.call('POST', universalAuthPath(id), {})).status).toBe(400)
    expect((await postern.call('DELETE', universalAuthPath(id))).status).toBe(200)
    expect((await read(id)).identity.authMethods).toEqual([])
  })

  it('shows one of the organization’s own roles as clients read it', async () => {
    const permissions = [{ subject: 'projects', action: ['read'] }]
    const slug = await createRole(permissions)
    const id = await create({ role: slug })
    expect(await read(id)).toMatchObject({
      role: 'custom',
      roleId: expect.any(String),
      customRole: { slug, name: 'Role', description: 'For tests', permissions },
    })
    expect(await read(await create({ role: 'member' }))).toMatchObject({
      role: 'member',
      roleId: null,
      customRole: null,
    })
  })

  it('cannot be given a role that does not exist', async () => {
    const { organizationId } = postern
    const created = await postern.call('POST', path, { name: 'x', organizationId, role: 'owner' })
    expect(created).toMatchObject({
      status: 400,
      body: { message: 'There is no such role in your organization' },
    })
    const id = await create()
    expect((await postern.call('PATCH', `${path}/${id}`, { role: 'owner' })).status).toBe(400)
  })

  it('that is protected is not deleted until that is turned off', async () => {
    const id = await create({ hasDeleteProtection: true })
    expect(await postern.call('DELETE', `${path}/${id}`)).toMatchObject({
      status: 400,
      body: { error: 'BadRequest', message: expect.stringContaining('hasDeleteProtection') },
    })
    expect((await postern.call('PATCH', `${path}/${id}`, { hasDeleteProtection: false })).status).toBe(200)
    expect((await postern.call('DELETE', `${path}/${id}`)).status).toBe(200)
    expect((await postern.call('DELETE', `${path}/${id}`)).status).toBe(404)
  })

  it('takes what Terraform sends: metadata that is null, and all fields in a change', async () => {
    const id = await create({ metadata: null })
    const body = { name: 'ci', role: 'no-access', hasDeleteProtection: false, metadata: null, identityId: id }
    expect((await postern.call('PATCH', `${path}/${id}`, body)).status).toBe(200)
    const metadata = [{ key: 'team', value: 'payments' }]
    await postern.call('PATCH', `${path}/${id}`, { ...body, metadata })
    await postern.call('PATCH', `${path}/${id}`, body)
    expect((await read(id)).metadata).toMatchObject(metadata)
    await postern.call('PATCH', `${path}/${id}`, { metadata: [] })
    expect((await read(id)).metadata).toEqual([])
  })

  it('shows when and how it logged in last', async () => {
    const client = await postern.createClient()
    expect(await read(client.identityId)).toMatchObject({ lastLoginAuthMethod: null, lastLoginTime: null })
    await postern.logIn(client)
    await expect
      .poll(() => read(client.identityId), { timeout: 5000 })
      .toMatchObject({ lastLoginAuthMethod: 'universal-auth', lastLoginTime: expect.any(String) })
  })

  it('names the projects that it is in, of those that the caller may see', async () => {
    const id = await create()
    const project = await postern.call('POST', '/api/v1/projects', { projectName: 'Shop' })
    const projectId: unknown = Object(Object(project.body).project).id
    const added = await postern.call(
      'POST',
      `/api/v1/projects/${String(projectId)}/memberships/identities/${id}`,
      { roles: [{ role: 'viewer' }] },
    )
    expect(added.status).toBe(200)
    const url = `${path}/${id}/identity-memberships`
    expect((await postern.call('GET', url)).body).toMatchObject({
      identityMemberships: [
        { identityId: id, project: { id: projectId, name: 'Shop' }, roles: [{ role: 'viewer' }] },
      ],
    })
    const outsider = await postern.call('GET', url, undefined, await tokenOf('member'))
    expect(outsider).toMatchObject({ status: 200, body: { identityMemberships: [] } })
  })

  it('T17 is not changed by whoever may do less than it in one of its projects', async () => {
    const id = await create()
    const project = await postern.call('POST', '/api/v1/projects', { projectName: 'Vault' })
    const projectId = String(Object(Object(project.body).project).id)
    await postern.call('POST', `/api/v1/projects/${projectId}/memberships/identities/${id}`, {
      role: 'admin',
    })
    const token = await tokenOf(
      await createRole([
        { subject: 'identities', action: ['read', 'edit', 'delete', 'edit-auth', 'revoke'] },
      ]),
    )
    for (const [method, url, body] of [
      ['PATCH', `${path}/${id}`, { name: 'mine' }],
      ['DELETE', `${path}/${id}`, undefined],
      ['POST', `${universalAuthPath(id)}/client-secrets`, {}],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const reply = await postern.call(method, url, body, token)
      expect(reply).toMatchObject({ status: 403, body: { error: 'PermissionDenied' } })
    }
  })
})

describe('a search for identities', () => {
  const names = async (search: object, change: object = {}) => {
    const reply = await postern.call('POST', searchPath, { search, ...change })
    const { identities, totalCount } = listIdentitiesResponse.parse(reply.body)
    return { names: identities.map(({ identity }) => identity.name), totalCount }
  }
  let role: string
  beforeAll(async () => {
    role = await createRole([])
    for (const [name, ownRole] of [
      ['search-Alpha', 'member'],
      ['search-beta', role],
      ['search-gamma', 'no-access'],
      ['search-100%_', 'no-access'],
    ]) {
      // oxlint-disable-next-line no-await-in-loop
      await create({ name, role: ownRole })
    }
  })

  it.each<[string, object, string[]]>([
    ['a part of the name, whatever its case', { name: { $contains: 'SEARCH-A' } }, ['search-Alpha']],
    ['signs of other languages for themselves', { name: { $contains: '100%_' } }, ['search-100%_']],
    ['a name', { name: { $eq: 'search-beta' } }, ['search-beta']],
    [
      'one of some names',
      { name: { $in: ['search-beta', 'search-gamma'] } },
      ['search-beta', 'search-gamma'],
    ],
    ['no name', { name: { $in: [] } }, []],
    [
      'all that is named at once',
      { name: { $contains: 'search-' }, role: { $eq: 'member' } },
      ['search-Alpha'],
    ],
    [
      'one of several searches',
      {
        name: { $contains: 'search-' },
        $or: [{ role: { $eq: 'member' } }, { name: { $eq: 'search-gamma' } }],
      },
      ['search-Alpha', 'search-gamma'],
    ],
    ['none of no searches', { $or: [] }, []],
  ])('finds %s', async (_title, search, expected) => {
    const found = await names(search)
    expect(found.names.toSorted()).toEqual(expected.toSorted())
    expect(found.totalCount).toBe(expected.length)
  })

  it('finds by a role of the organization’s own', async () => {
    expect((await names({ role: { $in: [role] } })).names).toEqual(['search-beta'])
  })

  it('is ordered and paged, and counts all pages', async () => {
    const search = { name: { $contains: 'search-' } }
    const all = await names(search, { orderDirection: 'desc' })
    const pages = await Promise.all(
      [0, 2].map((offset) => names(search, { orderDirection: 'desc', limit: 2, offset })),
    )
    expect(pages.flatMap((page) => page.names)).toEqual(all.names)
    expect(pages.map(({ totalCount }) => totalCount)).toEqual([4, 4])
    const turned = await names(search, { orderBy: 'createdAt' })
    expect(turned.names).toEqual(['search-Alpha', 'search-beta', 'search-gamma', 'search-100%_'])
  })

  it.each<[string, object]>([
    ['another operator', { search: { name: { $regex: '.*' } } }],
    ['another field in one of several', { search: { $or: [{ organizationId: { $eq: 'x' } }] } }],
    ['a NUL', { search: { name: { $eq: 'a\u0000' } } }],
    ['another order', { orderBy: 'secret' }],
    ['too large a page', { limit: 1001 }],
    ['an offset beyond PostgreSQL’s integers', { offset: 2 ** 40 }],
  ])('is refused with %s', async (_title, body) => {
    const reply = await postern.call('POST', searchPath, body)
    expect(reply).toMatchObject({ status: 422, body: { error: 'ValidationFailure' } })
  })
})
