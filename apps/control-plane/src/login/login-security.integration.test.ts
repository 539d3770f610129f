import { randomUUID } from 'node:crypto'
import { accessTokenReply } from '@postern/api-contract/access-tokens'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type PosternWithCluster,
  startPosternWithCluster,
} from '../kubernetes-auth/test/postern-with-cluster.ts'
import type { Replica, Reply } from '../test/start-test-app.ts'

let postern: PosternWithCluster
beforeAll(async () => {
  postern = await startPosternWithCluster()
  await postern.cluster.createServiceAccount('billing', 'api')
})
afterAll(() => postern.close())
afterEach(() => postern.cluster.behave())

const loginPath = '/api/v1/auth/kubernetes-auth/login'
const mint = (namespace = 'payments', name = 'api'): Promise<string> =>
  postern.cluster.mintToken({ namespace, name })
async function attachedIdentity(change: object = {}, role?: string, of = postern): Promise<string> {
  const id = await of.createIdentity(role)
  expect(await of.attach(id, change)).toMatchObject({ status: 200 })
  return id
}
function answerReviews(user: unknown, more: object = {}): void {
  const value = { authenticated: true, user, ...more }
  postern.cluster.misbehave({ on: 'tokenreviews', how: { kind: 'status-field', value } })
}
async function rowOf(reply: Reply, of = postern) {
  return of.app.database.kysely
    .selectFrom('audit_events')
    .selectAll()
    .where('request_id', '=', reply.headers.get('x-request-id') ?? '')
    .executeTakeFirstOrThrow()
}
const shown = ({ status, body }: Reply) => ({ status, body: { ...(body as object), reqId: '' } })

const group = ['system:serviceaccounts']
const good = 'system:serviceaccount:payments:api'

describe('T10: the cluster vouched for somebody who is no service account', () => {
  it.each([
    ['a node', { username: 'system:node:n1', groups: group }],
    ['a person', { username: 'ada', groups: group }],
    ['three parts', { username: 'system:serviceaccount:payments', groups: group }],
    ['five parts', { username: `${good}:x`, groups: group }],
    ['an empty name', { username: 'system:serviceaccount:payments:', groups: group }],
    ['an empty namespace', { username: 'system:serviceaccount::api', groups: group }],
    ['upper case', { username: 'system:serviceaccount:Payments:api', groups: group }],
    ['a NUL', { username: `${good}\u0000`, groups: group }],
    ['a newline', { username: `${good}\n`, groups: group }],
    ['a number', { username: 7, groups: group }],
    ['nobody', undefined],
    ['no group', { username: good, groups: [] }],
    ['the group as a text', { username: good, groups: 'system:serviceaccounts' }],
    ['another group', { username: good, groups: ['system:serviceaccounts:payments'] }],
  ])('%s: the one 401 for strangers', async (_title, user) => {
    const identityId = await attachedIdentity({ allowedNamespaces: '*', allowedNames: '*' })
    const stranger = shown(await postern.login(randomUUID(), await mint()))
    answerReviews(user)
    expect(shown(await postern.login(identityId, await mint()))).toEqual(stranger)
  })

  it('lets the same account in when it is one', async () => {
    const identityId = await attachedIdentity()
    answerReviews({ username: good, uid: '1', groups: group })
    expect((await postern.login(identityId, await mint())).status).toBe(200)
  })
})

describe('T11: the review is the truth, not what the token says of itself', () => {
  it('refuses who the token claims to be when the cluster says that it is another', async () => {
    const identityId = await attachedIdentity()
    answerReviews({ username: 'system:serviceaccount:billing:api', uid: '1', groups: group })
    const reply = await postern.login(identityId, await mint('payments', 'api'))
    expect(reply.status).toBe(401)
    expect(await rowOf(reply)).toMatchObject({
      reason: 'namespace-not-allowed',
      details: { serviceAccount: { namespace: 'billing', name: 'api' } },
    })
  })

  it('lets in whom the cluster names, whatever the token claims', async () => {
    const identityId = await attachedIdentity()
    answerReviews({ username: good, uid: '1', groups: group })
    expect((await postern.login(identityId, await mint('billing', 'api'))).status).toBe(200)
  })
})

describe('a replica that has not heard yet what another did', () => {
  const loginAt = (replica: Replica, identityId: string, jwt: string) =>
    replica.call('POST', loginPath, { body: { identityId, jwt } })
  const statusAt = async (replica: Replica, token: string) =>
    (await replica.call('GET', '/api/v1/identities/details', { token })).status

  it('T41: gives no token that outlives the rules by which it let the caller in', async () => {
    const other = await postern.app.startReplica()
    try {
      const jwt = await mint()
      const identityId = await attachedIdentity()
      let late: Reply
      // Until the other was quicker than the news: it asks for them every 300 ms, and may remember that there are no rules.
      do {
        const status = async () => (await loginAt(other, identityId, jwt)).status
        await expect.poll(status, { timeout: 3000, interval: 50 }).toBe(200)
        expect((await postern.configure('DELETE', identityId)).status).toBe(200)
        late = await loginAt(other, identityId, jwt)
        expect(await postern.attach(identityId)).toMatchObject({ status: 200 })
      } while (late.status !== 200)
      const { accessToken } = accessTokenReply.parse(late.body)
      await expect.poll(() => statusAt(other, accessToken), { timeout: 1000, interval: 50 }).toBe(401)
      expect(await statusAt(postern.app, accessToken)).toBe(401)
    } finally {
      await other.stop()
    }
  })

  it('gives tokens that live once all earlier ones were revoked', async () => {
    const other = await postern.app.startReplica()
    try {
      const jwt = await mint()
      const identityId = await attachedIdentity()
      const before = accessTokenReply.parse((await loginAt(other, identityId, jwt)).body).accessToken
      expect((await postern.login(identityId, jwt)).status).toBe(200)
      await postern.app.call('POST', `/api/v1/identities/${identityId}/revoke-tokens`, {
        token: postern.admin,
        body: {},
      })
      const here = accessTokenReply.parse((await postern.login(identityId, jwt)).body).accessToken
      expect(await statusAt(postern.app, here)).toBe(200)
      await expect.poll(() => statusAt(other, before), { timeout: 1000, interval: 50 }).toBe(401)
      const there = accessTokenReply.parse((await loginAt(other, identityId, jwt)).body).accessToken
      expect([await statusAt(other, there), await statusAt(other, here)]).toEqual([200, 200])
    } finally {
      await other.stop()
    }
  })
})

it('T14: a login makes one review and no other request, whether it is let in or not', async () => {
  const identityId = await attachedIdentity()
  const labels = [
    'selfsubjectaccessreviews',
    'subjectaccessreviews',
    'serviceaccounts/token',
    'serviceaccounts',
    'secrets',
    'namespaces',
    'version',
    'readyz',
    'openid',
  ] as const
  const tokens = [await mint(), await mint('billing', 'api')]
  const others = () => labels.map((label) => postern.cluster.received(label))
  const before = { reviews: postern.cluster.received('tokenreviews'), others: others() }
  const statuses: number[] = []
  for (const jwt of tokens) statuses.push((await postern.login(identityId, jwt)).status)
  expect(statuses).toEqual([200, 401])
  expect(postern.cluster.received('tokenreviews')).toBe(before.reviews + 2)
  expect(others()).toEqual(before.others)
})

describe('T16: rules compare exactly', () => {
  it.each([
    ['upper case', { allowedNamespaces: 'Payments' }],
    ['a prefix', { allowedNamespaces: 'payment' }],
    ['a suffix', { allowedNames: 'pi' }],
    ['a dot for any sign', { allowedNames: 'a.i' }],
    ['one sign more', { allowedNames: 'api?' }],
  ])('%s does not match', async (_title, change) => {
    const identityId = await attachedIdentity(change)
    expect((await postern.login(identityId, await mint())).status).toBe(401)
  })
})

describe('T19: globs', () => {
  it.each(['!api', '{api,web}', '(api|web)', '@(api)', '[a-z]pi', 'api\\*', 'a/b'])(
    '%s is refused when it is saved',
    async (allowedNames) => {
      const identityId = await postern.createIdentity()
      expect((await postern.attach(identityId, { allowedNames })).status).toBe(422)
      expect((await postern.configure('GET', identityId)).status).toBe(404)
    },
  )

  it('take 5,000 stars', async () => {
    const stars = '*'.repeat(5000)
    const matching = await attachedIdentity({ allowedNames: stars })
    expect((await postern.login(matching, await mint())).status).toBe(200)
    const other = await attachedIdentity({ allowedNames: `${stars}x${stars}` })
    expect((await postern.login(other, await mint())).status).toBe(401)
  })
})

it('T17: an identity without a role logs in, and can do nothing', async () => {
  const identityId = await attachedIdentity()
  const { accessToken } = accessTokenReply.parse((await postern.login(identityId, await mint())).body)
  const statuses = await Promise.all(
    [
      ['GET', '/api/v1/audit-logs'],
      ['GET', `/api/v1/identities/${identityId}`],
      ['PATCH', `/api/v1/identities/${identityId}`],
      ['GET', '/api/v3/gateways'],
      ['GET', '/api/v1/gateway-pools'],
      ['POST', `/api/v1/auth/kubernetes-auth/identities/${identityId}`],
      ['DELETE', `/api/v1/auth/kubernetes-auth/identities/${identityId}`],
      ['PATCH', '/api/v1/audit-logs/settings'],
    ].map(async ([method = '', path = '']) => {
      const body =
        method === 'POST'
          ? { kubernetesHost: null, allowedNamespaces: '', allowedNames: 'x', allowedAudience: '' }
          : method === 'PATCH'
            ? { role: 'admin', retentionDays: 7 }
            : undefined
      return `${path}: ${(await postern.app.call(method, path, { token: accessToken, body })).status}`
    }),
  )
  expect(statuses.filter((status) => !/: (?:403|422)$/.test(status))).toEqual([])
})

it('T18: an identity of another organization is the same 401 as one that does not exist', async () => {
  const identityId = await attachedIdentity()
  const { kysely } = postern.app.database
  const { id } = await kysely
    .insertInto('organizations')
    .values({ name: 'Other', slug: 'other', wrapped_key: Buffer.alloc(1) })
    .returning('id')
    .executeTakeFirstOrThrow()
  const bare = await kysely
    .insertInto('identities')
    .values({ organization_id: id, name: 'theirs', role: 'admin' })
    .returning('id')
    .executeTakeFirstOrThrow()
  const jwt = await mint()
  const more = { organizationSlug: 'acme' }
  const unknown = shown(await postern.login(randomUUID(), jwt, more))
  expect(unknown.status).toBe(401)
  expect(shown(await postern.login(bare.id, jwt, more))).toEqual(unknown)
  expect(shown(await postern.login(identityId, jwt, { organizationSlug: 'other' }))).toEqual(unknown)
})

describe('T30: what a stranger sees names no host, port, address or word of the cluster', () => {
  it.each([
    ['an API server that refuses connections', { kind: 'reset' }],
    ['an API server that is broken', { kind: 'refuse', code: 500 }],
    ['an API server that is overloaded', { kind: 'refuse', code: 429, retryAfterSeconds: 3 }],
    ['an API server that is a proxy’s page', { kind: 'html' }],
    ['a redirect', { kind: 'redirect', location: 'https://internal.example.com/' }],
    [
      'a refusal that says why',
      { kind: 'status-field', value: { authenticated: false, error: 'lookup 10.1.2.3:6443 etcd-secret' } },
    ],
  ] as const)('%s', async (_title, how) => {
    const identityId = await attachedIdentity()
    postern.cluster.misbehave({ on: 'tokenreviews', how })
    const reply = await postern.login(identityId, await mint())
    const { reqId: _random, ...body } = reply.body as Record<string, unknown>
    expect(reply.status).toBeGreaterThanOrEqual(401)
    const text = JSON.stringify([body, ...[...reply.headers].filter(([name]) => name !== 'x-request-id')])
    expect(text).not.toMatch(/127\.0\.0\.1|10\.1\.2\.3|:\d{4,5}\b|etcd|example\.com|kube|tokenreview/i)
  })
})

describe('the client’s address', () => {
  const spoofed = {
    'x-forwarded-for': '203.0.113.7',
    'x-real-ip': '203.0.113.7',
    forwarded: 'for=203.0.113.7',
    'cf-connecting-ip': '203.0.113.7',
    'true-client-ip': '203.0.113.7',
  }
  const trusted = { accessTokenTrustedIps: [{ ipAddress: '203.0.113.0/24' }] }

  /** What the audit log and the trusted addresses make of a request with these headers. */
  async function seen(of: PosternWithCluster, headers: Record<string, string>) {
    const identityId = await attachedIdentity(trusted, 'member', of)
    const jwt = await of.cluster.mintToken({ namespace: 'payments', name: 'api' })
    const login = await of.app.call('POST', loginPath, { body: { identityId, jwt }, headers })
    const { accessToken } = accessTokenReply.parse(login.body)
    const used = await of.app.call('GET', '/api/v3/gateways', { token: accessToken, headers })
    return { ip: (await rowOf(login, of)).ip_address, isTrusted: used.status === 200 }
  }

  it.each(Object.entries(spoofed))(
    'T33: is the peer’s, where no proxy is configured and %s says otherwise',
    async (name, value) => {
      expect(await seen(postern, { [name]: value })).toEqual({ ip: '127.0.0.1', isTrusted: false })
    },
  )

  describe('behind a configured proxy', () => {
    let proxied: PosternWithCluster
    beforeAll(async () => {
      proxied = await startPosternWithCluster({ trustedProxies: ['127.0.0.1', '10.0.0.0/8'] })
    })
    afterAll(() => proxied.close())

    it.each([
      ['203.0.113.7', '203.0.113.7', true],
      ['198.51.100.1, 203.0.113.7', '203.0.113.7', true],
      ['203.0.113.7, 198.51.100.1', '198.51.100.1', false],
      ['203.0.113.7, 10.1.1.1', '203.0.113.7', true],
      ['198.51.100.1, 203.0.113.7, 10.1.1.1, 10.2.2.2', '203.0.113.7', true],
    ])('T34: is the rear hop of %s that is no proxy', async (forwarded, ip, isTrusted) => {
      expect(await seen(proxied, { 'x-forwarded-for': forwarded })).toEqual({ ip, isTrusted })
    })

    it('T34: is read from no other header', async () => {
      const { 'x-forwarded-for': _read, ...others } = spoofed
      expect(await seen(proxied, others)).toEqual({ ip: '127.0.0.1', isTrusted: false })
    })

    it.each([
      ['::ffff:203.0.113.7', '203.0.113.7', true],
      ['203.0.113.7:4711', '203.0.113.7', true],
      ['[2001:db8::1]:4711', '2001:db8::1', false],
      ['fe80::1%eth0', 'fe80::1', false],
      ['203.0.113.7, unknown', 'unknown', false],
      ['203.0.113.7, _hidden', 'unknown', false],
      ['203.0.113.7, 0xcb.0.113.7', 'unknown', false],
      ['203.0.113.7, 203.0.113.7.', 'unknown', false],
      ['', 'unknown', false],
      [Array.from({ length: 300 }, () => '10.0.0.1').join(', '), 'unknown', false],
    ])('T35: is defined for %j, and never trusted by mistake', async (forwarded, ip, isTrusted) => {
      expect(await seen(proxied, { 'x-forwarded-for': forwarded })).toEqual({ ip, isTrusted })
    })
  })
})
