import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiError } from '../http/api-error.ts'
import { type StartedHttpServer, startHttpServer } from '../http/test/start-http-server.ts'
import type { Session } from '../users/session-store.ts'
import { createSessionToken, dressSessionToken } from '../users/session-token.ts'
import { createReadCredential } from './authenticate-credential.ts'
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

const expiresAt = new Date('2030-01-01T00:00:00Z')
const bound = createSessionToken()
const unbound = createSessionToken()
const session = { id: 'session-1', userId: 'user-1', email: 'ada@example.com', name: 'Ada', expiresAt }
const sessions = new Map<string, Session>([
  [bound, { ...session, membership: { organizationId: 'org-1', role: 'member' } }],
  [unbound, session],
])
const dressed = dressSessionToken(bound, {
  sessionId: 'session-1',
  userId: 'user-1',
  organizationId: 'org-1',
  expiresAt,
})

const authenticate = createAuthenticate({
  readCredential: createReadCredential('https://postern.example.com/'),
  findSession: async (token) => sessions.get(token),
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
  admit: () => undefined,
  findIdentity: async (id) => identities.get(id),
  rightsOf: async (_organizationId, role) => builtInOrganizationRights(role) ?? noOrganizationRights,
})

describe('authentication', () => {
  let server: StartedHttpServer
  beforeAll(async () => {
    server = await startHttpServer((routes) => {
      routes.get('/actor', authenticate)
      routes.post('/actor', authenticate)
    })
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

  const send = async (method: string, headers: Record<string, string>) => {
    const reply = await fetch(`${server.url}/actor`, { method, headers })
    const body: unknown = await reply.json()
    return { status: reply.status, body }
  }

  it.each([
    ['plain', bound],
    ['dressed as a JWT', dressed],
    ['dressed with any hints', `eyJhbGciOiJub25lIn0.eyJ1c2VySWQiOiJyb290In0.${bound}`],
  ])('names the person of a session, its token %s', async (_form, token) => {
    expect((await call(`Bearer ${token}`)).body).toMatchObject({
      kind: 'user',
      userId: 'user-1',
      email: 'ada@example.com',
      sessionId: 'session-1',
      organizationId: 'org-1',
      role: 'member',
    })
  })

  it.each([
    ['is over', createSessionToken(), 'sign in again'],
    ['is in no organization', unbound, 'Select an organization'],
    ['was cut', bound.slice(0, -1), 'not valid'],
    ['was lengthened', `${bound}x`, 'not valid'],
  ])('refuses a session that %s', async (_what, token, message) => {
    expect(await call(`Bearer ${token}`)).toMatchObject({
      status: 401,
      body: { error: 'Unauthorized', message: expect.stringContaining(message) },
    })
  })

  const cookie = `other=1; postern_session=${bound}`
  const ownOrigin = 'https://postern.example.com'

  it('reads a session’s cookie', async () => {
    expect(await send('GET', { cookie })).toMatchObject({ status: 200, body: { userId: 'user-1' } })
  })

  it.each([
    ['is of no known form', 'postern_session=x'],
    ['is there twice', `${cookie}; postern_session=${createSessionToken()}`],
    ['has another name', `xpostern_session=${bound}`],
    ['stands beside a header that counts', cookie, 'Basic x'],
  ])('refuses a cookie that %s', async (_what, cookie, authorization?: string) => {
    const headers = { cookie, ...(authorization !== undefined && { authorization }) }
    expect(await send('GET', headers)).toMatchObject({ status: 401 })
  })

  it.each([
    [{}],
    [{ origin: 'https://evil.example.com' }],
    [{ origin: 'https://postern.example.com.evil.example' }],
    [{ origin: 'http://postern.example.com' }],
    [{ origin: 'null' }],
    [{ 'sec-fetch-site': 'cross-site', origin: ownOrigin }],
    [{ 'sec-fetch-site': 'same-site', origin: ownOrigin }],
    [{ 'sec-fetch-site': 'none' }],
    [{ referer: `${ownOrigin}/` }],
  ])('refuses a change by cookie from %j', async (headers) => {
    expect(await send('POST', { cookie, ...headers })).toMatchObject({
      status: 403,
      body: { error: 'Forbidden' },
    })
  })

  it.each([[{ 'sec-fetch-site': 'same-origin' }], [{ origin: ownOrigin }]])(
    'takes a change by cookie from %j',
    async (headers) => {
      expect(await send('POST', { cookie, ...headers })).toMatchObject({ status: 200 })
    },
  )

  it('takes a change by header from anywhere: pages of others cannot send it', async () => {
    const headers = { authorization: `Bearer ${bound}`, origin: 'https://evil.example.com' }
    expect(await send('POST', headers)).toMatchObject({ status: 200 })
  })
})
