import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiError } from '../http/api-error.ts'
import { type StartedHttpServer, startHttpServer } from '../http/test/start-http-server.ts'
import { createAuthenticate } from './authenticate.ts'
import { builtInOrganizationRights, noOrganizationRights } from './organization-rights.ts'

const identities = new Map(
  [
    { id: 'alive', organizationId: 'org-1', name: 'ci', role: 'admin', isDisabled: false },
    { id: 'disabled', organizationId: 'org-1', name: 'old', role: 'admin', isDisabled: true },
    { id: 'elsewhere', organizationId: 'org-2', name: 'moved', role: 'admin', isDisabled: false },
    { id: 'odd', organizationId: 'org-1', name: 'odd', role: 'owner', isDisabled: false },
  ].map((identity) => [identity.id, identity]),
)

const authenticate = createAuthenticate({
  verifyAccessToken: async (token, clientIp) => {
    if (!token.startsWith('valid.') || clientIp !== '127.0.0.1')
      throw new ApiError('Unauthorized', 'The access token is not valid')
    return {
      tokenId: 'token-1',
      identityId: token.slice(6),
      organizationId: 'org-1',
      authMethod: 'kubernetes-auth',
    }
  },
  findIdentity: async (id) => identities.get(id),
  rightsOf: async (_organizationId, role) => builtInOrganizationRights(role) ?? noOrganizationRights,
})

describe('authentication', () => {
  let server: StartedHttpServer
  beforeAll(async () => {
    server = await startHttpServer((routes) => void routes.get('/actor', authenticate))
  })
  afterAll(() => server.close())
  const call = async (authorization?: string) => {
    const reply = await fetch(`${server.url}/actor`, {
      headers: authorization === undefined ? {} : { authorization },
    })
    const body: unknown = await reply.json()
    return { status: reply.status, body, challenge: reply.headers.get('www-authenticate') }
  }

  it.each([
    undefined,
    'valid.alive',
    'Bearer',
    'Bearer valid.alive valid.alive',
    'Bearer valid.alive,Bearer valid.alive',
    'Bearer  valid.alive',
    'Basic valid.alive',
    'Bearer "valid.alive"',
    `Bearer valid.${'a'.repeat(9000)}`,
    'Bearer forged.alive',
  ])('refuses the header %j', async (header) => {
    const { status, body, challenge } = await call(header)
    expect(status).toBe(401)
    expect(body).toMatchObject({ error: 'Unauthorized' })
    expect(challenge).toBe('Bearer')
  })

  it.each(['disabled', 'deleted', 'elsewhere'])(
    'T46 refuses a valid token whose identity is %s',
    async (identityId) => {
      expect(await call(`Bearer valid.${identityId}`)).toMatchObject({
        status: 401,
        body: { error: 'Unauthorized' },
      })
    },
  )

  it('T17 gives no rights to a role that it does not know', async () => {
    expect(await call('Bearer valid.odd')).toMatchObject({ status: 200, body: { rights: { rules: [] } } })
  })

  it.each(['Bearer', 'bearer'])('names the actor of a valid token after %s', async (scheme) => {
    expect((await call(`${scheme} valid.alive`)).body).toMatchObject({
      kind: 'identity',
      identityId: 'alive',
      identityName: 'ci',
      organizationId: 'org-1',
      role: 'admin',
      rights: { rules: expect.arrayContaining([{ subject: 'audit-log', action: ['read'] }]) },
      authMethod: 'kubernetes-auth',
      tokenId: 'token-1',
    })
  })
})
