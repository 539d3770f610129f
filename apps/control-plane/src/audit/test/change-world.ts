import { randomUUID } from 'node:crypto'
import type { RouteOptions } from 'fastify'
import {
  type PosternWithCluster,
  startPosternWithCluster,
} from '../../kubernetes-auth/test/postern-with-cluster.ts'
import { noticeTopic } from '../../replicas/change-notices.ts'
import { LocalReplicaBus } from '../../replicas/local-replica-bus.ts'
import type { ReplicaBus } from '../../replicas/replica-bus.ts'
import type { Reply, TestApp } from '../../test/start-test-app.ts'
import type { AuditEventName } from '../audit-event.ts'

/** What a route's template and body are filled with; the administrator's token where none is named. */
export interface Sent {
  params?: Record<string, string>
  body?: unknown
  /** Null: none. */
  token?: string | null
  /** Another application than the one that all the others are sent to. */
  to?: TestApp
}

/** A change that succeeds, for all routes of this method whose template is like that. */
export interface ChangeCase {
  method: 'POST' | 'PATCH' | 'DELETE'
  template: RegExp
  /** All that it writes down, in any order. */
  events: readonly AuditEventName[]
  prepare: (world: ChangeWorld) => Promise<Sent>
}

export interface Person {
  email: string
  password: string
  userId: string
  membershipId: string
  /** In the organization. */
  session: string
}

/** Things to change, each new. */
export interface ChangeWorld {
  /** The names of the notices that other replicas were sent. */
  readonly notices: ReadonlySet<string>
  readonly postern: PosternWithCluster
  readonly organizationId: string
  readonly administrator: { email: string; password: string }
  call: (method: string, path: string, body?: unknown, token?: string) => Promise<Reply>
  identity: () => Promise<string>
  person: () => Promise<Person>
  /** A session of the administrator. */
  session: () => Promise<string>
  project: () => Promise<{ projectId: string; projectSlug: string }>
  close(): Promise<void>
}

const administrator = { email: 'ada@example.com', password: 'correct horse battery' }

export async function startChangeWorld(observeRoute: (route: RouteOptions) => void): Promise<ChangeWorld> {
  const notices = new Set<string>()
  const openBus = async (): Promise<ReplicaBus> =>
    Object.assign(new LocalReplicaBus({ error: () => undefined }), {
      publish: (topic: string, message: Uint8Array) => {
        if (topic === noticeTopic) notices.add((JSON.parse(String(message)) as string[])[0] ?? '')
      },
    })
  const postern = await startPosternWithCluster(
    {},
    { observers: { route: observeRoute }, openBus },
    administrator,
  )
  const { organizationId } = postern
  const call: ChangeWorld['call'] = (method, path, body, token = postern.admin) =>
    postern.app.call(method, path, { body, token })
  const signIn = async (person: { email: string; password: string }): Promise<string> => {
    const login = await call('POST', '/api/v3/auth/login', person, '')
    const selected = { organizationId }
    const session = textIn(login, 'accessToken')
    return textIn(await call('POST', '/api/v3/auth/select-organization', selected, session), 'token')
  }
  return {
    notices,
    postern,
    organizationId,
    administrator,
    call,
    identity: () => postern.createIdentity(),
    session: () => signIn(administrator),
    person: async () => {
      const person = { email: `${randomUUID()}@example.com`, password: 'correct horse battery' }
      const path = `/api/v1/organization/${organizationId}/invitations`
      const token = textIn(await call('POST', path, { email: person.email, role: 'member' }), 'token')
      const accept = { token, password: person.password, name: 'Grace' }
      const userId = textIn(await call('POST', '/api/v1/invitation/accept', accept, ''), 'user.id')
      const members = await call('GET', `/api/v2/organizations/${organizationId}/memberships?limit=100`)
      const { users } = members.body as { users: { id: string; userId: string }[] }
      const membershipId = users.find((user) => user.userId === userId)?.id ?? ''
      return { ...person, userId, membershipId, session: await signIn(person) }
    },
    project: async () => {
      const projectSlug = `p-${randomUUID()}`
      const reply = await call('POST', '/api/v2/workspace', { projectName: 'Shop', slug: projectSlug })
      return { projectId: textIn(reply, 'project.id'), projectSlug }
    },
    close: () => postern.close(),
  }
}

/** The text at a place of a reply's body, such as `role.id`; throws where there is none. */
export function textIn({ status, body }: Reply, place: string): string {
  let found: unknown = body
  for (const name of place.split('.')) found = (found as Record<string, unknown> | undefined)?.[name]
  if (typeof found !== 'string') throw new Error(`no ${place} in ${status} ${JSON.stringify(body)}`)
  return found
}
