import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type PosternWithProjects,
  startPosternWithProjects,
  type TestProject,
} from './test/postern-with-projects.ts'

let postern: PosternWithProjects
let project: TestProject
beforeAll(async () => {
  postern = await startPosternWithProjects()
})
afterAll(() => postern.close())
beforeEach(async () => {
  project = await postern.createProject()
})

const all = () => `/api/v1/projects/${project.id}/identities`
async function create(body: object = {}, token?: string) {
  const reply = await postern.send('POST', all(), { name: 'deployer', ...body }, token)
  return { reply, identity: (reply.body as { identity: { id: string } }).identity }
}

describe('identities that a project owns', () => {
  it('nobody makes, changes or deletes one beyond their own rights', async () => {
    await postern.createRole(project.id, 'keeper', [
      { subject: 'identities', action: ['read', 'create', 'edit', 'delete'] },
    ])
    const { token } = await postern.createMember(project.id, 'keeper')
    expect((await create({ roles: [{ role: 'viewer' }] }, token)).reply).toMatchObject({ status: 403 })
    const { identity } = await create({ roles: [{ role: 'viewer' }] })
    const one = `${all()}/${identity.id}`
    expect(await postern.send('PATCH', one, { name: 'mine' }, token)).toMatchObject({ status: 403 })
    const refused = await postern.send('DELETE', one, undefined, token)
    expect(refused).toMatchObject({ status: 403 })
    expect(await postern.eventsOf(refused)).toMatchObject([{ event: 'identity-deleted', outcome: 'denied' }])
    const own = (await create({}, token)).identity
    expect(await postern.send('DELETE', `${all()}/${own.id}`, undefined, token)).toMatchObject({
      status: 200,
    })
  })

  it.each([
    [{ name: '' }, 422],
    [{ name: 'x'.repeat(256) }, 422],
    [{ hasDeleteProtection: 'yes' }, 422],
    [{ metadata: [{ key: '' }] }, 422],
    [{ roles: [{ role: 'nothing' }] }, 400],
  ])('refuses %j', async (body, status) => {
    expect((await create(body)).reply).toMatchObject({ status })
  })

  it('are members from the start, log in, and are administered by the project', async () => {
    const metadata = [{ key: 'team', value: 'payments' }]
    const { reply, identity } = await create({ metadata })
    const shape = {
      id: identity.id,
      name: 'deployer',
      orgId: postern.organizationId,
      projectId: project.id,
      hasDeleteProtection: false,
      activeLockoutAuthMethods: [],
      authMethods: ['universal-auth'],
      metadata,
    }
    expect(reply).toMatchObject({ status: 200, body: { identity: shape } })
    expect(await postern.eventsOf(reply)).toMatchObject([
      { event: 'identity-created', details: { projectId: project.id, roles: ['no-access'] } },
    ])
    const one = `${all()}/${identity.id}`
    expect((await postern.send('GET', one)).body).toMatchObject({ identity: shape })
    const membership = `/api/v1/projects/${project.id}/memberships/identities/${identity.id}`
    expect((await postern.send('GET', membership)).body).toMatchObject({
      identityMembership: { roles: [{ role: 'no-access' }], identity: { projectId: project.id } },
    })
    const token = await postern.logIn(identity.id)
    const read = () => postern.send('GET', `/api/v1/projects/${project.id}`, undefined, token)
    expect(await read()).toMatchObject({ status: 403 })
    await postern.send('PATCH', membership, { roles: [{ role: 'viewer' }] })
    expect(await read()).toMatchObject({ status: 200 })

    const changed = await postern.send('PATCH', one, {
      name: 'renamed',
      metadata: null,
      hasDeleteProtection: true,
    })
    expect(changed.body).toMatchObject({ identity: { ...shape, name: 'renamed', hasDeleteProtection: true } })
    expect(await postern.send('DELETE', one)).toMatchObject({ status: 400 })
    await postern.send('PATCH', one, { hasDeleteProtection: false, metadata: [] })
    const deleted = await postern.send('DELETE', one)
    expect(deleted).toMatchObject({ status: 200, body: { identity: { id: identity.id, metadata: [] } } })
    expect(await postern.eventsOf(deleted)).toMatchObject([{ event: 'identity-deleted' }])
    expect(await read()).toMatchObject({ status: 401 })
    expect(await postern.send('GET', one)).toMatchObject({ status: 404 })
    expect(await postern.send('DELETE', one)).toMatchObject({ status: 404 })
  })

  it('T17 get no rights in the organization, which whoever administers the project would have then', async () => {
    const { identity } = await create()
    const one = `/api/v1/identities/${identity.id}`
    for (const role of ['admin', 'member'])
      expect(await postern.send('PATCH', one, { role })).toMatchObject({ status: 400 })
    expect(await postern.send('PATCH', one, { role: 'no-access', name: 'renamed' })).toMatchObject({
      status: 200,
    })
    expect((await postern.send('GET', one)).body).toMatchObject({
      identity: { role: 'no-access', identity: { name: 'renamed' } },
    })
  })

  it('are listed in pages, and in the organization’s list with the project’s id', async () => {
    for (const name of ['alpha', 'beta', 'gamma']) await create({ name })
    await postern.createMember(project.id, 'viewer')
    const list = async (query: string) =>
      (await postern.send('GET', `${all()}?${query}`)).body as {
        identities: { name: string }[]
        totalCount: number
      }
    const page = await list('offset=1&limit=1')
    expect([page.identities.map(({ name }) => name), page.totalCount]).toEqual([['beta'], 3])
    expect((await list('search=AMM')).identities).toMatchObject([{ name: 'gamma', projectId: project.id }])
    const { body } = await postern.send(
      'GET',
      `/api/v1/identities?orgId=${postern.organizationId}&limit=1000&search=alpha`,
    )
    expect(body).toMatchObject({ identities: [{ identity: { name: 'alpha', projectId: project.id } }] })
  })

  it('belong to their project alone: no other takes them, and they do not leave it', async () => {
    const { identity } = await create()
    const other = await postern.createProject()
    const elsewhere = `/api/v1/projects/${other.id}/memberships/identities/${identity.id}`
    expect(await postern.send('POST', elsewhere, { role: 'viewer' })).toMatchObject({ status: 400 })
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const path = `/api/v1/projects/${other.id}/identities/${identity.id}`
      expect(await postern.send(method, path, method === 'GET' ? undefined : {})).toMatchObject({
        status: 404,
      })
    }
    const membership = `/api/v1/projects/${project.id}/memberships/identities/${identity.id}`
    expect(await postern.send('DELETE', membership)).toMatchObject({ status: 400 })
    const { body } = await postern.send(
      'GET',
      `/api/v1/projects/${other.id}/memberships/available-identities?limit=1000`,
    )
    const { identities } = body as { identities: { id: string }[] }
    expect(identities.some(({ id }) => id === identity.id)).toBe(false)
  })

  it('an identity of the organization is none of the project’s own', async () => {
    const { identityId } = await postern.createMember(project.id, 'viewer')
    expect(await postern.send('GET', `${all()}/${identityId}`)).toMatchObject({ status: 404 })
    expect(await postern.send('DELETE', `${all()}/${identityId}`)).toMatchObject({ status: 404 })
  })
})
