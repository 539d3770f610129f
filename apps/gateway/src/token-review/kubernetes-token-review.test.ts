import { performance } from 'node:perf_hooks'
import { startKubernetesStandIn, type KubernetesStandIn } from '@postern/testing/kubernetes-stand-in'
import { createServiceAccountFolder } from '@postern/testing/service-account-folder'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ApiServerConnection } from '../api-server/api-server-connection.ts'
import { ServiceAccountFolder } from '../api-server/service-account-folder.ts'
import { createReviewToken } from './create-review-token.ts'
import { createKubernetesTokenReview } from './kubernetes-token-review.ts'
import type { ReviewToken } from './review-token.ts'

const reviewer = { namespace: 'postern', name: 'postern-gateway' }
const workload = { namespace: 'payments', name: 'api' }
let cluster: KubernetesStandIn
let reviewToken: ReviewToken
const closing: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  cluster = await startKubernetesStandIn()
  closing.push(() => cluster.close())
  for (const { namespace, name } of [reviewer, workload]) await cluster.createServiceAccount(namespace, name)
  await cluster.grantTokenReview(reviewer.namespace, reviewer.name)
  const folder = await createServiceAccountFolder({ cluster, ...reviewer })
  closing.push(() => folder.close())
  const now = (): number => performance.now()
  const account = new ServiceAccountFolder({ path: folder.path, now, onUnreadable: () => undefined })
  const connection = new ApiServerConnection({ url: cluster.url, account, now })
  closing.push(() => connection.close(0))
  reviewToken = createReviewToken(createKubernetesTokenReview(connection))
})
afterAll(async () => {
  for (const close of closing.toReversed()) await close()
})
afterEach(() => cluster.behave())

describe('a cluster asked by a gateway', () => {
  it('vouches for a token of its own and for the audience that was asked for', async () => {
    const token = await cluster.mintToken({ ...workload, audiences: ['postern', 'vault'] })
    expect(await reviewToken({ token, audiences: ['postern'], deadlineMs: 5_000 })).toMatchObject({
      kind: 'reviewed',
      verdict: {
        authenticated: true,
        username: 'system:serviceaccount:payments:api',
        groups: expect.arrayContaining(['system:serviceaccounts']),
        audiences: ['postern'],
      },
    })
  })

  it('T4: does not vouch for a token for somebody else, an expired one, or junk', async () => {
    const foreign = await cluster.mintToken({ ...workload, audiences: ['vault'] })
    for (const token of [foreign, await cluster.mintExpiredToken(workload), 'junk']) {
      expect(await reviewToken({ token, audiences: ['postern'], deadlineMs: 5_000 })).toMatchObject({
        kind: 'reviewed',
        verdict: { authenticated: false },
      })
    }
  })

  it('refuses a gateway without the right, which is told apart from a denial', async () => {
    await cluster.revokeTokenReview(reviewer.namespace, reviewer.name)
    const token = await cluster.mintToken(workload)
    expect(await reviewToken({ token, audiences: [], deadlineMs: 5_000 })).toMatchObject({
      kind: 'failed',
      failure: 'reviewer-forbidden',
      detail: expect.stringContaining('system:auth-delegator'),
    })
    await cluster.grantTokenReview(reviewer.namespace, reviewer.name)
  })

  it('is unreachable while it restarts, and reviews right after', async () => {
    const token = await cluster.mintToken(workload)
    await cluster.stop()
    expect(await reviewToken({ token, audiences: [], deadlineMs: 5_000 })).toMatchObject({
      failure: 'api-server-unreachable',
    })
    await cluster.start()
    expect(await reviewToken({ token, audiences: [], deadlineMs: 5_000 })).toMatchObject({ kind: 'reviewed' })
  })

  it.each([
    [{ kind: 'truncate' }, 'api-server-unreachable'],
    [{ kind: 'reset' }, 'api-server-unreachable'],
    [{ kind: 'hang' }, 'api-server-timeout'],
    [{ kind: 'drip', everyMs: 20 }, 'api-server-timeout'],
    [{ kind: 'huge-body' }, 'malformed-answer'],
    [{ kind: 'huge-headers' }, 'malformed-answer'],
    [{ kind: 'gzip-bomb' }, 'malformed-answer'],
    [{ kind: 'html' }, 'malformed-answer'],
    [{ kind: 'null' }, 'malformed-answer'],
    [{ kind: 'status-field', value: 'yes' }, 'malformed-answer'],
    [{ kind: 'audiences-field', value: 7 }, 'malformed-answer'],
    [{ kind: 'refuse', code: 429, retryAfterSeconds: 2 }, 'api-server-overloaded'],
    [{ kind: 'refuse', code: 500 }, 'api-server-error'],
    [{ kind: 'redirect', location: 'https://127.0.0.1:1/' }, 'api-server-error'],
  ] as const)('T24: that answers by %j is %s, and then good again', async (how, failure) => {
    const token = await cluster.mintToken(workload)
    cluster.misbehave({ on: 'tokenreviews', how })
    const deadlineMs = failure === 'api-server-timeout' ? 300 : 5_000
    const result = await reviewToken({ token, audiences: [], deadlineMs })
    expect(result).toMatchObject({ kind: 'failed', failure })
    expect(JSON.stringify(result)).not.toContain(token.slice(-24))
    cluster.behave()
    expect(await reviewToken({ token, audiences: [], deadlineMs: 5_000 })).toMatchObject({ kind: 'reviewed' })
  })
})
