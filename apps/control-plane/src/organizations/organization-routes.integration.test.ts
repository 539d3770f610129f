import { randomUUID } from 'node:crypto'
import {
  listOrganizationsResponse,
  listSubOrganizationsResponse,
  organizationResponse,
  organizationsWithSubOrganizationsResponse,
} from '@postern/api-contract/organizations'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PosternWithPeople, startPosternWithPeople } from '../users/test/postern-with-people.ts'

let postern: PosternWithPeople
beforeAll(async () => {
  postern = await startPosternWithPeople()
})
afterAll(() => postern.close())

const own = (): string => `/api/v1/organization/${postern.organizationId}`

const routes: [method: string, path: string, body?: object][] = [
  ['GET', '/api/v1/organization'],
  ['GET', '/api/v1/organization/accessible-with-sub-orgs'],
  ['GET', `/api/v1/organization/${randomUUID()}`],
  ['PATCH', `/api/v1/organization/${randomUUID()}`, { name: 'Mine' }],
  ['GET', '/api/v1/sub-organizations?limit=1000&offset=0'],
]

it.each(routes)('%s %s is 401 without a credential', async (method, path, body) => {
  expect((await postern.call(method, path, undefined, body)).status).toBe(401)
  expect((await postern.call(method, path, `pst_${'A'.repeat(43)}`, body)).status).toBe(401)
})

describe('organizations', () => {
  it('T18 of others do not exist', async () => {
    const other = await postern.addOrganization()
    for (const id of [other, randomUUID(), 'x', '%20']) {
      for (const [method, body] of [['GET'], ['PATCH', { name: 'Mine' }]] as const)
        for (const token of [postern.machine, postern.admin.token])
          expect(await postern.call(method, `/api/v1/organization/${id}`, token, body)).toMatchObject({
            status: 404,
            body: { message: 'There is no such organization among yours' },
          })
    }
  })

  it('are listed to people before they select one, to machines, and to whoever has no role in them', async () => {
    const nobody = await postern.addPerson('no-access')
    for (const token of [await postern.signIn(nobody), nobody.token, postern.machine]) {
      const list = await postern.call('GET', '/api/v1/organization', token)
      const { organizations } = listOrganizationsResponse.parse(list.body)
      expect(organizations.map(({ id, slug }) => [id, slug])).toEqual([[postern.organizationId, 'acme']])
      const one = organizationResponse.parse((await postern.call('GET', own(), token)).body)
      expect(one.organization).toEqual(organizations[0])
      const accessible = await postern.call('GET', '/api/v1/organization/accessible-with-sub-orgs', token)
      expect(organizationsWithSubOrganizationsResponse.parse(accessible.body).organizations).toEqual([
        { id: postern.organizationId, name: 'Acme', slug: 'acme', subOrganizations: [] },
      ])
    }
  })

  it('have none within them', async () => {
    const reply = await postern.call('GET', '/api/v1/sub-organizations?limit=1000&offset=0', postern.machine)
    expect(listSubOrganizationsResponse.parse(reply.body)).toEqual({ organizations: [], totalCount: 0 })
    expect((await postern.call('GET', '/api/v1/sub-organizations?limit=0', postern.machine)).status).toBe(422)
  })

  it('T17 are changed by those who may, with a trace', async () => {
    const { token } = await postern.addPerson('member')
    const denied = await postern.call('PATCH', own(), token, { name: 'Mine' })
    expect(denied).toMatchObject({
      status: 403,
      body: { error: 'PermissionDenied', details: { action: 'edit', subject: 'organization' } },
    })
    expect(await postern.auditOf(denied)).toMatchObject([
      { event: 'organization-updated', outcome: 'denied' },
    ])
    const body = { name: ' Acme & Sons ', slug: 'acme-sons', defaultMembershipRole: 'no-access' }
    const changed = await postern.call('PATCH', own(), postern.admin.token, body)
    expect(changed).toMatchObject({
      status: 200,
      body: { organization: { name: 'Acme & Sons', slug: 'acme-sons', defaultMembershipRole: 'no-access' } },
    })
    expect(await postern.auditOf(changed)).toMatchObject([
      { event: 'organization-updated', outcome: 'success' },
    ])
    const details = await postern.call('GET', '/api/v1/identities/details', postern.machine)
    expect(details.body).toMatchObject({ identityDetails: { organization: { slug: 'acme-sons' } } })
    const invite = await postern.call('POST', `${own()}/invitations`, postern.machine, {
      email: 'grace@example.com',
    })
    expect(invite.body).toMatchObject({ invitation: { role: 'no-access' } })
  })

  it.each([
    [{ name: '' }, 422],
    [{ name: 'a\u0000b' }, 422],
    [{ name: 'x'.repeat(65) }, 422],
    [{ slug: 'No Slug' }, 422],
    [{ slug: '' }, 422],
    [{ defaultMembershipRole: 7 }, 422],
    [{ defaultMembershipRole: 'no-such-role' }, 400],
  ])('refuse the change %j', async (body, status) => {
    expect((await postern.call('PATCH', own(), postern.machine, body)).status).toBe(status)
  })

  it('do not share a slug', async () => {
    const other = await postern.addOrganization()
    const { slug } = await postern.app.database.kysely
      .selectFrom('organizations')
      .select('slug')
      .where('id', '=', other)
      .executeTakeFirstOrThrow()
    expect(await postern.call('PATCH', own(), postern.machine, { slug })).toMatchObject({
      status: 400,
      body: { error: 'BadRequest', message: expect.stringContaining('slug') },
    })
  })
})
