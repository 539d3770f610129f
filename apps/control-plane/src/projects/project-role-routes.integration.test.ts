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

const current = () => `/api/v1/projects/${project.id}/roles`
const readSecrets = { subject: 'secrets', action: ['read', 'read-value'] }
const inDev = { ...readSecrets, conditions: { environment: 'dev' } }

describe('roles of a project’s own', () => {
  it('nobody makes, changes or deletes one that holds more than they have', async () => {
    await postern.createRole(project.id, 'role-keeper', [
      { subject: 'roles', action: ['read', 'create', 'edit', 'delete'] },
      inDev,
    ])
    const everywhere = await postern.createRole(project.id, 'everywhere', [readSecrets])
    const { token } = await postern.createMember(project.id, 'role-keeper')
    const make = (permissions: object[]) =>
      postern.send('POST', current(), { slug: 'mine', name: 'Mine', permissions }, token)
    const wider: object[][] = [
      [readSecrets],
      [{ ...inDev, action: ['edit'] }],
      [{ ...readSecrets, conditions: { environment: { $glob: 'd*' } } }],
      [{ subject: 'project', action: 'delete' }],
    ]
    for (const permissions of wider) {
      const refused = await make(permissions)
      expect([permissions, refused.status]).toEqual([permissions, 403])
      expect(await postern.eventsOf(refused)).toMatchObject([
        { event: 'project-role-created', outcome: 'denied', details: { role: 'mine' } },
      ])
    }
    expect(await postern.send('PATCH', `${current()}/${everywhere}`, { name: 'Mine' }, token)).toMatchObject({
      status: 403,
    })
    expect(await postern.send('DELETE', `${current()}/${everywhere}`, undefined, token)).toMatchObject({
      status: 403,
    })
    const made = await make([{ ...inDev, conditions: { environment: 'dev', secretPath: '/app' } }])
    expect(made).toMatchObject({ status: 200 })
    const { id } = (made.body as { role: { id: string } }).role
    const widened = await postern.send('PATCH', `${current()}/${id}`, { permissions: [readSecrets] }, token)
    expect(widened).toMatchObject({ status: 403 })
    expect(await postern.send('DELETE', `${current()}/${id}`, undefined, token)).toMatchObject({
      status: 200,
    })
  })

  it.each([
    [{ name: 'x', permissions: [] }, 422],
    [{ slug: 'x', permissions: [] }, 422],
    [{ slug: 'x', name: 'x' }, 422],
    [{ slug: 'X', name: 'x', permissions: [] }, 422],
    [{ slug: 'x', name: 'x', permissions: [{ subject: 'gateways', action: 'read' }] }, 422],
    [{ slug: 'x', name: 'x', permissions: [{ subject: 'secrets', action: 'fly' }] }, 422],
    [{ slug: 'x', name: 'x', permissions: [{ ...readSecrets, conditions: { planet: 'mars' } }] }, 422],
    [{ slug: 'x', name: 'x', permissions: Array.from({ length: 201 }, () => readSecrets) }, 422],
    [{ slug: 'admin', name: 'x', permissions: [] }, 400],
    [{ slug: 'no-access', name: 'x', permissions: [] }, 400],
  ])('refuses %j', async (body, status) => {
    expect(await postern.send('POST', current(), body)).toMatchObject({ status })
  })

  it.each([
    ['/api/v1/projects', 'id'],
    ['/api/v2/workspace', 'id'],
    ['/api/v1/workspace', 'slug'],
  ] as const)('%s/:%s/roles makes, tells, changes and deletes', async (prefix, by) => {
    const all = `${prefix}/${project[by]}/roles`
    const permissions = [
      { subject: 'secrets', action: 'read', inverted: false, conditions: null },
      { subject: 'secrets', action: ['read'], inverted: true, conditions: { environment: 'prod' } },
    ]
    const made = await postern.send('POST', all, {
      slug: 'dev-only',
      name: 'Dev',
      description: '',
      permissions,
    })
    const role = {
      id: expect.any(String),
      slug: 'dev-only',
      name: 'Dev',
      projectId: project.id,
      permissions: [
        { subject: 'secrets', action: ['read'] },
        { subject: 'secrets', action: ['read'], inverted: true, conditions: { environment: 'prod' } },
      ],
    }
    expect(made).toMatchObject({ status: 200, body: { role } })
    expect(await postern.eventsOf(made)).toMatchObject([
      { event: 'project-role-created', details: { role: 'dev-only', ruleCount: 2 } },
    ])
    expect(await postern.send('POST', all, { slug: 'dev-only', name: 'x', permissions })).toMatchObject({
      status: 400,
    })
    const { id } = (made.body as { role: { id: string } }).role
    expect((await postern.send('GET', `${all}/slug/dev-only`)).body).toEqual(made.body)
    expect((await postern.send('GET', `/api/v1/projects/roles/${id}`)).body).toEqual(made.body)
    const list = (await postern.send('GET', all)).body as { roles: { slug: string }[] }
    expect(list.roles.map(({ slug }) => slug)).toEqual(['admin', 'member', 'viewer', 'no-access', 'dev-only'])
    expect((await postern.send('GET', `${all}/slug/admin`)).body).toMatchObject({
      role: {
        slug: 'admin',
        permissions: expect.arrayContaining([{ subject: 'project', action: expect.any(Array) }]),
      },
    })
    expect(await postern.send('GET', `${all}/slug/none`)).toMatchObject({ status: 404 })

    const changed = await postern.send('PATCH', `${all}/${id}`, {
      slug: 'renamed',
      permissions: [readSecrets],
    })
    expect(changed.body).toMatchObject({
      role: { id, slug: 'renamed', name: 'Dev', permissions: [readSecrets] },
    })
    await postern.createRole(project.id, 'other', [])
    expect(await postern.send('PATCH', `${all}/${id}`, { slug: 'other' })).toMatchObject({ status: 400 })
    expect(await postern.send('PATCH', `${all}/${id}`, { slug: 'viewer' })).toMatchObject({ status: 400 })

    const deleted = await postern.send('DELETE', `${all}/${id}`)
    expect(deleted).toMatchObject({ status: 200, body: { role: { id } } })
    expect(await postern.eventsOf(deleted)).toMatchObject([{ event: 'project-role-deleted' }])
    expect(await postern.send('DELETE', `${all}/${id}`)).toMatchObject({ status: 404 })
    expect(await postern.send('PATCH', `${all}/${id}`, {})).toMatchObject({ status: 404 })
  })

  it('one that members have is not deleted; what it allows changes for them at once', async () => {
    const roleId = await postern.createRole(project.id, 'looker', [{ subject: 'project', action: 'read' }])
    const { token, identityId } = await postern.createMember(project.id, 'looker')
    const read = () => postern.send('GET', `/api/v1/projects/${project.id}`, undefined, token)
    expect(await read()).toMatchObject({ status: 200 })
    expect(await postern.send('DELETE', `${current()}/${roleId}`)).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('1 member') },
    })
    await postern.send('PATCH', `${current()}/${roleId}`, { permissions: [] })
    expect(await read()).toMatchObject({ status: 403 })
    await postern.send('DELETE', `/api/v1/projects/${project.id}/memberships/identities/${identityId}`)
    expect(await postern.send('DELETE', `${current()}/${roleId}`)).toMatchObject({ status: 200 })
  })

  it('one of another project is unknown here, by id and by slug', async () => {
    const other = await postern.createProject()
    const roleId = await postern.createRole(other.id, 'theirs', [readSecrets])
    for (const method of ['PATCH', 'DELETE']) {
      expect(await postern.send(method, `${current()}/${roleId}`, {})).toMatchObject({ status: 404 })
    }
    const identityId = await postern.createIdentity()
    const path = `/api/v1/projects/${project.id}/memberships/identities/${identityId}`
    expect(await postern.send('POST', path, { role: 'theirs' })).toMatchObject({ status: 400 })
  })
})
