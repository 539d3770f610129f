import { randomBytes } from 'node:crypto'
import { inviteMemberResponse, passwordResetResponse } from '@postern/api-contract/organizations'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PosternWithProjects, startPosternWithProjects } from '../projects/test/postern-with-projects.ts'

let postern: PosternWithProjects
beforeAll(async () => {
  postern = await startPosternWithProjects()
})
afterAll(() => postern.close())

interface Maker {
  token: string
  /** Of the membership or of the identity, for an admin to change. */
  path: string
  /** What turns the maker off. */
  disabled: object
}

const newEmail = (): string => `${randomBytes(4).toString('hex')}@example.com`
const newSlug = (): string => `role-${randomBytes(4).toString('hex')}`

/** A role of the organization's own; its path. */
async function createRole(slug: string, memberActions: string[]): Promise<string> {
  const permissions = memberActions.length === 0 ? [] : [{ subject: 'members', action: memberActions }]
  const { body } = await postern.send('POST', rolesPath, { slug, name: slug, permissions })
  return `${rolesPath}/${(body as { role: { id: string } }).role.id}`
}
const rolesPath = '/api/v1/organization/roles'

async function person(role: string): Promise<Maker> {
  const { token, membershipId } = await postern.addPerson(role)
  const path = `/api/v2/organizations/${postern.organizationId}/memberships/${membershipId}`
  return { token, path, disabled: { isActive: false } }
}
async function machine(role: string): Promise<Maker> {
  const { token, identityId } = await postern.createMachine(role)
  return { token, path: `/api/v1/identities/${identityId}`, disabled: { isDisabled: true } }
}

interface Link {
  /** The status with which it is followed. */
  follow(): Promise<number>
}

async function invite({ token }: Maker, role: string): Promise<Link> {
  const path = `/api/v1/organization/${postern.organizationId}/invitations`
  const reply = await postern.send('POST', path, { email: newEmail(), role }, token)
  const invited = inviteMemberResponse.parse(reply.body)
  return {
    follow: async () => {
      const looked = await postern.call('GET', '/api/v1/invitation', invited.token)
      const body = { token: invited.token, password: 'correct horse battery' }
      const accepted = await postern.call('POST', '/api/v1/invitation/accept', undefined, body)
      expect(accepted.status).toBe(looked.status)
      return accepted.status
    },
  }
}

async function linkToNewPassword({ token }: Maker, role: string): Promise<Link> {
  const { membershipId } = await postern.addPerson(role)
  const path = `/api/v2/organizations/${postern.organizationId}/memberships/${membershipId}/password-reset`
  const made = passwordResetResponse.parse((await postern.send('POST', path, undefined, token)).body)
  return {
    follow: async () => {
      const body = { token: made.token, newPassword: 'a horse of another colour' }
      return (await postern.call('POST', '/api/v1/auth/password-reset', undefined, body)).status
    },
  }
}

describe.each([
  ['an invitation', invite],
  ['a link to a new password', linkToNewPassword],
])('%s', (_what, make) => {
  describe.each([
    ['a person', person],
    ['a machine', machine],
  ])('by %s', (_whose, createMaker) => {
    it.each<[what: string, change: (maker: Maker) => Promise<{ status: number }>]>([
      ['disabled', ({ path, disabled }) => postern.send('PATCH', path, disabled)],
      ['removed', ({ path }) => postern.send('DELETE', path)],
      ['given a lesser role', ({ path }) => postern.send('PATCH', path, { role: 'no-access' })],
    ])('T17 is dead once whoever made it is %s', async (_then, change) => {
      const maker = await createMaker('admin')
      const link = await make(maker, 'member')
      expect((await change(maker)).status).toBe(200)
      expect(await link.follow()).toBe(404)
    })

    it('T17 is dead once the role of whoever made it allows less, and lives while that allows enough', async () => {
      const slug = newSlug()
      const role = await createRole(slug, ['read', 'create', 'edit'])
      const maker = await createMaker(slug)
      const [first, second] = [await make(maker, 'no-access'), await make(maker, 'no-access')]
      expect(await first.follow()).toBe(200)
      const permissions = [{ subject: 'members', action: ['read'] }]
      expect((await postern.send('PATCH', role, { permissions })).status).toBe(200)
      expect(await second.follow()).toBe(404)
    })

    it('outlives a change of whoever made it that leaves them enough', async () => {
      const [slug, other] = [newSlug(), newSlug()]
      await createRole(slug, ['read', 'create', 'edit', 'delete'])
      await createRole(other, ['create', 'edit'])
      const maker = await createMaker(slug)
      const link = await make(maker, 'no-access')
      expect((await postern.send('PATCH', maker.path, { role: other })).status).toBe(200)
      expect(await link.follow()).toBe(200)
    })
  })

  it('T17 is dead once the role that it is for allows more than whoever made it has', async () => {
    const [slug, target] = [newSlug(), newSlug()]
    await createRole(slug, ['create', 'edit'])
    const role = await createRole(target, [])
    const link = await make(await person(slug), target)
    const permissions = [{ subject: 'members', action: ['delete'] }]
    expect((await postern.send('PATCH', role, { permissions })).status).toBe(200)
    expect(await link.follow()).toBe(404)
  })

  it('of an earlier version, which does not say who made it, is dead', async () => {
    const link = await make(await person('admin'), 'member')
    for (const table of ['member_invitations', 'password_resets'])
      await sql`update ${sql.table(table)} set made_by_kind = null, made_by_id = null`.execute(
        postern.app.database.kysely,
      )
    expect(await link.follow()).toBe(404)
  })
})

describe('a link to a new password', () => {
  it('T17 is dead once whoever made it has lost a project that the person is in', async () => {
    const slug = newSlug()
    await createRole(slug, ['edit'])
    const [maker, target] = [await postern.addPerson(slug), await postern.addPerson('no-access')]
    const { id } = await postern.createProject()
    const members = `/api/v1/projects/${id}/memberships`
    for (const { email } of [maker, target])
      await postern.send('POST', members, { usernames: [email], roleSlugs: ['viewer'] })
    const path = `/api/v2/organizations/${postern.organizationId}/memberships/${target.membershipId}/password-reset`
    const made = passwordResetResponse.parse((await postern.send('POST', path, undefined, maker.token)).body)
    expect((await postern.send('DELETE', members, { usernames: [maker.email] })).status).toBe(200)
    const body = { token: made.token, newPassword: 'a horse of another colour' }
    expect((await postern.call('POST', '/api/v1/auth/password-reset', undefined, body)).status).toBe(404)
  })
})

describe('an invitation that nobody has accepted yet', () => {
  const path = (): string => `/api/v1/organization/${postern.organizationId}/invitations`
  const inviteAs = (token: string, email: string, role: string) =>
    postern.send('POST', path(), { email, role }, token)

  it('T17 to a role beyond somebody’s rights is neither replaced nor withdrawn by them', async () => {
    const slug = newSlug()
    await createRole(slug, ['read', 'create'])
    const { token } = await postern.addPerson(slug)
    const email = newEmail()
    const made = inviteMemberResponse.parse((await inviteAs(postern.machine, email, 'admin')).body)
    const withdraw = `${path()}/${made.invitation.id}`
    for (const reply of [
      await inviteAs(token, email, 'no-access'),
      await inviteAs(token, email, slug),
      await postern.send('DELETE', withdraw, undefined, token),
    ]) {
      expect(reply).toMatchObject({ status: 403, body: { error: 'PermissionDenied' } })
      expect(await postern.auditOf(reply)).toMatchObject([{ outcome: 'denied' }])
    }
    const looked = await postern.call('GET', '/api/v1/invitation', made.token)
    expect(looked).toMatchObject({ status: 200, body: { invitation: { role: 'admin' } } })
    expect((await postern.send('DELETE', withdraw)).status).toBe(200)
    expect((await inviteAs(token, email, slug)).status).toBe(200)
  })

  it('is replaced by whoever has at least its role: with a lesser role, or with any that they have', async () => {
    const slug = newSlug()
    await createRole(slug, ['read', 'create'])
    const { token } = await postern.addPerson(slug)
    const email = newEmail()
    for (const [as, role] of [
      [postern.machine, 'no-access'],
      [token, slug],
      [token, 'no-access'],
      [postern.machine, 'admin'],
      [postern.machine, 'member'],
    ] as const)
      expect(await inviteAs(as, email, role)).toMatchObject({ status: 200, body: { invitation: { role } } })
  })

  it('one of two that are made at once for an address stays, and the other is refused', async () => {
    const email = newEmail()
    const replies = await Promise.all(
      ['admin', 'no-access', 'member'].map((role) => inviteAs(postern.machine, email, role)),
    )
    const made = replies.filter(({ status }) => status === 200)
    expect(made.length).toBeGreaterThan(0)
    const tokens = made.map(({ body }) => inviteMemberResponse.parse(body).token)
    const looks = await Promise.all(tokens.map((token) => postern.call('GET', '/api/v1/invitation', token)))
    expect(looks.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(replies.filter(({ status }) => status !== 200).map(({ status }) => status)).toEqual(
      Array.from({ length: 3 - made.length }, () => 400),
    )
  })
})
