import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { accessTokenReply } from '@postern/api-contract/access-tokens'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Reply } from '../test/start-test-app.ts'
import {
  detailsPath,
  type PosternWithClients,
  startPosternWithClients,
  universalAuthPath,
} from '../universal-auth/test/postern-with-clients.ts'

let postern: PosternWithClients
beforeAll(async () => {
  // Loopback is a proxy here, so that a test may come from any address.
  postern = await startPosternWithClients({ trustedProxies: ['127.0.0.1'] }, { poolMax: 10 })
})
afterAll(() => postern.close())

const from = (ipAddress: string) => ({ headers: { 'x-forwarded-for': ipAddress } })
const use = (token: string, options = {}) => postern.app.call('GET', detailsPath, { token, ...options })
const statusesOf = (replies: readonly Reply[], status: number) =>
  replies.filter((reply) => reply.status === status).length
const logInWith = async (settings: object) => postern.logIn(await postern.createClient(settings))
const revoke = (accessToken: string) =>
  postern.app.call('POST', '/api/v1/auth/token/revoke', { body: { accessToken } })
const renew = (accessToken: string, options = {}) =>
  postern.app.call('POST', '/api/v1/auth/token/renew', { body: { accessToken }, ...options })

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

describe('the uses of a token', () => {
  it('T38: are exactly 5 of 200 parallel requests when 5 are allowed', async () => {
    const token = await logInWith({ accessTokenNumUsesLimit: 5 })
    const replies = await Promise.all(Array.from({ length: 200 }, () => use(token)))
    expect([statusesOf(replies, 200), statusesOf(replies, 401)]).toEqual([5, 195])
  })

  it('T39: are not spent from an address that is not trusted', async () => {
    const accessTokenTrustedIps = [{ ipAddress: '203.0.113.0/24' }]
    const token = await logInWith({ accessTokenNumUsesLimit: 1, accessTokenTrustedIps })
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect((await use(token, from('198.51.100.1'))).status).toBe(403)
    }
    expect((await use(token, from('203.0.113.1'))).status).toBe(200)
    expect((await use(token, from('203.0.113.1'))).status).toBe(401)
  })

  it('T40: once they are spent the token cannot be renewed; a renewal itself spends none', async () => {
    const token = await logInWith({ accessTokenNumUsesLimit: 2, accessTokenMaxTTL: 0 })
    const renewed = accessTokenReply.parse((await renew(token)).body).accessToken
    expect(await Promise.all([use(token), use(renewed)])).toMatchObject([{ status: 200 }, { status: 200 }])
    expect([(await renew(renewed)).status, (await use(renewed)).status]).toEqual([401, 401])
  })
})

describe('renewal', () => {
  it('T40: is another JWT that expires later, never after creation + maximum TTL, in whole seconds', async () => {
    const first = await logInWith({ accessTokenTTL: 600, accessTokenMaxTTL: 601 })
    const reply = accessTokenReply.parse((await renew(first)).body)
    const [before, after] = [claimsOf(first), claimsOf(reply.accessToken)]
    expect(reply.accessToken).not.toBe(first)
    expect(Number(after['exp'])).toBeGreaterThan(Number(before['exp']))
    expect(Number(after['exp'])).toBeLessThanOrEqual(Number(before['creationEpoch']) + 601)
    for (const claim of ['iat', 'exp', 'creationEpoch', 'accessTokenTTL', 'accessTokenMaxTTL']) {
      expect(Number.isInteger(after[claim])).toBe(true)
    }
    expect(reply).toMatchObject({ accessTokenMaxTTL: 601, tokenType: 'Bearer' })
  })

  it('T40: is refused to a revoked token, and to one at its maximum TTL', async () => {
    const revoked = await logInWith({ accessTokenMaxTTL: 0 })
    await revoke(revoked)
    expect((await renew(revoked)).status).toBe(401)
    const spent = await logInWith({ accessTokenTTL: 60, accessTokenMaxTTL: 60 })
    expect(await renew(spent)).toMatchObject({
      status: 401,
      body: { message: expect.stringContaining('maximum') },
    })
  })
})

describe('T43: a forged token is 401', () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const foreign = generateKeyPairSync('ed25519')
  const jwk = foreign.publicKey.export({ format: 'jwk' })

  interface Forgery {
    title: string
    header: (kid: string) => object
    signed?: 'not' | 'by-public-key'
  }
  const forgeries: Forgery[] = [
    { title: 'alg none', header: (kid) => ({ alg: 'none', kid, typ: 'JWT' }), signed: 'not' },
    { title: 'alg None', header: (kid) => ({ alg: 'None', kid, typ: 'JWT' }), signed: 'not' },
    {
      title: 'EdDSA without a signature',
      header: (kid) => ({ alg: 'EdDSA', kid, typ: 'JWT' }),
      signed: 'not',
    },
    {
      title: 'HS256 signed with the public key',
      header: (kid) => ({ alg: 'HS256', kid, typ: 'JWT' }),
      signed: 'by-public-key',
    },
    { title: 'a foreign key under our kid', header: (kid) => ({ alg: 'EdDSA', kid, typ: 'JWT' }) },
    { title: 'a foreign kid', header: () => ({ alg: 'EdDSA', kid: 'x'.repeat(43), typ: 'JWT' }) },
    { title: 'no kid', header: () => ({ alg: 'EdDSA', typ: 'JWT' }) },
    { title: 'a kid that is a path', header: () => ({ alg: 'EdDSA', kid: '../../dev/null', typ: 'JWT' }) },
    { title: 'an embedded jwk', header: (kid) => ({ alg: 'EdDSA', kid, typ: 'JWT', jwk }) },
    { title: 'jku', header: (kid) => ({ alg: 'EdDSA', kid, typ: 'JWT', jku: 'https://attacker.example/k' }) },
    { title: 'x5u', header: (kid) => ({ alg: 'EdDSA', kid, typ: 'JWT', x5u: 'https://attacker.example/c' }) },
    { title: 'x5c', header: (kid) => ({ alg: 'EdDSA', kid, typ: 'JWT', x5c: ['MIIB'] }) },
    { title: 'crit', header: (kid) => ({ alg: 'EdDSA', kid, typ: 'JWT', crit: ['exp'], exp: 1 }) },
    { title: 'b64', header: (kid) => ({ alg: 'EdDSA', kid, typ: 'JWT', b64: false, crit: ['b64'] }) },
    { title: 'zip', header: (kid) => ({ alg: 'EdDSA', kid, typ: 'JWT', zip: 'DEF' }) },
  ]

  it.each(forgeries)('$title', async ({ header, signed }) => {
    const real = await logInWith({})
    const { kid } = JSON.parse(Buffer.from(real.split('.')[0] ?? '', 'base64url').toString())
    const input = `${encode(header(kid))}.${encode({ ...claimsOf(real), jti: crypto.randomUUID() })}`
    const signature = async () => {
      if (signed === 'not') return ''
      if (signed !== 'by-public-key')
        return sign(null, Buffer.from(input), foreign.privateKey).toString('base64url')
      const keySet = (await postern.app.call('GET', '/.well-known/jwks.json')).body as {
        keys: { x: string }[]
      }
      const secret = Buffer.from(keySet.keys[0]?.x ?? '', 'base64url')
      return createHmac('sha256', secret).update(input).digest('base64url')
    }
    const token = `${input}.${await signature()}`
    expect((await use(token)).status).toBe(401)
    expect((await renew(token)).status).toBe(401)
    expect((await revoke(token)).status).toBe(401)
    expect((await use(real)).status).toBe(200)
  })

  it('with a changed claim, under our own signature', async () => {
    const real = await logInWith({})
    const [head = '', , signature = ''] = real.split('.')
    const forged = { ...claimsOf(real), identityId: claimsOf(postern.admin)['identityId'] }
    expect((await use(`${head}.${encode(forged)}.${signature}`)).status).toBe(401)
  })
})

describe('two processes on one database', () => {
  it('T42: take each other’s tokens at once; T41: what one revokes the other refuses within a second', async () => {
    const replica = await postern.app.startReplica()
    try {
      const client = await postern.createClient({ accessTokenMaxTTL: 0 })
      const at = (token: string) => replica.call('GET', detailsPath, { token })
      const tokens = await Promise.all([postern.logIn(client), postern.logIn(client), postern.logIn(client)])
      expect(await Promise.all(tokens.map(at))).toMatchObject([
        { status: 200 },
        { status: 200 },
        { status: 200 },
      ])

      const [one, other] = tokens
      await revoke(one)
      await expect.poll(async () => (await at(one)).status, { timeout: 1000, interval: 50 }).toBe(401)
      expect((await at(other)).status).toBe(200)
      await postern.call('POST', `/api/v1/identities/${client.identityId}/revoke-tokens`, {})
      await expect.poll(async () => (await at(other)).status, { timeout: 1000, interval: 50 }).toBe(401)
      const later = await postern.logIn(client)
      expect((await at(later)).status).toBe(200)
      const path = `${universalAuthPath(client.identityId)}/client-secrets/${client.clientSecretId}/revoke`
      await postern.call('POST', path)
      await expect.poll(async () => (await at(later)).status, { timeout: 1000, interval: 50 }).toBe(401)
    } finally {
      await replica.stop()
    }
  })

  it('log in with secrets that the other has just made, and never with those that it has just revoked', async () => {
    const replica = await postern.app.startReplica()
    try {
      const client = await postern.createClient()
      const { clientId, clientSecret } = client
      const login = () =>
        replica.call('POST', '/api/v1/auth/universal-auth/login', { body: { clientId, clientSecret } })
      expect((await login()).status).toBe(200)
      const path = `${universalAuthPath(client.identityId)}/client-secrets/${client.clientSecretId}/revoke`
      await postern.call('POST', path)
      expect((await login()).status).toBe(401)
    } finally {
      await replica.stop()
    }
  })
})

describe('POST /api/v1/auth/token/revoke', () => {
  it('may be repeated, and writes one audit row', async () => {
    const token = await logInWith({})
    const replies = [await revoke(token), await revoke(token)]
    expect(replies).toMatchObject([{ status: 200 }, { status: 200 }])
    expect((await use(token)).status).toBe(401)
    const rows = await Promise.all(replies.map((reply) => postern.auditOf(reply)))
    expect(rows).toMatchObject([[{ event: 'access-token-revoked', outcome: 'success' }], []])
  })
})

describe('POST /api/v1/identities/:id/revoke-tokens', () => {
  const path = (identityId: string) => `/api/v1/identities/${identityId}/revoke-tokens`

  it('is 401 without a token, 403 without the right, 404 for what is not of the organization, 422 for no auth method', async () => {
    const client = await postern.createClient()
    const token = await postern.logIn(client)
    expect((await postern.app.call('POST', path(client.identityId))).status).toBe(401)
    const denied = await postern.call('POST', path(client.identityId), {}, token)
    expect(denied).toMatchObject({
      status: 403,
      body: { details: { action: 'revoke', subject: 'identities' } },
    })
    expect(await postern.auditOf(denied)).toMatchObject([
      { event: 'identity-tokens-revoked', outcome: 'denied' },
    ])
    expect((await postern.call('POST', path(crypto.randomUUID()), {})).status).toBe(404)
    expect((await postern.call('POST', path(client.identityId), { authMethod: 'password' })).status).toBe(422)
    expect((await use(token)).status).toBe(200)
  })

  it('T41: ends every token that exists, in one audit row, and lets the identity log in again in the same second', async () => {
    const client = await postern.createClient()
    const token = await postern.logIn(client)
    const reply = await postern.call('POST', path(client.identityId))
    expect(reply.status).toBe(200)
    const fresh = await postern.logIn(client)
    expect([(await use(token)).status, (await use(fresh)).status]).toEqual([401, 200])
    expect(await postern.auditOf(reply)).toMatchObject([
      { event: 'identity-tokens-revoked', outcome: 'success', identity_id: client.identityId },
    ])
  })

  it('ends only the tokens of one auth method where one is named', async () => {
    const client = await postern.createClient()
    const token = await postern.logIn(client)
    await postern.call('POST', path(client.identityId), { authMethod: 'kubernetes-auth' })
    expect((await use(token)).status).toBe(200)
    await postern.call('POST', path(client.identityId), { authMethod: 'universal-auth' })
    expect((await use(token)).status).toBe(401)
  })
})
