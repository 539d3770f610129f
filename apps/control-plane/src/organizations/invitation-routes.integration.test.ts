import { randomBytes, randomUUID } from 'node:crypto'
import {
  acceptInvitationResponse,
  invitationForInvited,
  inviteMemberResponse,
  listInvitationsResponse,
} from '@postern/api-contract/organizations'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PosternWithPeople, startPosternWithPeople } from '../users/test/postern-with-people.ts'

let postern: PosternWithPeople
beforeAll(async () => {
  postern = await startPosternWithPeople()
})
afterAll(() => postern.close())

const pathOf = (organizationId: string): string => `/api/v1/organization/${organizationId}/invitations`
const own = (suffix = ''): string => pathOf(postern.organizationId) + suffix
const look = '/api/v1/invitation'
const accept = '/api/v1/invitation/accept'
const password = 'correct horse battery'
const newEmail = (): string => `${randomBytes(4).toString('hex')}@example.com`

const routes: [method: string, suffix: string, right: string, body?: object | undefined, event?: string][] = [
  ['POST', '', 'create', { email: 'eve@example.com', role: 'member' }, 'member-invited'],
  ['GET', '', 'read'],
  ['DELETE', `/${randomUUID()}`, 'create', undefined, 'member-invitation-revoked'],
]

describe.each(routes)('%s …/invitations%s', (method, suffix, right, body, event) => {
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
    const denials = event === undefined ? [] : [{ event, outcome: 'denied', actor_kind: 'user' }]
    expect(await postern.auditOf(reply)).toMatchObject(denials)
  })

  it('T18 does not know another organization', async () => {
    for (const organizationId of [await postern.addOrganization(), randomUUID(), 'x'])
      expect(
        (await postern.call(method, pathOf(organizationId) + suffix, postern.machine, body)).status,
      ).toBe(404)
  })
})

describe('an invitation', () => {
  it.each([
    [{}, 422],
    [{ email: 'eve' }, 422],
    [{ email: 'eve@exam\u0000ple.com' }, 422],
    [{ email: 'eve@example.com', role: 'No Slug' }, 422],
    [{ email: 'eve@example.com', role: 'no-such-role' }, 400],
    [{ email: 'ADA@example.com', role: 'member' }, 400],
  ])('of %j is refused', async (body, status) => {
    expect((await postern.call('POST', own(), postern.machine, body)).status).toBe(status)
  })

  it('T17 never gives more than whoever makes it has', async () => {
    const permissions = [{ subject: 'members', action: ['read', 'create'] }]
    const role = { slug: 'inviter', name: 'Inviter', description: '', permissions }
    await postern.call('POST', '/api/v1/organization/roles', postern.machine, role)
    const { token } = await postern.addPerson('inviter')
    const invite = (role: string) => postern.call('POST', own(), token, { email: newEmail(), role })
    expect(await invite('admin')).toMatchObject({ status: 403, body: { error: 'PermissionDenied' } })
    expect((await invite('member')).status).toBe(403)
    expect((await invite('inviter')).status).toBe(200)
    expect((await invite('no-access')).status).toBe(200)
  })

  it('is for a link that works once, and makes the account that signs in then', async () => {
    const email = newEmail()
    const invited = await postern.call('POST', own(), postern.admin.token, { email: email.toUpperCase() })
    const { invitation, link, token } = inviteMemberResponse.parse(invited.body)
    expect(invitation).toMatchObject({ email, role: 'member', orgId: postern.organizationId })
    expect(Date.parse(invitation.expiresAt) - Date.now()).toBeCloseTo(7 * 86_400_000, -5)
    expect(link).toBe(`https://postern.example.com/invitation#${token}`)
    expect(token).toMatch(/^pinv_[\w-]{43}$/)
    expect(await postern.auditOf(invited)).toMatchObject([{ event: 'member-invited', actor_kind: 'user' }])
    const looked = await postern.call('GET', look, token)
    expect(invitationForInvited.parse(looked.body).invitation).toMatchObject({
      email,
      role: 'member',
      organization: { id: postern.organizationId, name: 'Acme' },
      hasAccount: false,
    })
    const body = { token, password, name: 'Grace' }
    const replies = await Promise.all([1, 2, 3].map(() => postern.call('POST', accept, undefined, body)))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    const done = replies.find(({ status }) => status === 200)
    if (done === undefined) throw new Error('nobody was let in')
    expect(acceptInvitationResponse.parse(done.body)).toMatchObject({
      user: { email, name: 'Grace' },
      organization: { id: postern.organizationId },
    })
    expect(await postern.auditOf(done)).toEqual([
      { event: 'user-created', outcome: 'success', reason: null, actor_kind: 'user' },
      { event: 'member-invitation-accepted', outcome: 'success', reason: null, actor_kind: 'user' },
    ])
    const session = await postern.select(await postern.signIn({ email, password }))
    expect((await postern.call('GET', '/api/v1/user', session)).body).toMatchObject({
      user: { name: 'Grace' },
    })
    expect((await postern.call('POST', accept, undefined, body)).status).toBe(404)
    expect((await postern.call('GET', look, token)).status).toBe(404)
  })

  it('does not let a stranger into an account that exists: its own password is needed', async () => {
    const person = await postern.addPerson('member')
    await postern.call(
      'DELETE',
      `/api/v2/organizations/${postern.organizationId}/memberships/${person.membershipId}`,
      postern.machine,
    )
    const token = await postern.invite(person.email, 'member')
    expect((await postern.call('GET', look, token)).body).toMatchObject({ invitation: { hasAccount: true } })
    const wrong = await postern.call('POST', accept, undefined, { token, password })
    expect(wrong).toMatchObject({ status: 401, body: { error: 'Unauthorized' } })
    const joined = await postern.call('POST', accept, undefined, {
      token,
      password: person.password,
      name: 'Eve',
    })
    expect(joined).toMatchObject({ status: 200, body: { user: { id: person.userId, name: 'Somebody' } } })
    expect(await postern.auditOf(joined)).toMatchObject([{ event: 'member-invitation-accepted' }])
  })

  it.each(['short', 'aaaaaaaaaa', 'password123', '\ud800\ud800abcdefgh'])(
    'does not make an account with the password %j, and can be accepted with another',
    async (bad) => {
      const token = await postern.invite(newEmail(), 'member')
      const refused = await postern.call('POST', accept, undefined, { token, password: bad })
      expect(refused).toMatchObject({
        status: 422,
        body: { message: [expect.objectContaining({ path: ['password'] })] },
      })
      expect((await postern.call('POST', accept, undefined, { token, password })).status).toBe(200)
    },
  )

  it.each([
    ['is withdrawn', async (email: string) => void (await revoke(email))],
    [
      'is 7 days old',
      async (email: string) =>
        void (await sql`update member_invitations set expires_at = now() where email = ${email}`.execute(
          postern.app.database.kysely,
        )),
    ],
    ['is replaced by a newer one', async (email: string) => void (await postern.invite(email, 'no-access'))],
  ])('that %s lets nobody in, in the words for one that never was', async (_what, end) => {
    const email = newEmail()
    const token = await postern.invite(email, 'member')
    await end(email)
    const never = await postern.call('GET', look, `pinv_${'A'.repeat(43)}`)
    for (const reply of [
      await postern.call('GET', look, token),
      await postern.call('GET', look),
      await postern.call('POST', accept, undefined, { token, password }),
    ]) {
      expect(reply.status).toBe(404)
      expect((reply.body as { message: string }).message).toBe((never.body as { message: string }).message)
    }
  })

  async function revoke(email: string) {
    const { invitations } = listInvitationsResponse.parse(
      (await postern.call('GET', own('?limit=1000'), postern.machine)).body,
    )
    const id = invitations.find((invitation) => invitation.email === email)?.id ?? ''
    return postern.call('DELETE', own(`/${id}`), postern.machine)
  }

  it('is listed without its link until it is withdrawn, once', async () => {
    const email = newEmail()
    const token = await postern.invite(email, 'member')
    const list = await postern.call('GET', own('?limit=1000'), postern.machine)
    expect(JSON.stringify(list.body)).not.toContain(token)
    const { invitations, totalCount } = listInvitationsResponse.parse(list.body)
    expect(invitations).toHaveLength(totalCount)
    const revoked = await revoke(email)
    expect(revoked).toMatchObject({ status: 200, body: { invitation: { email } } })
    expect(await postern.auditOf(revoked)).toMatchObject([{ event: 'member-invitation-revoked' }])
    const { id } = (revoked.body as { invitation: { id: string } }).invitation
    expect((await postern.call('DELETE', own(`/${id}`), postern.machine)).status).toBe(404)
  })
})
