import { randomUUID } from 'node:crypto'
import { accessTokenReply } from '@postern/api-contract/access-tokens'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Reply } from '../test/start-test-app.ts'
import { createClientSecretStorePostgres } from './client-secret-store-postgres.ts'
import {
  type Client,
  detailsPath,
  loginPath,
  type PosternWithClients,
  startPosternWithClients,
  universalAuthPath,
} from './test/postern-with-clients.ts'

let postern: PosternWithClients
beforeAll(async () => {
  // Loopback is a proxy here, so that a test may come from any address.
  postern = await startPosternWithClients({ trustedProxies: ['127.0.0.1'] }, { poolMax: 10 })
})
afterAll(() => postern.close())

const from = (ipAddress: string) => ({ headers: { 'x-forwarded-for': ipAddress } })
const withoutRequestId = ({ status, body }: Reply) => ({ status, body: { ...(body as object), reqId: '' } })
const wrong = (client: Client) => ({ ...client, clientSecret: `${client.clientSecret.slice(0, -1)}_` })
const isAlive = async (token: string) =>
  (await postern.call('GET', detailsPath, undefined, token)).status === 200
const revoke = ({ identityId, clientSecretId }: Pick<Client, 'identityId' | 'clientSecretId'>) =>
  postern.call('POST', `${universalAuthPath(identityId)}/client-secrets/${clientSecretId}/revoke`)
const rowOf = ({ clientSecretId }: Pick<Client, 'clientSecretId'>) =>
  postern.app.database.kysely
    .selectFrom('client_secrets')
    .selectAll()
    .where('id', '=', clientSecretId)
    .executeTakeFirstOrThrow()

describe('POST /api/v1/auth/universal-auth/login', () => {
  it('T25: refuses wrong types', async () => {
    const { clientId, clientSecret } = await postern.createClient()
    for (const body of [
      {},
      { clientId },
      { clientSecret },
      { clientId: 7, clientSecret },
      { clientId, clientSecret: '' },
      { clientId, clientSecret: ' ' },
      { clientId, clientSecret: 'x'.repeat(513) },
      { clientId: [clientId], clientSecret },
      { clientId, clientSecret, organizationSlug: 'x'.repeat(65) },
      [],
      null,
    ]) {
      expect((await postern.app.call('POST', loginPath, { body })).status).toBe(422)
    }
    const body = { clientId, clientSecret: 'x'.repeat(20_000) }
    expect((await postern.app.call('POST', loginPath, { body })).status).toBe(413)
  })

  it('T29: is one and the same 401, whatever the reason, which stands in the audit log', async () => {
    const revoked = await postern.createClient()
    await revoke(revoked)
    const expired = await postern.createClient({}, { ttl: 60 })
    await postern.app.database.kysely
      .updateTable('client_secrets')
      .set({ expires_at: sql<Date>`now()` })
      .where('id', '=', expired.clientSecretId)
      .execute()
    const exhausted = await postern.createClient({}, { numUsesLimit: 1 })
    await postern.logIn(exhausted)
    const locked = await postern.createClient({ lockoutThreshold: 1 })
    await postern.login(wrong(locked))
    const disabled = await postern.createClient()
    await postern.call('PATCH', `/api/v1/identities/${disabled.identityId}`, { isDisabled: true })
    const removed = await postern.createClient()
    await postern.call('DELETE', universalAuthPath(removed.identityId))
    const client = await postern.createClient()
    const other = { ...client, organizationSlug: 'somebody-else' }
    const cases: [reason: string, reply: Reply][] = [
      ['client-id-unknown', await postern.login({ ...client, clientId: randomUUID() })],
      ['client-id-unknown', await postern.login({ ...client, clientId: 'junk\u0000' })],
      ['client-id-unknown', await postern.login(removed)],
      ['client-secret-wrong', await postern.login(wrong(client))],
      ['client-secret-wrong', await postern.login({ ...client, clientSecret: exhausted.clientSecret })],
      ['client-secret-wrong', await postern.login({ ...client, clientSecret: '\0' + client.clientSecret })],
      ['client-secret-revoked', await postern.login(revoked)],
      ['client-secret-expired', await postern.login(expired)],
      ['client-secret-exhausted', await postern.login(exhausted)],
      ['address-locked-out', await postern.login(locked)],
      ['identity-disabled', await postern.login(disabled)],
      ['organization-mismatch', await postern.app.call('POST', loginPath, { body: other })],
    ]
    const reference = withoutRequestId(cases[0]?.[1] ?? (await postern.login(client)))
    expect(reference).toMatchObject({ status: 401, body: { error: 'Unauthorized' } })
    for (const [reason, reply] of cases) {
      expect(withoutRequestId(reply)).toEqual(reference)
      expect(await postern.auditOf(reply)).toMatchObject([
        { event: 'universal-login', outcome: 'denied', reason, actor_kind: 'stranger' },
      ])
    }
  })

  it('returns an access token that works at once, and one row in the audit log', async () => {
    const client = await postern.createClient({ accessTokenTTL: 600, accessTokenMaxTTL: 1200 })
    const reply = await postern.login(client)
    const { accessToken, ...rest } = accessTokenReply.parse(reply.body)
    expect(rest).toEqual({ expiresIn: 600, accessTokenMaxTTL: 1200, tokenType: 'Bearer' })
    expect(await isAlive(accessToken)).toBe(true)
    const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
    expect(claims).toMatchObject({
      identityId: client.identityId,
      authMethod: 'universal-auth',
      authTokenType: 'identityAccessToken',
      clientSecretId: client.clientSecretId,
      accessTokenPeriod: 0,
    })
    expect(await postern.auditOf(reply)).toMatchObject([
      {
        event: 'universal-login',
        outcome: 'success',
        actor_kind: 'identity',
        actor_id: client.identityId,
        identity_id: client.identityId,
        details: { clientSecretId: client.clientSecretId, tokenId: claims.jti, ttlSeconds: 600 },
      },
    ])
    expect(await rowOf(client)).toMatchObject({ num_uses: 1, last_used_at: expect.any(Date) })
  })

  interface Typed {
    clientId: string
    clientSecret: string
    organizationSlug?: string | null
  }
  it.each<[title: string, change: (typed: Typed) => Typed, path?: string]>([
    ['a slash at the end of the path', (typed) => typed, `${loginPath}/`],
    [
      'white space around id and secret, as files have it',
      ({ clientId, clientSecret }) => ({ clientId: ` ${clientId} `, clientSecret: `${clientSecret}\n` }),
    ],
    ['the client id in upper case', (typed) => ({ ...typed, clientId: typed.clientId.toUpperCase() })],
    ['an empty organization slug', (typed) => ({ ...typed, organizationSlug: '' })],
    ['no organization slug', (typed) => ({ ...typed, organizationSlug: null })],
    ['its own organization’s slug', (typed) => ({ ...typed, organizationSlug: 'acme' })],
    ['keys that nobody knows', (typed) => ({ ...typed, hello: 'world' })],
  ])('takes %s', async (_title, change, path = loginPath) => {
    const { clientId, clientSecret } = await postern.createClient()
    const reply = await postern.app.call('POST', path, { body: change({ clientId, clientSecret }) })
    expect(reply.status).toBe(200)
  })

  it('shows when and how the identity last logged in', async () => {
    const client = await postern.createClient()
    await postern.logIn(client)
    const lastLogin = async () => (await postern.call('GET', `/api/v1/identities/${client.identityId}`)).body
    await expect
      .poll(lastLogin, { timeout: 5000 })
      .toMatchObject({ identity: { lastLoginAuthMethod: 'universal-auth' } })
  })

  it('T39: from an address that is not trusted is 403, and spends no use', async () => {
    const client = await postern.createClient(
      { clientSecretTrustedIps: [{ ipAddress: '203.0.113.0/24' }] },
      { numUsesLimit: 1 },
    )
    const refused = await postern.login(client, from('198.51.100.1'))
    expect(refused).toMatchObject({ status: 403, body: { error: 'Forbidden' } })
    expect(await postern.auditOf(refused)).toMatchObject([{ reason: 'address-not-trusted' }])
    // Whoever has no secret does not even learn that the client id exists.
    expect((await postern.login(wrong(client), from('198.51.100.1'))).status).toBe(401)
    expect(await rowOf(client)).toMatchObject({ num_uses: 0 })
    expect((await postern.login(client, from('203.0.113.9'))).status).toBe(200)
    expect((await postern.login(client, from('203.0.113.9'))).status).toBe(401)
  })

  it('lets a secret in exactly as often as it may be used, however many come at once', async () => {
    const client = await postern.createClient({}, { numUsesLimit: 5 })
    const replies = await Promise.all(Array.from({ length: 40 }, () => postern.login(client)))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(5)
    expect(replies.filter(({ status }) => status === 401)).toHaveLength(35)
    expect(await rowOf(client)).toMatchObject({ num_uses: 5 })
  })

  it('counts what several processes count at once exactly', async () => {
    const limited = await postern.createClient({}, { numUsesLimit: 10 })
    const unlimited = await postern.createClient()
    const store = createClientSecretStorePostgres(postern.app.database.kysely)
    const countAll = ({ clientSecretId }: Client) =>
      Promise.all(Array.from({ length: 8 }, () => store.use(clientSecretId, 3)))
    const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
    expect(sum(await countAll(limited))).toBe(10)
    expect(sum(await countAll(unlimited))).toBe(24)
    expect(await rowOf(limited)).toMatchObject({ num_uses: 10 })
    expect(await rowOf(unlimited)).toMatchObject({ num_uses: 24 })
    await revoke(unlimited)
    expect(await store.use(unlimited.clientSecretId, 1)).toBe(0)
  })

  it('takes 429 for too many failures of one client id from one address, and nowhere else', async () => {
    const app = await startPosternWithClients({
      trustedProxies: ['127.0.0.1'],
      failedLoginsPerMinutePerIdentity: 5,
    })
    try {
      const client = await app.createClient({ lockoutEnabled: false })
      const replies = [await app.login(wrong(client)), await app.login(client), await app.login(client)]
      expect(replies.map(({ status }) => status)).toEqual([401, 429, 429])
      expect(Number(replies[1]?.headers.get('retry-after'))).toBeGreaterThan(0)
      expect((await app.login(client, from('198.51.100.1'))).status).toBe(200)
    } finally {
      await app.close()
    }
  })

  it('T31: leaves no piece of a secret in audit, logs, database or replies', async () => {
    const client = await postern.createClient()
    const pasted = { clientId: client.clientSecret, clientSecret: client.clientSecret }
    const replies = [
      await postern.login(client),
      await postern.login(pasted),
      await postern.login(wrong(client)),
    ]
    const { kysely } = postern.app.database
    const everything = JSON.stringify([
      await kysely.selectFrom('audit_events').selectAll().execute(),
      await kysely.selectFrom('client_secrets').selectAll().execute(),
      await kysely.selectFrom('universal_auth_lockouts').selectAll().execute(),
      postern.app.logs(),
      replies.map(({ body }) => body),
    ])
    expect(everything).not.toContain(client.clientSecret.slice(5, 17))
  })
})

describe('a client secret without TTL and limit', () => {
  it('works for ever, whatever is cleared away', async () => {
    const client = await postern.createClient({}, { ttl: 0, numUsesLimit: 0 })
    const { kysely } = postern.app.database
    await sql`
      update client_secrets set created_at = now() - interval '20 years', num_uses = 5000000000
      where id = ${client.clientSecretId}`.execute(kysely)
    await createClientSecretStorePostgres(kysely).deleteEnded(1000)
    expect((await postern.login(client)).status).toBe(200)
    const list = await postern.call('GET', `${universalAuthPath(client.identityId)}/client-secrets`)
    expect(list.body).toMatchObject({ clientSecretData: [{ clientSecretNumUses: 5_000_000_001 }] })
  })

  it('is kept while those that ended long ago are cleared away, and no others', async () => {
    const kinds = {
      endless: await postern.createClient({}, {}),
      living: await postern.createClient({}, { ttl: 3600 }),
      exhausted: await postern.createClient({}, { numUsesLimit: 1 }),
      revokedNow: await postern.createClient({}, {}),
      revokedLongAgo: await postern.createClient({}, {}),
      expiredLongAgo: await postern.createClient({}, { ttl: 60 }),
    }
    await postern.logIn(kinds.exhausted)
    await revoke(kinds.revokedNow)
    const { kysely } = postern.app.database
    const longAgo = sql<Date>`now() - interval '91 days'`
    const change = (client: Client) =>
      kysely.updateTable('client_secrets').where('id', '=', client.clientSecretId)
    await change(kinds.revokedLongAgo).set({ revoked_at: longAgo }).execute()
    await change(kinds.expiredLongAgo).set({ expires_at: longAgo }).execute()
    expect(await createClientSecretStorePostgres(kysely).deleteEnded(1000)).toBe(2)
    const ids = Object.values(kinds).map(({ clientSecretId }) => clientSecretId)
    const left = await kysely.selectFrom('client_secrets').select('id').where('id', 'in', ids).execute()
    expect(left.map(({ id }) => id).toSorted()).toEqual(ids.slice(0, 4).toSorted())
  })
})

describe('T41: the tokens of Universal Auth', () => {
  it('end with the client secret that they came from, and others of the identity live on', async () => {
    const client = await postern.createClient()
    const other = await postern.createSecret(client.identityId)
    const [token, survivor] = [
      await postern.logIn(client),
      await postern.logIn({ clientId: client.clientId, clientSecret: other.clientSecret }),
    ]
    expect((await revoke(client)).status).toBe(200)
    expect([await isAlive(token), await isAlive(survivor)]).toEqual([false, true])
    const renewal = await postern.app.call('POST', '/api/v1/auth/token/renew', {
      body: { accessToken: token },
    })
    expect(renewal.status).toBe(401)
  })

  it('end with the auth method, and a login right after it was attached again is not hit', async () => {
    const client = await postern.createClient()
    const token = await postern.logIn(client)
    expect((await postern.call('DELETE', universalAuthPath(client.identityId))).status).toBe(200)
    const clientId = await postern.attach(client.identityId)
    const { clientSecret } = await postern.createSecret(client.identityId)
    const fresh = await postern.logIn({ clientId, clientSecret })
    expect([await isAlive(token), await isAlive(fresh)]).toEqual([false, true])
  })

  it('end with the identity, disabled or deleted (T46)', async () => {
    const [disabled, deleted] = [await postern.createClient(), await postern.createClient()]
    const tokens = [await postern.logIn(disabled), await postern.logIn(deleted)]
    await postern.call('PATCH', `/api/v1/identities/${disabled.identityId}`, { isDisabled: true })
    await postern.call('DELETE', `/api/v1/identities/${deleted.identityId}`)
    expect(await Promise.all(tokens.map(isAlive))).toEqual([false, false])
    expect((await postern.login(deleted)).status).toBe(401)
  })

  it('never outlive a revocation that meets logins under way', async () => {
    const client = await postern.createClient({ lockoutEnabled: false })
    const logins = Array.from({ length: 30 }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index))
      return postern.login(client)
    })
    const [revoked, ...replies] = await Promise.all([revoke(client), ...logins])
    expect(revoked.status).toBe(200)
    const tokens = replies
      .filter(({ status }) => status === 200)
      .map(({ body }) => accessTokenReply.parse(body))
    const alive = await Promise.all(tokens.map(({ accessToken }) => isAlive(accessToken)))
    expect(alive.filter(Boolean)).toEqual([])
  })

  it('are trusted from the addresses that the identity trusts now', async () => {
    const client = await postern.createClient()
    const token = await postern.logIn(client)
    const statusOf = async (ipAddress: string) =>
      (await postern.app.call('GET', detailsPath, { token, ...from(ipAddress) })).status
    expect(await statusOf('198.51.100.1')).toBe(200)
    const accessTokenTrustedIps = [{ ipAddress: '203.0.113.0/24' }]
    await postern.call('PATCH', universalAuthPath(client.identityId), { accessTokenTrustedIps })
    expect(await statusOf('198.51.100.1')).toBe(403)
    expect(await statusOf('203.0.113.1')).toBe(200)
  })
})

describe('T40: a token with a period', () => {
  it('is renewed for that much again, and is said to have no end', async () => {
    const client = await postern.createClient({
      accessTokenTTL: 60,
      accessTokenMaxTTL: 60,
      accessTokenPeriod: 3600,
    })
    const reply = accessTokenReply.parse((await postern.login(client)).body)
    expect(reply).toMatchObject({ expiresIn: 3600, accessTokenMaxTTL: 1_000_000_000 })
    const renewal = await postern.app.call('POST', '/api/v1/auth/token/renew', {
      body: { accessToken: reply.accessToken },
    })
    expect(renewal.body).toMatchObject({ expiresIn: 3600, accessTokenMaxTTL: 1_000_000_000 })
    expect(renewal.body).not.toMatchObject({ accessToken: reply.accessToken })
  })
})
