import { randomBytes } from 'node:crypto'
import { passwordResetResponse } from '@postern/api-contract/organizations'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Reply } from '../test/start-test-app.ts'
import {
  type PosternWithPeople,
  selectPath,
  signInPath,
  startPosternWithPeople,
} from '../users/test/postern-with-people.ts'

let postern: PosternWithPeople
beforeAll(async () => {
  postern = await startPosternWithPeople()
  const { kysely } = postern.app.database
  await sql`create table refused_writes (name text not null)`.execute(kysely)
  await sql`create function refuse_write() returns trigger language plpgsql as $$
    begin
      if exists (select from refused_writes) then
        raise exception 'the disk is full' using errcode = 'disk_full';
      end if;
      return new;
    end $$`.execute(kysely)
  await sql`create trigger refuse before insert on audit_events for each row
    when (new.outcome = 'success') execute function refuse_write()`.execute(kysely)
})
afterAll(() => postern.close())

/** Everything that changes of people may touch. */
async function state(): Promise<unknown> {
  const tables = [
    'organizations',
    'users',
    'organization_members',
    'user_sessions',
    'member_invitations',
    'password_resets',
  ]
  return Promise.all(
    tables.map(async (name) => {
      const { rows } = await sql<{ row: object }>`
        select to_jsonb(t) - 'last_used_at' as row from ${sql.table(name)} t order by id`.execute(
        postern.app.database.kysely,
      )
      return rows
    }),
  )
}

const organization = (): string => `/api/v1/organization/${postern.organizationId}`
const members = (): string => `/api/v2/organizations/${postern.organizationId}/memberships`
const newPassword = 'a horse of another colour'
const newEmail = (): string => `${randomBytes(4).toString('hex')}@example.com`
const call = (...call: Parameters<PosternWithPeople['call']>): Promise<Reply> => postern.call(...call)

const changes: [what: string, prepare: () => Promise<() => Promise<Reply>>][] = [
  ['a sign-in', async () => () => call('POST', signInPath, undefined, postern.admin)],
  [
    'the choice of an organization',
    async () => {
      const token = await postern.signIn(postern.admin)
      return () => call('POST', selectPath, token, { organizationId: postern.organizationId })
    },
  ],
  [
    'a sign-out',
    async () => {
      const { token } = await postern.addPerson('member')
      return () => call('POST', '/api/v1/auth/logout', token)
    },
  ],
  [
    'the end of other sessions',
    async () => {
      const person = await postern.addPerson('member')
      await postern.signIn(person)
      return () => call('DELETE', '/api/v2/users/me/sessions', person.token)
    },
  ],
  [
    'a change of the password',
    async () => {
      const { token, password } = await postern.addPerson('member')
      return () => call('POST', '/api/v2/users/me/password', token, { oldPassword: password, newPassword })
    },
  ],
  [
    'a link to a new password',
    async () => {
      const { membershipId } = await postern.addPerson('member')
      return () => call('POST', `${members()}/${membershipId}/password-reset`, postern.machine)
    },
  ],
  [
    'a new password by a link',
    async () => {
      const { membershipId } = await postern.addPerson('member')
      const made = await call('POST', `${members()}/${membershipId}/password-reset`, postern.machine)
      const { token } = passwordResetResponse.parse(made.body)
      return () => call('POST', '/api/v1/auth/password-reset', undefined, { token, newPassword })
    },
  ],
  [
    'an own name',
    async () => {
      const { token } = await postern.addPerson('member')
      return () => call('PATCH', '/api/v1/user', token, { name: 'Grace' })
    },
  ],
  [
    'an invitation',
    async () => {
      const body = { email: newEmail(), role: 'member' }
      return () => call('POST', `${organization()}/invitations`, postern.machine, body)
    },
  ],
  [
    'the withdrawal of an invitation',
    async () => {
      const body = { email: newEmail(), role: 'member' }
      const made = await call('POST', `${organization()}/invitations`, postern.machine, body)
      const { id } = (made.body as { invitation: { id: string } }).invitation
      return () => call('DELETE', `${organization()}/invitations/${id}`, postern.machine)
    },
  ],
  [
    'the acceptance of an invitation',
    async () => {
      const token = await postern.invite(newEmail(), 'member')
      return () => call('POST', '/api/v1/invitation/accept', undefined, { token, password: newPassword })
    },
  ],
  [
    'a member’s role',
    async () => {
      const { membershipId } = await postern.addPerson('member')
      return () => call('PATCH', `${members()}/${membershipId}`, postern.machine, { role: 'admin' })
    },
  ],
  [
    'the disabling of a member',
    async () => {
      const { membershipId } = await postern.addPerson('member')
      return () => call('PATCH', `${members()}/${membershipId}`, postern.machine, { isActive: false })
    },
  ],
  [
    'the removal of a member',
    async () => {
      const { membershipId } = await postern.addPerson('member')
      return () => call('DELETE', `${members()}/${membershipId}`, postern.machine)
    },
  ],
  [
    'the organization’s name',
    async () => () => call('PATCH', organization(), postern.machine, { name: 'Acme & Sons' }),
  ],
]

it.each(changes)(
  '%s is not there when its audit row cannot be written, and is there, row and all, when it can',
  async (_what, prepare) => {
    const { kysely } = postern.app.database
    const change = await prepare()
    const before = await state()
    await sql`insert into refused_writes values ('audit_events')`.execute(kysely)
    expect(await change()).toMatchObject({ status: 500 })
    expect(await state()).toEqual(before)
    await sql`delete from refused_writes`.execute(kysely)
    const reply = await change()
    expect(reply.status).toBe(200)
    expect((await postern.auditOf(reply)).every(({ outcome }) => outcome === 'success')).toBe(true)
    expect(await postern.auditOf(reply)).not.toEqual([])
    expect(await state()).not.toEqual(before)
  },
)
