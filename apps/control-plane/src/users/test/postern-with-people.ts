import { randomBytes, randomUUID } from 'node:crypto'
import { bootstrapResponse } from '@postern/api-contract/bootstrap'
import { inviteMemberResponse, listMembersResponse } from '@postern/api-contract/organizations'
import { passwordLoginResponse, selectOrganizationResponse } from '@postern/api-contract/people'
import type { AppConfig } from '../../app.ts'
import { type CallOptions, type Reply, type TestApp, startTestApp } from '../../test/start-test-app.ts'

export interface SignedInPerson {
  email: string
  password: string
  /** Of a session in the organization. */
  token: string
  membershipId: string
  userId: string
}

export interface PosternWithPeople {
  app: TestApp
  organizationId: string
  /** The first person, an admin. */
  admin: SignedInPerson
  /** The first machine, an admin too. */
  machine: string
  call(
    method: string,
    path: string,
    token?: string,
    body?: unknown,
    headers?: CallOptions['headers'],
  ): Promise<Reply>
  invite(email: string, role: string, token?: string): Promise<string>
  /** Somebody new with the role, signed in. */
  addPerson(role: string): Promise<SignedInPerson>
  /** A session in no organization. */
  signIn(person: { email: string; password: string }): Promise<string>
  select(token: string, organizationId?: string): Promise<string>
  /** Another organization, in the database alone. */
  addOrganization(): Promise<string>
  auditOf(
    reply: Reply,
  ): Promise<{ event: string; outcome: string; reason: string | null; actor_kind: string }[]>
  close(): Promise<void>
}

export const signInPath = '/api/v3/auth/login'
export const selectPath = '/api/v3/auth/select-organization'

export async function startPosternWithPeople(change: Partial<AppConfig> = {}): Promise<PosternWithPeople> {
  const app = await startTestApp(change)
  const first = { email: 'ada@example.com', password: 'correct horse battery' }
  const body = { ...first, organization: 'Acme' }
  const bootstrapped = bootstrapResponse.parse(
    (await app.call('POST', '/api/v1/admin/bootstrap', { body })).body,
  )
  const { id: organizationId } = bootstrapped.organization
  const machine = bootstrapped.identity.credentials.token

  const call: PosternWithPeople['call'] = (method, path, token, body, headers) =>
    app.call(method, path, { token, body, ...(headers !== undefined && { headers }) })
  const signIn: PosternWithPeople['signIn'] = async ({ email, password }) => {
    const reply = await call('POST', signInPath, undefined, { email, password })
    return passwordLoginResponse.parse(reply.body).accessToken
  }
  const select: PosternWithPeople['select'] = async (token, id = organizationId) => {
    const reply = await call('POST', selectPath, token, { organizationId: id })
    return selectOrganizationResponse.parse(reply.body).token
  }
  const invite: PosternWithPeople['invite'] = async (email, role, token = machine) => {
    const path = `/api/v1/organization/${organizationId}/invitations`
    return inviteMemberResponse.parse((await call('POST', path, token, { email, role })).body).token
  }
  const enter = async (person: { email: string; password: string }): Promise<SignedInPerson> => {
    const token = await select(await signIn(person))
    const path = `/api/v2/organizations/${organizationId}/memberships?search=${encodeURIComponent(person.email)}`
    const { users } = listMembersResponse.parse((await call('GET', path, machine)).body)
    const [membership] = users
    if (membership === undefined) throw new Error('no such member')
    return { ...person, token, membershipId: membership.id, userId: membership.userId }
  }
  const addPerson: PosternWithPeople['addPerson'] = async (role) => {
    const person = {
      email: `${randomBytes(4).toString('hex')}@example.com`,
      password: randomBytes(12).toString('base64url'),
    }
    const body = { token: await invite(person.email, role), password: person.password, name: 'Somebody' }
    const accepted = await call('POST', '/api/v1/invitation/accept', undefined, body)
    if (accepted.status !== 200) throw new Error(`not accepted: ${JSON.stringify(accepted.body)}`)
    return enter(person)
  }
  return {
    app,
    organizationId,
    admin: await enter(first),
    machine,
    call,
    invite,
    addPerson,
    signIn,
    select,
    addOrganization: async () => {
      const { id } = await app.database.kysely
        .insertInto('organizations')
        .values({ name: 'Other', slug: `other-${randomUUID()}`, wrapped_key: Buffer.alloc(1) })
        .returning('id')
        .executeTakeFirstOrThrow()
      return id
    },
    auditOf: (reply) =>
      app.database.kysely
        .selectFrom('audit_events')
        .select(['event', 'outcome', 'reason', 'actor_kind'])
        .where('request_id', '=', reply.headers.get('x-request-id') ?? '')
        .orderBy('id')
        .execute(),
    close: () => app.close(),
  }
}
