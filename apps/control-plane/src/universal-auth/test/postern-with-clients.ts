import { accessTokenReply } from '@postern/api-contract/access-tokens'
import { bootstrapResponse } from '@postern/api-contract/bootstrap'
import { identityResponse } from '@postern/api-contract/identities'
import { createClientSecretReply, universalAuthReply } from '@postern/api-contract/universal-auth'
import type { AppConfig } from '../../app.ts'
import type { TestDatabase } from '../../database/test/create-test-database.ts'
import { type CallOptions, type Reply, startTestApp, type TestApp } from '../../test/start-test-app.ts'

export interface Client {
  identityId: string
  clientId: string
  clientSecret: string
  clientSecretId: string
}

export interface PosternWithClients {
  app: TestApp
  /** An access token that may do everything. */
  admin: string
  organizationId: string
  /** As the admin, unless another token is given. */
  call(method: string, path: string, body?: unknown, token?: string): Promise<Reply>
  createIdentity(role?: string): Promise<string>
  /** Anew, with these settings. */
  attach(identityId: string, settings?: object): Promise<string>
  createSecret(identityId: string, body?: object): Promise<Pick<Client, 'clientSecret' | 'clientSecretId'>>
  /** An identity that can log in. */
  createClient(settings?: object, secret?: object, role?: string): Promise<Client>
  login(client: Pick<Client, 'clientId' | 'clientSecret'>, options?: CallOptions): Promise<Reply>
  /** The access token of a login that has to succeed. */
  logIn(client: Pick<Client, 'clientId' | 'clientSecret'>): Promise<string>
  /** The audit rows of a request. */
  auditOf(reply: Reply): Promise<readonly { event: string; outcome: string; reason: string | null }[]>
  close(): Promise<void>
}

export const loginPath = '/api/v1/auth/universal-auth/login'
export const detailsPath = '/api/v1/identities/details'

export function universalAuthPath(identityId: string): string {
  return `/api/v1/auth/universal-auth/identities/${identityId}`
}

/** A whole control plane, and somebody who may do everything in it. */
export async function startPosternWithClients(
  config: Partial<AppConfig> = {},
  databaseOptions: { poolMax?: number; database?: TestDatabase } = {},
): Promise<PosternWithClients> {
  const app = await startTestApp(config, databaseOptions)
  const bootstrapped = await app.call('POST', '/api/v1/admin/bootstrap', {
    body: { email: 'ada@example.com', password: 'correct horse battery', organization: 'Acme' },
  })
  const { identity, organization } = bootstrapResponse.parse(bootstrapped.body)
  const admin = identity.credentials.token
  const call: PosternWithClients['call'] = (method, path, body, token = admin) =>
    app.call(method, path, { token, body })

  const createIdentity: PosternWithClients['createIdentity'] = async (role = 'no-access') => {
    const reply = await call('POST', '/api/v1/identities', {
      name: 'ci',
      organizationId: organization.id,
      role,
    })
    return identityResponse.parse(reply.body).identity.id
  }
  const attach: PosternWithClients['attach'] = async (identityId, settings = {}) => {
    await call('DELETE', universalAuthPath(identityId))
    const reply = await call('POST', universalAuthPath(identityId), settings)
    return universalAuthReply.parse(reply.body).identityUniversalAuth.clientId
  }
  const createSecret: PosternWithClients['createSecret'] = async (identityId, body = {}) => {
    const reply = await call('POST', `${universalAuthPath(identityId)}/client-secrets`, body)
    const { clientSecret, clientSecretData } = createClientSecretReply.parse(reply.body)
    return { clientSecret, clientSecretId: clientSecretData.id }
  }
  const login: PosternWithClients['login'] = ({ clientId, clientSecret }, options = {}) =>
    app.call('POST', loginPath, { body: { clientId, clientSecret }, ...options })
  return {
    app,
    admin,
    organizationId: organization.id,
    call,
    createIdentity,
    attach,
    createSecret,
    createClient: async (settings, secret, role) => {
      const identityId = await createIdentity(role)
      const clientId = await attach(identityId, settings)
      return { identityId, clientId, ...(await createSecret(identityId, secret)) }
    },
    login,
    logIn: async (client) => accessTokenReply.parse((await login(client)).body).accessToken,
    auditOf: (reply) =>
      app.database.kysely
        .selectFrom('audit_events')
        .selectAll()
        .where('request_id', '=', reply.headers.get('x-request-id') ?? '')
        .execute(),
    close: () => app.close(),
  }
}
