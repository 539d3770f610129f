import { passwordResetResponse } from '@postern/api-contract/organizations'
import { changePasswordResponse } from '@postern/api-contract/people'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Reply } from '../test/start-test-app.ts'
import {
  type PosternWithPeople,
  type SignedInPerson,
  signInPath,
  startPosternWithPeople,
} from './test/postern-with-people.ts'

let postern: PosternWithPeople
beforeAll(async () => {
  postern = await startPosternWithPeople()
})
afterAll(() => postern.close())

const changePath = '/api/v2/users/me/password'
const resetPath = '/api/v1/auth/password-reset'
const newPassword = 'a horse of another colour'
const isAlive = async (token: string): Promise<boolean> =>
  (await postern.call('GET', '/api/v1/user', token)).status === 200
const canSignIn = async (email: string, password: string): Promise<boolean> =>
  (await postern.call('POST', signInPath, undefined, { email, password })).status === 200

describe('a change of the password', () => {
  it('needs the old one; every attempt without it is written down and counts', async () => {
    const person = await postern.addPerson('member')
    const attempt = (oldPassword: string) =>
      postern.call('POST', changePath, person.token, { oldPassword, newPassword })
    const wrong = await attempt('not the password')
    expect(wrong).toMatchObject({ status: 403, body: { error: 'Forbidden' } })
    expect(await postern.auditOf(wrong)).toEqual([
      {
        event: 'user-password-changed',
        outcome: 'denied',
        reason: 'credentials-wrong',
        actor_kind: 'user',
      },
    ])
    for (let times = 0; times < 9; times += 1) expect((await attempt('not the password')).status).toBe(403)
    const refused = await attempt(person.password)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(await isAlive(person.token)).toBe(true)
  })

  it.each(['short', 'aaaaaaaaaa', 'password123', '\ud800\ud800abcdefgh', 'x'.repeat(129)])(
    'to %j is a 422 that names the field',
    async (bad) => {
      const { token, password } = await postern.addPerson('member')
      const body = { oldPassword: password, newPassword: bad }
      expect(await postern.call('POST', changePath, token, body)).toMatchObject({
        status: 422,
        body: { message: [expect.objectContaining({ path: ['newPassword'] })] },
      })
    },
  )

  it('to the old one is refused', async () => {
    const { token, password } = await postern.addPerson('member')
    const body = { oldPassword: password, newPassword: password }
    expect((await postern.call('POST', changePath, token, body)).status).toBe(422)
  })

  it('ends the other sessions and links, gives this one a new token, and counts from then on', async () => {
    const person = await postern.addPerson('member')
    const other = await postern.signIn(person)
    const link = await linkFor(person)
    const body = { oldPassword: person.password, newPassword }
    const reply = await postern.call('POST', changePath, person.token, body)
    const { token } = changePasswordResponse.parse(reply.body)
    expect(reply.headers.get('set-cookie')).toContain(token.slice(token.lastIndexOf('.') + 1))
    expect([await isAlive(token), await isAlive(person.token), await isAlive(other)]).toEqual([
      true,
      false,
      false,
    ])
    expect(await canSignIn(person.email, person.password)).toBe(false)
    expect(await canSignIn(person.email, newPassword)).toBe(true)
    expect((await postern.call('POST', resetPath, undefined, { token: link, newPassword })).status).toBe(404)
    expect(await postern.auditOf(reply)).toMatchObject([
      { event: 'user-password-changed', outcome: 'success' },
    ])
  })

  it('leaves no session of a sign-in by the old password at the same time', async () => {
    const person = await postern.addPerson('member')
    const [changed, ...signIns] = await Promise.all([
      postern.call('POST', changePath, person.token, { oldPassword: person.password, newPassword }),
      ...Array.from({ length: 8 }, () => postern.call('POST', signInPath, undefined, person)),
    ])
    expect(changed?.status).toBe(200)
    const begun = signIns
      .filter(({ status }) => status === 200)
      .map(({ body }) => (body as { accessToken: string }).accessToken)
    expect(await Promise.all(begun.map(isAlive))).toEqual(begun.map(() => false))
  })

  it('twice at once succeeds once', async () => {
    const { token, password } = await postern.addPerson('member')
    const replies = await Promise.all(
      ['first of two words', 'second of two words'].map((newPassword) =>
        postern.call('POST', changePath, token, { oldPassword: password, newPassword }),
      ),
    )
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
  })
})

async function linkFor(person: SignedInPerson, token = postern.machine): Promise<string> {
  const path = `/api/v2/organizations/${postern.organizationId}/memberships/${person.membershipId}/password-reset`
  return passwordResetResponse.parse((await postern.call('POST', path, token)).body).token
}

describe('a link to a new password', () => {
  const reset = (token: string, password = newPassword) =>
    postern.call('POST', resetPath, undefined, { token, newPassword: password })

  it('works once, even raced, and ends all sessions', async () => {
    const person = await postern.addPerson('member')
    const link = await linkFor(person, postern.admin.token)
    expect(link).toMatch(/^prst_[\w-]{43}$/)
    expect((await reset(link, 'password123')).status).toBe(422)
    const replies = await Promise.all([1, 2, 3].map(() => reset(link)))
    expect(replies.map(({ status }) => status).sort((one, other) => one - other)).toEqual([200, 404, 404])
    expect(await isAlive(person.token)).toBe(false)
    expect(await canSignIn(person.email, newPassword)).toBe(true)
    const done = replies.find(({ status }) => status === 200)
    if (done === undefined) throw new Error('it did not work')
    expect(await postern.auditOf(done)).toMatchObject([{ event: 'user-password-reset', outcome: 'success' }])
  })

  it.each([
    ['is a day old', (person: SignedInPerson) => expire(person)],
    ['was replaced', async (person: SignedInPerson) => void (await linkFor(person))],
    ['is for a member who got another role', (person: SignedInPerson) => patch(person, { role: 'admin' })],
    ['is for a member who was disabled', (person: SignedInPerson) => patch(person, { isActive: false })],
    ['is for somebody who got into a project', (person: SignedInPerson) => joinProject(person)],
    ['is for somebody who joined another organization', (person: SignedInPerson) => joinElsewhere(person)],
  ])('that %s does nothing', async (_what, change) => {
    const person = await postern.addPerson('member')
    const link = await linkFor(person)
    await change(person)
    expect(await reset(link)).toMatchObject({ status: 404, body: { error: 'NotFound' } })
  })

  it('does nothing once the person’s role allows more, in the organization or in a project', async () => {
    const send = (method: string, path: string, body: object) =>
      postern.call(method, path, postern.machine, body)
    const made = await send('POST', '/api/v1/organization/roles', {
      slug: 'growing',
      name: 'Growing',
      permissions: [],
    })
    const { role } = made.body as { role: { id: string } }
    const person = await postern.addPerson('growing')
    const link = await linkFor(person)
    const permissions = [{ subject: 'members', action: ['read', 'edit'] }]
    await send('PATCH', `/api/v1/organization/roles/${role.id}`, { permissions })
    expect((await reset(link)).status).toBe(404)

    const created = await send('POST', '/api/v1/projects', { projectName: 'Payments' })
    const path = `/api/v1/projects/${(created.body as { project: { id: string } }).project.id}`
    const slug = 'growing-too'
    const own = await send('POST', `${path}/roles`, { slug, name: 'Growing', permissions: [] })
    await send('POST', `${path}/memberships`, { usernames: [person.email], roleSlugs: [slug] })
    const second = await linkFor(person)
    const { id } = (own.body as { role: { id: string } }).role
    const rules = { permissions: [{ subject: 'secrets', action: ['read', 'read-value'] }] }
    expect((await send('PATCH', `${path}/roles/${id}`, rules)).status).toBe(200)
    expect((await reset(second)).status).toBe(404)
    expect((await reset(await linkFor(person))).status).toBe(200)
  })

  it.each([
    ['removed', 'DELETE', undefined],
    ['disabled', 'PATCH', { isActive: false }],
    ['given another role', 'PATCH', { role: 'member' }],
  ])('does nothing once an admin, who may have made it, is %s', async (_what, method, body) => {
    const [person, maker] = [await postern.addPerson('member'), await postern.addPerson('admin')]
    const link = await linkFor(person, maker.token)
    const path = `/api/v2/organizations/${postern.organizationId}/memberships/${maker.membershipId}`
    expect((await postern.call(method, path, postern.machine, body)).status).toBe(200)
    expect((await reset(link)).status).toBe(404)
  })

  it('outlives the removal of who made none', async () => {
    const [person, other] = [await postern.addPerson('member'), await postern.addPerson('member')]
    const link = await linkFor(person)
    const path = `/api/v2/organizations/${postern.organizationId}/memberships/${other.membershipId}`
    expect((await postern.call('DELETE', path, postern.machine)).status).toBe(200)
    expect((await reset(link)).status).toBe(200)
  })

  it.each<
    [what: string, table: 'users' | 'user_sessions', begin: (person: SignedInPerson) => Promise<Reply>]
  >([
    [
      'a change of the password',
      'users',
      ({ token, password }) =>
        postern.call('POST', changePath, token, { oldPassword: password, newPassword }),
    ],
    [
      'the end of the membership',
      'user_sessions',
      ({ membershipId }) => {
        const path = `/api/v2/organizations/${postern.organizationId}/memberships/${membershipId}`
        return postern.call('PATCH', path, postern.machine, { isActive: false })
      },
    ],
  ])('is followed without waiting in a circle with %s', async (_what, table, begin) => {
    const person = await postern.addPerson('member')
    await linkFor(person)
    const { kysely } = postern.app.database
    const { other } = await kysely.transaction().execute(async (following) => {
      await following.deleteFrom('password_resets').where('user_id', '=', person.userId).execute()
      const other = begin(person)
      await waitForLock()
      const column = sql.ref(table === 'users' ? 'id' : 'user_id')
      await sql`select from ${sql.table(table)} where ${column} = ${person.userId} for update`.execute(
        following,
      )
      return { other }
    })
    expect((await other).status).toBe(200)
  })

  it('is not made for who gets another role at the same time', async () => {
    const person = await postern.addPerson('member')
    const path = `/api/v2/organizations/${postern.organizationId}/memberships/${person.membershipId}/password-reset`
    const { making } = await postern.app.database.kysely.transaction().execute(async (promotion) => {
      await promotion
        .updateTable('organization_members')
        .set({ role: 'admin' })
        .where('id', '=', person.membershipId)
        .execute()
      const making = postern.call('POST', path, postern.machine)
      await waitForLock()
      return { making }
    })
    expect((await making).status).toBe(400)
  })

  /** Until another connection to this database waits for a lock. */
  async function waitForLock(): Promise<void> {
    await expect
      .poll(async () => {
        const { rows } = await sql`select from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`.execute(
          postern.app.database.kysely,
        )
        return rows.length
      })
      .toBeGreaterThan(0)
  }

  it('is not made for oneself, nor for who is disabled or belongs to another organization too', async () => {
    const path = ({ membershipId }: SignedInPerson) =>
      `/api/v2/organizations/${postern.organizationId}/memberships/${membershipId}/password-reset`
    const disabled = await postern.addPerson('member')
    await patch(disabled, { isActive: false })
    const elsewhere = await postern.addPerson('member')
    await joinElsewhere(elsewhere)
    for (const target of [postern.admin, disabled, elsewhere])
      expect((await postern.call('POST', path(target), postern.admin.token)).status).toBe(400)
  })

  async function patch(person: SignedInPerson, body: object): Promise<void> {
    const path = `/api/v2/organizations/${postern.organizationId}/memberships/${person.membershipId}`
    await postern.call('PATCH', path, postern.machine, body)
  }

  async function expire({ userId }: SignedInPerson): Promise<void> {
    await sql`update password_resets set expires_at = now() where user_id = ${userId}`.execute(
      postern.app.database.kysely,
    )
  }

  async function joinProject({ email }: SignedInPerson): Promise<void> {
    const created = await postern.call('POST', '/api/v1/projects', postern.machine, {
      projectName: 'Payments',
    })
    const { id } = (created.body as { project: { id: string } }).project
    const body = { usernames: [email], roleSlugs: ['admin'] }
    const joined = await postern.call('POST', `/api/v1/projects/${id}/memberships`, postern.machine, body)
    expect(joined.status).toBe(200)
  }

  async function joinElsewhere({ userId }: SignedInPerson): Promise<void> {
    await postern.app.database.kysely
      .insertInto('organization_members')
      .values({ organization_id: await postern.addOrganization(), user_id: userId, role: 'member' })
      .execute()
  }
})

describe('oneself', () => {
  it('is read and renamed', async () => {
    const { token, email, userId } = await postern.addPerson('no-access')
    const reply = await postern.call('PATCH', '/api/v1/user', token, { name: ' Grace ' })
    expect(reply).toMatchObject({ status: 200, body: { user: { id: userId, email, name: 'Grace' } } })
    expect(await postern.auditOf(reply)).toMatchObject([{ event: 'user-updated' }])
    expect((await postern.call('GET', '/api/v1/user', token)).body).toEqual(reply.body)
    expect((await postern.call('PATCH', '/api/v1/user', token, { name: '\u0000' })).status).toBe(422)
  })
})
