import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type Machine,
  type PosternWithProjects,
  startPosternWithProjects,
  type TestProject,
} from './test/postern-with-projects.ts'

let postern: PosternWithProjects
let project: TestProject
let identityId: string
beforeAll(async () => {
  postern = await startPosternWithProjects()
})
afterAll(() => postern.close())
beforeEach(async () => {
  project = await postern.createProject()
  identityId = await postern.createIdentity()
})

const paths = [
  (id: string) => `/api/v1/projects/${id}/memberships/identities`,
  (id: string) => `/api/v1/projects/${id}/identity-memberships`,
  (id: string) => `/api/v2/workspace/${id}/identity-memberships`,
]
const current = (id = identityId) => `/api/v1/projects/${project.id}/memberships/identities/${id}`
/** As Terraform sends each role. */
const lasting = (role: string) => ({
  role,
  isTemporary: false,
  temporaryMode: '',
  temporaryRange: '',
  temporaryAccessStartTime: '0001-01-01T00:00:00Z',
})
const temporary = (role: string, fromMs: number, range = '1h') => ({
  role,
  isTemporary: true,
  temporaryMode: 'relative',
  temporaryRange: range,
  temporaryAccessStartTime: new Date(Date.now() + fromMs).toISOString(),
})

async function statusOfRead(machine: Machine): Promise<number> {
  return (await postern.send('GET', `/api/v1/projects/${project.id}`, undefined, machine.token)).status
}

describe('the boundary', () => {
  it('nobody adds with, changes to, or lays hands on a role beyond their own', async () => {
    await postern.createRole(project.id, 'keeper', [
      { subject: 'identities', action: ['read', 'create', 'edit', 'delete'] },
      { subject: 'secrets', action: ['read', 'read-value'], conditions: { environment: 'dev' } },
    ])
    await postern.createRole(project.id, 'dev-reader', [
      { subject: 'secrets', action: 'read-value', conditions: { environment: { $in: ['dev'] } } },
    ])
    await postern.createRole(project.id, 'prod-reader', [
      { subject: 'secrets', action: 'read-value', conditions: { environment: 'prod' } },
    ])
    const { token } = await postern.createMember(project.id, 'keeper')
    const admin = await postern.createMember(project.id, 'admin')
    const add = (role: string, id = identityId) =>
      postern.send('POST', current(id), { roles: [{ role }] }, token)
    for (const role of ['admin', 'member', 'viewer', 'prod-reader']) {
      const refused = await add(role)
      expect([role, refused.status]).toEqual([role, 403])
      expect(await postern.eventsOf(refused)).toMatchObject([
        { event: 'project-member-added', outcome: 'denied', details: { roles: [role] } },
      ])
    }
    expect(await add('dev-reader')).toMatchObject({ status: 200 })
    const change = (role: string, id = identityId) =>
      postern.send('PATCH', current(id), { roles: [{ role }] }, token)
    expect(await change('prod-reader')).toMatchObject({ status: 403 })
    expect(await change('no-access', admin.identityId)).toMatchObject({ status: 403 })
    expect(await postern.send('DELETE', current(admin.identityId), undefined, token)).toMatchObject({
      status: 403,
    })
    expect(await change('no-access')).toMatchObject({ status: 200 })
    expect(await postern.send('DELETE', current(), undefined, token)).toMatchObject({ status: 200 })
  })

  it('T17 who is to change an identity, or how it logs in, has its rights in its projects too', async () => {
    const slug = `keeper-${randomUUID().slice(0, 8)}`
    await postern.send('POST', '/api/v1/organization/roles', {
      slug,
      name: 'Keeper',
      permissions: [{ subject: 'identities', action: ['read', 'edit', 'delete', 'edit-auth', 'revoke'] }],
    })
    const keeper = await postern.createMachine(slug)
    const admin = await postern.createMember(project.id, 'admin')
    const one = `/api/v1/identities/${admin.identityId}`
    const secrets = `/api/v1/auth/universal-auth/identities/${admin.identityId}/client-secrets`
    expect(await postern.send('PATCH', one, { name: 'mine' }, keeper.token)).toMatchObject({ status: 403 })
    expect(await postern.send('DELETE', one, undefined, keeper.token)).toMatchObject({ status: 403 })
    expect(await postern.send('POST', secrets, {}, keeper.token)).toMatchObject({ status: 403 })
    // Within its own rights there it may.
    await postern.send('POST', current(keeper.identityId), { role: 'admin' })
    expect(await postern.send('POST', secrets, {}, keeper.token)).toMatchObject({ status: 200 })
    await postern.send('PATCH', current(keeper.identityId), { roles: [{ role: 'viewer' }] })
    expect(await postern.send('POST', secrets, {}, keeper.token)).toMatchObject({ status: 403 })
    await postern.send('PATCH', current(admin.identityId), { roles: [{ role: 'no-access' }] })
    expect(await postern.send('POST', secrets, {}, keeper.token)).toMatchObject({ status: 200 })
  })

  it('an identity of another organization, or of none, is unknown', async () => {
    const elsewhere = await postern.addOrganization()
    const { id } = await postern.app.database.kysely
      .insertInto('identities')
      .values({ organization_id: elsewhere, name: 'foreign', role: 'no-access' })
      .returning('id')
      .executeTakeFirstOrThrow()
    const foreign = await postern.send('POST', current(id), { role: 'viewer' })
    const nobody = await postern.send('POST', current(randomUUID()), { role: 'viewer' })
    expect(foreign).toMatchObject({ status: 404 })
    expect((foreign.body as { message: string }).message).toBe((nobody.body as { message: string }).message)
  })
})

describe('what is sent', () => {
  it.each([
    [{ roles: [{ role: 'no-such-role' }] }, 400],
    [{ role: 'no-such-role' }, 400],
    [{ roles: [{ role: 'viewer' }, { role: 'viewer' }] }, 422],
    [{ roles: Array.from({ length: 21 }, (_none, index) => ({ role: `r${index}` })) }, 422],
    [{ roles: [{ role: 'viewer', isTemporary: true }] }, 422],
    [{ roles: [{ ...temporary('viewer', 0), temporaryRange: '0h' }] }, 422],
    [{ roles: [{ ...temporary('viewer', 0), temporaryRange: '1y' }] }, 422],
    [{ roles: [{ ...temporary('viewer', 0), temporaryRange: '3651d' }] }, 422],
    [{ roles: [{ ...temporary('viewer', 0), temporaryAccessStartTime: 'now' }] }, 422],
    [{ roles: [{ ...temporary('viewer', 0), temporaryAccessStartTime: '0001-01-01T00:00:00Z' }] }, 422],
    [{ roles: [{ ...temporary('viewer', 0), temporaryAccessStartTime: '9999-01-01T00:00:00Z' }] }, 422],
    [{ roles: [{ ...temporary('viewer', 0), temporaryMode: 'absolute' }] }, 422],
    [{ roles: 'admin' }, 422],
  ])('%j is refused', async (body, status) => {
    expect(await postern.send('POST', current(), body)).toMatchObject({ status })
    expect(await postern.send('GET', current())).toMatchObject({ status: 404 })
  })

  it.each([
    [{}, 'no-access'],
    [{ role: 'admin' }, 'admin'],
    [{ role: 'no-access', roles: [lasting('member')] }, 'member'],
    [{ roles: [{ role: 'viewer', isTemporary: false }], unknown: true }, 'viewer'],
  ])('%j gives the role %s', async (body, role) => {
    expect(await postern.send('POST', current(), body)).toMatchObject({ status: 200 })
    expect((await postern.send('GET', current())).body).toMatchObject({
      identityMembership: { roles: [{ role, isTemporary: false, temporaryRange: null }] },
    })
  })
})

describe.each(paths)('the path of %o', (prefix) => {
  it('adds, tells, changes and removes', async () => {
    const roleId = await postern.createRole(project.id, 'auditor', [{ subject: 'project', action: 'read' }])
    const one = `${prefix(project.id)}/${identityId}`
    const added = await postern.send('POST', one, { roles: [lasting('auditor'), lasting('viewer')] })
    const membership = {
      id: expect.any(String),
      projectId: project.id,
      identityId,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    }
    expect(added).toMatchObject({ status: 200, body: { identityMembership: membership } })
    const { id } = (added.body as { identityMembership: { id: string } }).identityMembership
    expect(await postern.eventsOf(added)).toMatchObject([
      { event: 'project-member-added', details: { identityId, name: 'ci', roles: ['auditor', 'viewer'] } },
    ])
    expect(await postern.send('POST', one, { role: 'viewer' })).toMatchObject({ status: 400 })
    const read = await postern.send('GET', one)
    expect(read.body).toMatchObject({
      identityMembership: {
        ...membership,
        lastLoginAuthMethod: null,
        lastLoginTime: null,
        roles: [
          { role: 'custom', customRoleId: roleId, customRoleSlug: 'auditor', customRoleName: 'auditor' },
          { role: 'viewer', customRoleId: null, customRoleSlug: null },
        ],
        identity: {
          id: identityId,
          name: 'ci',
          orgId: postern.organizationId,
          projectId: null,
          metadata: [],
        },
        project: { id: project.id, name: 'Payments' },
      },
    })
    const byMembership = await postern.send('GET', `/api/v2/workspace/identity-memberships/${id}`)
    expect(byMembership.body).toEqual(read.body)

    expect(await postern.send('PATCH', one, { roles: [] })).toMatchObject({ status: 422 })
    const changed = await postern.send('PATCH', one, { roles: [lasting('member')] })
    expect(changed.body).toMatchObject({
      roles: [{ role: 'member', customRoleId: null, projectMembershipId: id, isTemporary: false }],
    })
    expect(await postern.eventsOf(changed)).toMatchObject([
      {
        event: 'project-member-updated',
        details: { roles: ['member'], rolesBefore: ['auditor', 'viewer'] },
      },
    ])
    const removed = await postern.send('DELETE', one)
    expect(removed).toMatchObject({ status: 200, body: { identityMembership: { id, identityId } } })
    expect(await postern.eventsOf(removed)).toMatchObject([{ event: 'project-member-removed' }])
    for (const method of ['GET', 'DELETE'])
      expect(await postern.send(method, one)).toMatchObject({ status: 404 })
    expect(await postern.send('PATCH', one, { roles: [lasting('viewer')] })).toMatchObject({ status: 404 })
  })

  it('lists in pages, and what could be added', async () => {
    const added: string[] = []
    for (let index = 0; index < 3; index += 1) {
      const id = await postern.createIdentity()
      await postern.send('POST', `${prefix(project.id)}/${id}`, { role: 'viewer' })
      added.push(id)
    }
    const list = async (query: string) =>
      (await postern.send('GET', `${prefix(project.id)}?${query}`)).body as {
        identityMemberships: { identityId: string; roles: object[] }[]
        totalCount: number
      }
    const page = await list('offset=2&limit=2')
    // The first is the machine that made the project.
    expect(page.identityMemberships.map((one) => one.identityId)).toEqual(added.slice(1))
    expect(page.totalCount).toBe(4)
    expect((await list('search=CI')).totalCount).toBe(3)
    expect(await postern.send('GET', `${prefix(project.id)}?limit=1001`)).toMatchObject({ status: 422 })

    const available = `/api/v1/projects/${project.id}/memberships/available-identities`
    const { body } = await postern.send('GET', `${available}?limit=1000`)
    const { identities, totalCount } = body as { identities: { id: string }[]; totalCount: number }
    const ids = identities.map(({ id }) => id)
    expect(ids).toContain(identityId)
    expect(ids).toHaveLength(totalCount)
    expect(ids.filter((id) => added.includes(id))).toEqual([])
    expect((await postern.send('GET', `${available}?limit=1&search=ci`)).body).toMatchObject({
      identities: [{ name: 'ci' }],
    })
  })
})

describe('temporary roles', () => {
  it('are told with their times', async () => {
    const role = temporary('viewer', 0, '30m')
    await postern.send('POST', current(), { roles: [role] })
    const start = new Date(role.temporaryAccessStartTime)
    expect((await postern.send('GET', current())).body).toMatchObject({
      identityMembership: {
        roles: [
          {
            role: 'viewer',
            isTemporary: true,
            temporaryMode: 'relative',
            temporaryRange: '30m',
            temporaryAccessStartTime: start.toISOString(),
            temporaryAccessEndTime: new Date(start.getTime() + 1_800_000).toISOString(),
          },
        ],
      },
    })
  })

  it('give nothing before they begin, and nothing from the second on at which they end', async () => {
    const machine = await postern.createMember(project.id, 'no-access')
    const set = (role: object) => postern.send('PATCH', current(machine.identityId), { roles: [role] })
    await set(temporary('viewer', 3_600_000))
    expect(await statusOfRead(machine)).toBe(403)
    await set(temporary('viewer', -3_600_000))
    expect(await statusOfRead(machine)).toBe(403)
    await set(temporary('viewer', -1000, '3s'))
    expect(await statusOfRead(machine)).toBe(200)
    await expect.poll(() => statusOfRead(machine), { timeout: 4000, interval: 100 }).toBe(403)
  })
})

describe('memberships', () => {
  it('change what a token may do at once', async () => {
    const machine = await postern.createMember(project.id, 'viewer')
    expect(await statusOfRead(machine)).toBe(200)
    await postern.send('PATCH', current(machine.identityId), { roles: [{ role: 'no-access' }] })
    expect(await statusOfRead(machine)).toBe(403)
    await postern.send('DELETE', current(machine.identityId))
    expect(await statusOfRead(machine)).toBe(404)
  })

  it('go with their identity', async () => {
    await postern.send('POST', current(), { role: 'viewer' })
    expect(await postern.send('DELETE', `/api/v1/identities/${identityId}`)).toMatchObject({ status: 200 })
    expect(await postern.send('GET', current())).toMatchObject({ status: 404 })
  })

  it('the last admin may go: who administers the organization’s projects can still enter', async () => {
    const maker = await postern.createMachine('member')
    project = await postern.createProject({}, maker.token)
    const left = await postern.send('DELETE', current(maker.identityId), undefined, maker.token)
    expect(left).toMatchObject({ status: 200 })
    expect(await statusOfRead(maker)).toBe(404)
    expect(await postern.send('POST', current(maker.identityId), { role: 'admin' })).toMatchObject({
      status: 200,
    })
  })

  it('of several additions of one identity at once, one succeeds', async () => {
    const replies = await Promise.all(
      [1, 2, 3, 4].map(() => postern.send('POST', current(), { role: 'viewer' })),
    )
    expect(replies.map(({ status }) => status).sort((one, other) => one - other)).toEqual([
      200, 400, 400, 400,
    ])
  })

  it('a role that is granted and deleted at once is either held or gone, never both', async () => {
    for (let round = 0; round < 5; round += 1) {
      const slug = `brief-${round}`
      const roleId = await postern.createRole(project.id, slug, [{ subject: 'project', action: 'read' }])
      const id = await postern.createIdentity()
      const [granted, deleted] = await Promise.all([
        postern.send('POST', current(id), { role: slug }),
        postern.send('DELETE', `/api/v1/projects/${project.id}/roles/${roleId}`),
      ])
      expect([
        [200, 400],
        [400, 200],
      ]).toContainEqual([granted.status, deleted.status])
    }
  })
})
