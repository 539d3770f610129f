import { randomUUID } from 'node:crypto'
import { accessTokenReply } from '@postern/api-contract/access-tokens'
import { type KubernetesStandIn, startKubernetesStandIn } from '@postern/testing/kubernetes-stand-in'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type PosternWithCluster,
  startPosternWithCluster,
} from '../kubernetes-auth/test/postern-with-cluster.ts'
import type { Reply } from '../test/start-test-app.ts'

let postern: PosternWithCluster
let cluster: KubernetesStandIn
let identityId: string
beforeAll(async () => {
  postern = await startPosternWithCluster()
  cluster = postern.cluster
  await Promise.all(
    [
      ['payments', 'web'],
      ['billing', 'api'],
    ].map(([namespace = '', name = '']) => cluster.createServiceAccount(namespace, name)),
  )
})
afterAll(() => postern.close())
beforeEach(async () => {
  identityId = await attachedIdentity()
})
afterEach(() => cluster.behave())

/** Whom `change` of the configuration lets in. */
async function attachedIdentity(change: object = {}): Promise<string> {
  const id = await postern.createIdentity()
  expect(await postern.attach(id, change)).toMatchObject({ status: 200 })
  return id
}
const mint = (namespace = 'payments', name = 'api', audiences?: string[]): Promise<string> =>
  cluster.mintToken({ namespace, name, ...(audiences === undefined ? {} : { audiences }) })

function withoutRequestId({ status, body }: Reply): unknown {
  return { status, body: { ...(body as object), reqId: '' } }
}

async function auditOf(reply: Reply) {
  const { reqId } = reply.body as { reqId: string }
  return postern.app.database.kysely
    .selectFrom('audit_events')
    .selectAll()
    .where('request_id', '=', reqId)
    .execute()
}
const reasonOf = async (reply: Reply): Promise<unknown> => (await auditOf(reply)).map(({ reason }) => reason)

describe('POST /api/v1/auth/kubernetes-auth/login', () => {
  it('T25: refuses wrong types before it asks anybody', async () => {
    const before = cluster.received('tokenreviews')
    const path = '/api/v1/auth/kubernetes-auth/login'
    for (const body of [
      {},
      { identityId },
      { identityId, jwt: 7 },
      { identityId, jwt: '' },
      { identityId, jwt: 'x'.repeat(8193) },
      { identityId: ['a'], jwt: 'a.b.c' },
      [],
      null,
    ]) {
      expect((await postern.app.call('POST', path, { body })).status).toBe(422)
    }
    expect((await postern.login(identityId, 'x'.repeat(20_000))).status).toBe(413)
    expect(cluster.received('tokenreviews')).toBe(before)
  })

  it('T29: is one and the same 401 for strangers, whatever the reason', async () => {
    const jwt = await mint()
    const [header, payload] = jwt.split('.')
    const bare = await postern.createIdentity()
    const replies = {
      'identity-unknown': await postern.login(randomUUID(), jwt),
      'kubernetes-auth-missing': await postern.login(bare, jwt),
      'token-malformed': await postern.login(identityId, 'junk'),
      'token-expired': await postern.login(
        identityId,
        await cluster.mintExpiredToken({ namespace: 'payments', name: 'api' }),
      ),
      'token-not-authenticated': await postern.login(identityId, `${header}.${payload}.${'A'.repeat(342)}`),
      'organization-mismatch': await postern.login(identityId, jwt, { organizationSlug: 'somebody-else' }),
    }
    const reference = withoutRequestId(replies['identity-unknown'])
    expect(reference).toMatchObject({ status: 401 })
    for (const [reason, reply] of Object.entries(replies)) {
      expect(withoutRequestId(reply)).toEqual(reference)
      expect(await reasonOf(reply)).toEqual([reason])
    }
  })

  it('T26: asks nobody about junk', async () => {
    const before = cluster.received('tokenreviews')
    await postern.login(identityId, 'a.b.c')
    await postern.login(identityId, await cluster.mintExpiredToken({ namespace: 'payments', name: 'api' }))
    expect(cluster.received('tokenreviews')).toBe(before)
  })

  it('T6: refuses a token of another cluster with the same namespace and name', async () => {
    const other = await startKubernetesStandIn()
    try {
      await other.createServiceAccount('payments', 'api')
      const reply = await postern.login(
        identityId,
        await other.mintToken({ namespace: 'payments', name: 'api' }),
      )
      expect(reply.status).toBe(401)
      expect(await reasonOf(reply)).toEqual(['token-not-authenticated'])
    } finally {
      await other.close()
    }
  })

  it('refuses a token whose service account was deleted', async () => {
    await cluster.createServiceAccount('payments', 'leaving')
    const id = await attachedIdentity({ allowedNames: 'leaving' })
    const jwt = await mint('payments', 'leaving')
    await cluster.deleteServiceAccount('payments', 'leaving')
    expect(await reasonOf(await postern.login(id, jwt))).toEqual(['token-not-authenticated'])
  })

  it.each([
    ['namespace', 'billing', 'api'],
    ['name', 'payments', 'web'],
  ])('names the %s rule to a workload that the cluster vouched for', async (rule, namespace, name) => {
    const reply = await postern.login(identityId, await mint(namespace, name))
    expect(reply).toMatchObject({ status: 401, body: { message: expect.stringContaining(`the ${rule} of`) } })
    const [row] = await auditOf(reply)
    expect(row).toMatchObject({
      outcome: 'denied',
      reason: `${rule}-not-allowed`,
      details: { serviceAccount: { namespace, name } },
    })
  })

  it.each([
    ['of its own', ['vault'], 200],
    ['among others', ['other', 'vault'], 200],
    ['T4: of another service', ['other'], 401],
    ['of the API server alone', undefined, 401],
  ] as const)('T1: wants the required audience; a token %s', async (_title, audiences, status) => {
    const id = await attachedIdentity({ allowedAudience: 'vault' })
    const jwt = await mint('payments', 'api', audiences === undefined ? undefined : [...audiences])
    expect((await postern.login(id, jwt)).status).toBe(status)
  })

  it.each([
    ['missing', { kind: 'audiences-field' }],
    ['empty', { kind: 'audiences-field', value: [] }],
    ['a text', { kind: 'audiences-field', value: 'vault' }],
    ['an object', { kind: 'audiences-field', value: { vault: true } }],
    ['too many', { kind: 'audiences-field', value: Array.from({ length: 40 }, () => 'vault') }],
    ['others', { kind: 'audiences-field', value: ['Vault', 'vault '] }],
  ] as const)('T1: denies when status.audiences is %s', async (_title, how) => {
    const id = await attachedIdentity({ allowedAudience: 'vault' })
    const jwt = await mint('payments', 'api', ['vault'])
    cluster.misbehave({ on: 'tokenreviews', how })
    expect((await postern.login(id, jwt)).status).toBe(401)
  })

  it.each([
    ['an HTML page', { kind: 'html' }, 401],
    ['null', { kind: 'null' }, 401],
    ['a huge body', { kind: 'huge-body' }, 401],
    ['huge headers', { kind: 'huge-headers' }, 401],
    ['a gzip bomb', { kind: 'gzip-bomb' }, 401],
    ['a status of text', { kind: 'status-field', value: 'ok' }, 401],
    ['a redirect', { kind: 'redirect', location: 'https://127.0.0.1:1/' }, 503],
    ['500', { kind: 'refuse', code: 500 }, 503],
    ['a reset', { kind: 'reset' }, 503],
    ['half an answer', { kind: 'truncate' }, 503],
  ] as const)('T24: lets nobody in on %s', async (_title, how, status) => {
    cluster.misbehave({ on: 'tokenreviews', how })
    const reply = await postern.login(identityId, await mint())
    expect(reply.status).toBe(status)
    expect(JSON.stringify(reply.body)).not.toContain('127.0.0.1')
    cluster.behave()
    expect((await postern.login(identityId, await mint())).status).toBe(200)
  })

  it('passes on the Retry-After of an overloaded API server', async () => {
    cluster.misbehave({ on: 'tokenreviews', how: { kind: 'refuse', code: 429, retryAfterSeconds: 9 } })
    const reply = await postern.login(identityId, await mint())
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '9'])
  })

  it('T27: is not held up by another cluster that hangs', async () => {
    const hanging = await startKubernetesStandIn()
    try {
      await hanging.createServiceAccount('payments', 'api')
      const id = await postern.createIdentity()
      const theirs = { kubernetesHost: hanging.url, caCert: hanging.caCert, tokenReviewerJwt: null }
      expect((await postern.attach(id, theirs)).status).toBe(200)
      hanging.misbehave({ on: 'everything', how: { kind: 'hang' } })
      const ended: string[] = []
      const slow = Array.from({ length: 40 }, async () => {
        await postern.login(id, await mint())
        ended.push('slow')
      })
      expect((await postern.login(identityId, await mint())).status).toBe(200)
      expect((await postern.configure('PATCH', identityId, { allowedNames: 'api,web' })).status).toBe(200)
      expect(ended).toEqual([])
      await hanging.stop()
      await Promise.all(slow)
    } finally {
      await hanging.close()
    }
  })

  it('answers 401, and audits the remedy’s reason, when the stored reviewer lost its right', async () => {
    await cluster.createServiceAccount('kube-system', 'fleeting')
    await cluster.grantTokenReview('kube-system', 'fleeting')
    const id = await attachedIdentity({ tokenReviewerJwt: await mint('kube-system', 'fleeting') })
    await cluster.revokeTokenReview('kube-system', 'fleeting')
    const reply = await postern.login(id, await mint())
    expect(reply.status).toBe(401)
    expect(await auditOf(reply)).toMatchObject([{ outcome: 'failed', reason: 'reviewer-forbidden' }])
  })

  it('lets a workload vouch for itself when no reviewer is stored', async () => {
    const id = await attachedIdentity({
      tokenReviewerJwt: null,
      allowedNamespaces: 'kube-system',
      allowedNames: '*',
    })
    expect((await postern.login(id, postern.reviewerJwt)).status).toBe(200)
    const refused = await postern.login(await attachedIdentity({ tokenReviewerJwt: null }), await mint())
    expect(await reasonOf(refused)).toEqual(['reviewer-forbidden'])
  })

  it('T16: lets in by globs', async () => {
    const id = await attachedIdentity({ allowedNamespaces: 'pay*,b?lling', allowedNames: '' })
    expect((await postern.login(id, await mint('billing', 'api'))).status).toBe(200)
    expect((await postern.login(id, await mint('kube-system', 'reviewer'))).status).toBe(401)
  })

  it('T42: returns an access token that works at once, and one row in the audit log', async () => {
    const jwt = await mint()
    const id = await attachedIdentity({ accessTokenTTL: 600, accessTokenMaxTTL: 0 })
    const reply = await postern.login(id, `${jwt}\n`, { organizationSlug: 'acme', unknown: true })
    expect(reply.status).toBe(200)
    const { accessToken, ...rest } = accessTokenReply.parse(reply.body)
    expect(rest).toEqual({ expiresIn: 600, accessTokenMaxTTL: 1_000_000_000, tokenType: 'Bearer' })
    const details = await postern.app.call('GET', '/api/v1/identities/details', { token: accessToken })
    expect(details.status).toBe(200)
    const rows = await postern.app.database.kysely
      .selectFrom('audit_events')
      .selectAll()
      .where('identity_id', '=', id)
      .where('event', '=', 'kubernetes-login')
      .execute()
    expect(rows).toMatchObject([
      {
        outcome: 'success',
        actor_id: id,
        details: { review: { reviewer: 'stored-jwt', host: cluster.url } },
      },
    ])
  })

  it('takes an empty organization slug for none', async () => {
    expect((await postern.login(identityId, await mint(), { organizationSlug: '' })).status).toBe(200)
  })

  it('T31: leaves no piece of any token in audit, logs or replies', async () => {
    const jwts = [
      await mint(),
      await mint('billing'),
      await cluster.mintExpiredToken({ namespace: 'payments', name: 'api' }),
    ]
    const replies = await Promise.all(jwts.map((jwt) => postern.login(identityId, jwt)))
    replies.push(await postern.login(jwts[0]?.slice(0, 100) ?? '', jwts[0] ?? ''))
    const rows = await postern.app.database.kysely.selectFrom('audit_events').selectAll().execute()
    const refusals = replies.filter(({ status }) => status !== 200).map(({ body }) => body)
    const everything = JSON.stringify(rows) + postern.app.logs() + JSON.stringify(refusals)
    expect(everything).toContain('kubernetes-login')
    for (const segment of jwts.flatMap((jwt) => jwt.split('.').slice(1))) {
      expect(everything).not.toContain(segment.slice(4, 40))
    }
  })
})
