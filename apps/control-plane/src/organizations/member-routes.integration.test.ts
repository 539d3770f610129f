import { randomUUID } from 'node:crypto'
import { listMembersResponse, membershipResponse } from '@postern/api-contract/organizations'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type PosternWithPeople,
  type SignedInPerson,
  selectPath,
  signInPath,
  startPosternWithPeople,
} from '../users/test/postern-with-people.ts'

let postern: PosternWithPeople
beforeAll(async () => {
  postern = await startPosternWithPeople()
})
afterAll(() => postern.close())

const pathOf = (organizationId: string): string => `/api/v2/organizations/${organizationId}/memberships`
const own = (suffix = ''): string => pathOf(postern.organizationId) + suffix

/** Every route, the right that it needs, and what it is called in the audit log if it changes something. */
const routes: [method: string, suffix: string, right: string, body?: object | undefined, event?: string][] = [
  ['GET', '', 'read'],
  ['GET', `/${randomUUID()}`, 'read'],
  ['PATCH', `/${randomUUID()}`, 'edit', { role: 'member' }, 'member-updated'],
  ['PATCH', `/${randomUUID()}`, 'edit', { isActive: false }, 'member-disabled'],
  ['PATCH', `/${randomUUID()}`, 'edit', { isActive: true }, 'member-enabled'],
  ['DELETE', `/${randomUUID()}`, 'delete', undefined, 'member-removed'],
  ['POST', `/${randomUUID()}/password-reset`, 'edit', undefined, 'user-password-reset-link-created'],
]

describe.each(routes)('%s …/memberships%s', (method, suffix, right, body, event) => {
  it('is 401 without a credential', async () => {
    expect((await postern.call(method, own(suffix), undefined, body)).status).toBe(401)
  })

  it('T17 is 403 for a role without the right, which is named and written down', async () => {
    const { token } = await postern.addPerson('no-access')
    const reply = await postern.call(method, own(suffix), token, body)
    expect(reply).toMatchObject({
      status: 403,
      body: { error: 'PermissionDenied', details: { action: right, subject: 'members' } },
    })
    const denials =
      event === undefined
        ? []
        : [{ event, outcome: 'denied', reason: 'permission-denied', actor_kind: 'user' }]
    expect(await postern.auditOf(reply)).toEqual(denials)
  })

  it('T18 does not know another organization, nor members of it', async () => {
    const other = await postern.addOrganization()
    for (const organizationId of [other, randomUUID(), 'x'])
      expect(
        await postern.call(method, pathOf(organizationId) + suffix, postern.machine, body),
      ).toMatchObject({
        status: 404,
        body: { message: 'There is no such organization among yours' },
      })
    if (suffix === '') return
    const theirs = await addMemberElsewhere(other)
    for (const id of [theirs, randomUUID(), 'x'])
      expect(
        await postern.call(method, own(suffix.replace(/^\/[^/]+/, `/${id}`)), postern.machine, body),
      ).toMatchObject({ status: 404, body: { message: 'There is no such member in your organization' } })
  })
})

async function addMemberElsewhere(organizationId: string, userId?: string): Promise<string> {
  const { kysely } = postern.app.database
  const { id } =
    userId === undefined
      ? await kysely
          .insertInto('users')
          .values({ email: `${randomUUID()}@example.com`, password_hash: '' })
          .returning('id')
          .executeTakeFirstOrThrow()
      : { id: userId }
  const membership = await kysely
    .insertInto('organization_members')
    .values({ organization_id: organizationId, user_id: id, role: 'admin' })
    .returning('id')
    .executeTakeFirstOrThrow()
  return membership.id
}

const item = ({ membershipId }: SignedInPerson): string => own(`/${membershipId}`)
const isAlive = async ({ token }: SignedInPerson): Promise<boolean> =>
  (await postern.call('GET', own('?limit=1'), token)).status !== 401

/** A role that may do everything with members, and nothing else. */
async function addKeeper(): Promise<SignedInPerson> {
  const slug = `keeper-${randomUUID().slice(0, 8)}`
  const permissions = [{ subject: 'members', action: ['read', 'create', 'edit', 'delete'] }]
  const body = { slug, name: 'Keeper', description: '', permissions }
  const made = await postern.call('POST', '/api/v1/organization/roles', postern.machine, body)
  if (made.status !== 200) throw new Error(JSON.stringify(made.body))
  return postern.addPerson(slug)
}

describe('members', () => {
  it('are read, by people and machines, in the contract’s shapes', async () => {
    const person = await postern.addPerson('member')
    const one = membershipResponse.parse((await postern.call('GET', item(person), person.token)).body)
    expect(one.membership).toMatchObject({
      id: person.membershipId,
      orgId: postern.organizationId,
      role: 'member',
      isActive: true,
      user: { id: person.userId, email: person.email, username: person.email, name: 'Somebody' },
    })
    const all = listMembersResponse.parse(
      (await postern.call('GET', own('?limit=1000'), postern.machine)).body,
    )
    expect(all.users).toHaveLength(all.totalCount)
    expect(all.users[0]).toMatchObject({ user: { email: postern.admin.email }, role: 'admin' })
    const paged = listMembersResponse.parse(
      (await postern.call('GET', own('?offset=1&limit=1'), postern.machine)).body,
    )
    expect(paged).toMatchObject({ users: [{ id: all.users[1]?.id }], totalCount: all.totalCount })
    const found = await postern.call('GET', own(`?search=${person.email.toUpperCase()}`), postern.machine)
    expect(found.body).toMatchObject({ users: [{ id: person.membershipId }], totalCount: 1 })
  })

  it.each([
    [{}, 422],
    [{ role: 'No Slug' }, 422],
    [{ isActive: 'no' }, 422],
    [{ role: 'no-such-role' }, 400],
  ])('refuse the change %j', async (body, status) => {
    const person = await postern.addPerson('member')
    expect((await postern.call('PATCH', item(person), postern.machine, body)).status).toBe(status)
    expect(await isAlive(person)).toBe(true)
  })

  it('act by their new role with the next request', async () => {
    const person = await postern.addPerson('no-access')
    expect((await postern.call('GET', own(), person.token)).status).toBe(403)
    const reply = await postern.call('PATCH', item(person), postern.machine, { role: 'member' })
    expect(reply).toMatchObject({ status: 200, body: { membership: { role: 'member' } } })
    expect(await postern.auditOf(reply)).toMatchObject([{ event: 'member-updated', actor_kind: 'identity' }])
    expect((await postern.call('GET', own(), person.token)).status).toBe(200)
    await postern.call('PATCH', item(person), postern.machine, { role: 'no-access' })
    expect((await postern.call('GET', own(), person.token)).status).toBe(403)
  })
})

describe('T46 the sessions of a member', () => {
  it.each([
    [
      'disabled',
      (person: SignedInPerson) => postern.call('PATCH', item(person), postern.machine, { isActive: false }),
    ],
    ['removed', (person: SignedInPerson) => postern.call('DELETE', item(person), postern.machine)],
  ])('who was %s are dead at once, on every replica', async (what, end) => {
    const replica = await postern.app.startReplica()
    try {
      const person = await postern.addPerson('member')
      const unbound = await postern.signIn(person)
      const there = () => replica.call('GET', own('?limit=1'), { token: person.token })
      expect((await there()).status).toBe(200)
      const reply = await end(person)
      expect(reply.status).toBe(200)
      expect((await there()).status).toBe(401)
      expect(await isAlive(person)).toBe(false)
      expect((await postern.call('POST', '/api/v1/auth/checkAuth', unbound)).status).toBe(401)
      expect(await postern.auditOf(reply)).toMatchObject([{ event: `member-${what}`, outcome: 'success' }])
    } finally {
      await replica.stop()
    }
  })

  it('who was disabled cannot be begun; only who knows the password learns why', async () => {
    const person = await postern.addPerson('member')
    await postern.call('PATCH', item(person), postern.machine, { isActive: false })
    expect(await postern.call('POST', signInPath, undefined, person)).toMatchObject({
      status: 401,
      body: { message: expect.stringContaining('disabled') },
    })
    const wrong = { ...person, password: 'not the password' }
    expect(await postern.call('POST', signInPath, undefined, wrong)).toMatchObject({
      status: 401,
      body: { message: 'The e-mail address or the password is wrong' },
    })
  })

  it('who was removed cannot be begun in the organization', async () => {
    const person = await postern.addPerson('member')
    await postern.call('DELETE', item(person), postern.machine)
    const unbound = await postern.signIn(person)
    const body = { organizationId: postern.organizationId }
    expect((await postern.call('POST', selectPath, unbound, body)).status).toBe(404)
    expect((await postern.call('GET', '/api/v1/organization', unbound)).body).toEqual({ organizations: [] })
  })

  it('who is removed while entering the organization are dead, and nothing fails', async () => {
    for (let times = 0; times < 8; times += 1) {
      const person = await postern.addPerson('member')
      const unbound = await postern.signIn(person)
      const [removed, selected] = await Promise.all([
        postern.call('DELETE', item(person), postern.machine),
        postern.call('POST', selectPath, unbound, { organizationId: postern.organizationId }),
      ])
      expect(removed.status).toBe(200)
      expect([200, 401, 404]).toContain(selected.status)
      const { token = unbound } = selected.body as { token?: string }
      expect((await postern.call('POST', '/api/v1/auth/checkAuth', token)).status).toBe(401)
    }
  })

  it('who was enabled again are not restored; a new one can be begun', async () => {
    const person = await postern.addPerson('member')
    await postern.call('PATCH', item(person), postern.machine, { isActive: false })
    const reply = await postern.call('PATCH', item(person), postern.machine, { isActive: true })
    expect(await postern.auditOf(reply)).toMatchObject([{ event: 'member-enabled' }])
    expect(await isAlive(person)).toBe(false)
    expect(await isAlive({ ...person, token: await postern.select(await postern.signIn(person)) })).toBe(true)
  })

  it('in another organization live on', async () => {
    const person = await postern.addPerson('member')
    const other = await postern.addOrganization()
    await addMemberElsewhere(other, person.userId)
    const token = await postern.select(await postern.signIn(person), other)
    await postern.call('PATCH', item(person), postern.machine, { isActive: false })
    expect(await isAlive(person)).toBe(false)
    expect((await postern.call('GET', pathOf(other), token)).status).toBe(200)
    const organizations = await postern.call('GET', '/api/v1/organization', token)
    expect(organizations.body).toMatchObject({ organizations: [{ id: other }] })
  })
})

describe('T17 nobody with a custom role', () => {
  it('grants a role beyond it, nor changes, disables, removes or resets who has one', async () => {
    const keeper = await addKeeper()
    const member = await postern.addPerson('member')
    const nobody = await postern.addPerson('no-access')
    const beyond = { status: 403, body: { error: 'PermissionDenied' } }
    const { token } = keeper
    for (const role of ['member', 'admin'])
      expect(await postern.call('PATCH', item(nobody), token, { role })).toMatchObject(beyond)
    for (const target of [member, postern.admin]) {
      expect(await postern.call('PATCH', item(target), token, { role: 'no-access' })).toMatchObject(beyond)
      expect(await postern.call('PATCH', item(target), token, { isActive: false })).toMatchObject(beyond)
      expect(await postern.call('DELETE', item(target), token)).toMatchObject(beyond)
      const reset = await postern.call('POST', `${item(target)}/password-reset`, token)
      expect(reset).toMatchObject(beyond)
      expect(await postern.auditOf(reset)).toMatchObject([{ outcome: 'denied', actor_kind: 'user' }])
    }
    expect(await postern.call('PATCH', item(keeper), token, { role: 'admin' })).toMatchObject(beyond)
    expect(await isAlive(member)).toBe(true)
  })

  it('is kept from what it gives: its own role, and none at all', async () => {
    const keeper = await addKeeper()
    const nobody = await postern.addPerson('no-access')
    const { body } = await postern.call('GET', item(keeper), keeper.token)
    const { role } = membershipResponse.parse(body).membership
    expect((await postern.call('PATCH', item(nobody), keeper.token, { role })).status).toBe(200)
    expect((await postern.call('POST', `${item(nobody)}/password-reset`, keeper.token)).status).toBe(200)
    expect((await postern.call('DELETE', item(nobody), keeper.token)).status).toBe(200)
  })
})

describe('the last admin', () => {
  let alone: PosternWithPeople
  beforeAll(async () => {
    alone = await startPosternWithPeople()
  })
  afterAll(() => alone.close())
  const pathOfAdmin = (person: SignedInPerson): string =>
    `${pathOf(alone.organizationId)}/${person.membershipId}`

  it('can neither be demoted, disabled nor removed, whoever asks', async () => {
    const path = pathOfAdmin(alone.admin)
    for (const token of [alone.admin.token, alone.machine]) {
      for (const [method, body] of [
        ['PATCH', { role: 'member' }],
        ['PATCH', { isActive: false }],
        ['DELETE', undefined],
      ] as const) {
        expect(await alone.call(method, path, token, body)).toMatchObject({
          status: 400,
          body: { message: expect.stringContaining('last enabled admin') },
        })
      }
    }
    expect((await alone.call('GET', path, alone.admin.token)).status).toBe(200)
  })

  it('is still the last one where the others are disabled', async () => {
    const other = await alone.addPerson('admin')
    expect((await alone.call('PATCH', pathOfAdmin(other), alone.machine, { isActive: false })).status).toBe(
      200,
    )
    expect((await alone.call('DELETE', pathOfAdmin(alone.admin), alone.machine)).status).toBe(400)
    await sql`update users set is_disabled = true where id = ${other.userId}`.execute(
      alone.app.database.kysely,
    )
    await alone.call('PATCH', pathOfAdmin(other), alone.machine, { isActive: true })
    expect((await alone.call('DELETE', pathOfAdmin(alone.admin), alone.machine)).status).toBe(400)
  })

  it.each([
    ['remove', 'DELETE', undefined],
    ['demote', 'PATCH', { role: 'member' }],
    ['disable', 'PATCH', { isActive: false }],
  ] as const)('stays when two admins %s each other at once', async (_what, method, body) => {
    const two = await startPosternWithPeople()
    try {
      const other = await two.addPerson('admin')
      const path = ({ membershipId }: SignedInPerson): string =>
        `${pathOf(two.organizationId)}/${membershipId}`
      const replies = await Promise.all([
        two.call(method, path(other), two.admin.token, body),
        two.call(method, path(two.admin), other.token, body),
      ])
      const { users } = listMembersResponse.parse(
        (await two.call('GET', pathOf(two.organizationId), two.machine)).body,
      )
      expect(users.filter(({ role, isActive }) => role === 'admin' && isActive)).toHaveLength(1)
      expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    } finally {
      await two.close()
    }
  })
})
