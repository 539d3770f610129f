import { accessTokenReply } from '@postern/api-contract/access-tokens'
import { createClientSecretReply, universalAuthReply } from '@postern/api-contract/universal-auth'
import type { AppConfig } from '../../app.ts'
import type { Reply } from '../../test/start-test-app.ts'
import {
  type PosternWithPeople,
  type SignedInPerson,
  startPosternWithPeople,
} from '../../users/test/postern-with-people.ts'

export interface Machine {
  identityId: string
  /** An access token of it. */
  token: string
}

export interface TestProject {
  id: string
  slug: string
  environments: { id: string; slug: string; name: string }[]
}

export interface PosternWithProjects extends PosternWithPeople {
  /** As the machine that may do everything, unless another token is given. */
  send(method: string, path: string, body?: unknown, token?: string): Promise<Reply>
  createIdentity(role?: string): Promise<string>
  logIn(identityId: string): Promise<string>
  /** A machine with this role in the organization. */
  createMachine(role?: string): Promise<Machine>
  createProject(body?: object, token?: string): Promise<TestProject>
  /** A machine that is in the project with these roles, and nobody in the organization. */
  createMember(projectId: string, ...roles: string[]): Promise<Machine>
  /** One of the project's own roles. */
  createRole(projectId: string, slug: string, permissions: object[]): Promise<string>
  /** Everything in another organization. */
  createStranger(): Promise<SignedInPerson>
  eventsOf(reply: Reply): Promise<{ event: string; outcome: string; details: Record<string, unknown> }[]>
}

/** A whole control plane, and those who may do something in it. */
export async function startPosternWithProjects(
  config: Partial<AppConfig> = {},
): Promise<PosternWithProjects> {
  const postern = await startPosternWithPeople(config)
  const { organizationId, machine } = postern
  const send: PosternWithProjects['send'] = (method, path, body, token = machine) =>
    postern.call(method, path, token, body)

  const createIdentity: PosternWithProjects['createIdentity'] = async (role = 'no-access') => {
    const { body } = await send('POST', '/api/v1/identities', { name: 'ci', organizationId, role })
    return (body as { identity: { id: string } }).identity.id
  }
  const logIn: PosternWithProjects['logIn'] = async (identityId) => {
    const path = `/api/v1/auth/universal-auth/identities/${identityId}`
    await send('POST', path, {})
    const { identityUniversalAuth } = universalAuthReply.parse((await send('GET', path)).body)
    const secret = createClientSecretReply.parse((await send('POST', `${path}/client-secrets`, {})).body)
    const login = await postern.call('POST', '/api/v1/auth/universal-auth/login', undefined, {
      clientId: identityUniversalAuth.clientId,
      clientSecret: secret.clientSecret,
    })
    return accessTokenReply.parse(login.body).accessToken
  }
  const createMachine: PosternWithProjects['createMachine'] = async (role) => {
    const identityId = await createIdentity(role)
    return { identityId, token: await logIn(identityId) }
  }
  return {
    ...postern,
    send,
    createIdentity,
    logIn,
    createMachine,
    createProject: async (body = {}, token) => {
      const reply = await send('POST', '/api/v1/projects', { projectName: 'Payments', ...body }, token)
      return (reply.body as { project: TestProject }).project
    },
    createMember: async (projectId, ...roles) => {
      const member = await createMachine()
      const path = `/api/v1/projects/${projectId}/memberships/identities/${member.identityId}`
      const reply = await send('POST', path, { roles: roles.map((role) => ({ role })) })
      if (reply.status !== 200) throw new Error(`not added: ${JSON.stringify(reply.body)}`)
      return member
    },
    createRole: async (projectId, slug, permissions) => {
      const path = `/api/v1/projects/${projectId}/roles`
      const reply = await send('POST', path, { slug, name: slug, permissions })
      if (reply.status !== 200) throw new Error(`not made: ${JSON.stringify(reply.body)}`)
      return (reply.body as { role: { id: string } }).role.id
    },
    createStranger: async () => {
      const person = await postern.addPerson('no-access')
      const elsewhere = await postern.addOrganization()
      await postern.app.database.kysely
        .insertInto('organization_members')
        .values({ organization_id: elsewhere, user_id: person.userId, role: 'admin' })
        .execute()
      return { ...person, token: await postern.select(await postern.signIn(person), elsewhere) }
    },
    eventsOf: (reply) =>
      postern.app.database.kysely
        .selectFrom('audit_events')
        .select(['event', 'outcome', 'details'])
        .where('request_id', '=', reply.headers.get('x-request-id') ?? '')
        .orderBy('id')
        .execute(),
  }
}
