import { setImmediate } from 'node:timers/promises'
import { type KubernetesStandIn, startKubernetesStandIn } from '@postern/testing/kubernetes-stand-in'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ApiError } from '../http/api-error.ts'
import type { ReviewFailure, ReviewOutcome, TokenReviewer } from '../login/token-reviewer.ts'
import { createAskApiServer } from './ask-api-server.ts'
import type { PassedOver, PoolMemberToCheck, PoolToCheck } from './check-pool.ts'
import { createCheckReviewer } from './check-reviewer.ts'
import { createChooseReviewer, type ReviewerSettings } from './choose-reviewer.ts'
import { KubernetesConnections } from './kubernetes-connections.ts'
import { createResolveBySystem } from './resolve-by-system.ts'
import { noStreams } from './test/no-streams.ts'

const organizationId = '22222222-2222-4222-8222-222222222222'
const gatewayId = '44444444-4444-4444-8444-444444444444'

let cluster: KubernetesStandIn
beforeAll(async () => {
  cluster = await startKubernetesStandIn()
  await cluster.createServiceAccount('kube-system', 'reviewer')
  await cluster.createServiceAccount('kube-system', 'powerless')
  await cluster.grantTokenReview('kube-system', 'reviewer')
})
afterAll(() => cluster.close())

const closing: KubernetesConnections[] = []
afterEach(async () => {
  cluster.behave()
  await Promise.all(closing.splice(0).map((connections) => connections.close()))
})

interface Options {
  allowInternal?: boolean
  reviewThroughGateway?: TokenReviewer
  nowMs?: () => number
  /** By the gateway that is asked; others are not connected. */
  reviewThrough?: Record<string, TokenReviewer>
  revokedAt?: Date
  pool?: PoolToCheck
}

/** Of the last refusal. */
let lastDetails: unknown
/** Of the last acceptance. */
let lastPassedOver: readonly PassedOver[]

async function check(settings: Partial<ReviewerSettings>, options: Options = {}): Promise<string> {
  const rules = { allowInternal: options.allowInternal ?? true }
  const connections = new KubernetesConnections({
    openStream: noStreams,
    rules,
    resolve: createResolveBySystem(),
    nowMs: Date.now,
  })
  closing.push(connections)
  const ask = createAskApiServer({ connections, rules, nowMs: Date.now })
  const chooseReviewer = createChooseReviewer({
    ask,
    gatewayReviewer: (target) =>
      options.reviewThroughGateway ??
      (target.kind === 'gateway' ? options.reviewThrough?.[target.gatewayId] : undefined) ??
      answering({ kind: 'failed', ...unavailable }),
  })
  const checkReviewer = createCheckReviewer({
    ask,
    chooseReviewer,
    findGateway: async (id, organization) =>
      id === gatewayId && organization === organizationId
        ? { name: 'berlin', revokedAt: options.revokedAt ?? null }
        : undefined,
    findPool: async () => options.pool,
    nowMs: options.nowMs ?? Date.now,
  })
  try {
    lastPassedOver = await checkReviewer({
      organizationId,
      tokenReviewMode: 'api',
      kubernetesHost: cluster.url,
      caCert: cluster.caCert,
      verifyTlsCertificate: true,
      tokenReviewerJwt: null,
      gatewayId: null,
      gatewayPoolId: null,
      ...settings,
    })
    return 'accepted'
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    lastDetails = error.details
    return `${error.code}: ${error.message}`
  }
}

const via = { reviewer: 'gateway', gatewayId, attempts: 1 } as const
const unavailable = { failure: 'gateway-unavailable', detail: 'no tunnel', via } as const
const answering = (outcome: ReviewOutcome): TokenReviewer => ({ review: async () => outcome })

describe('trying a stored reviewer JWT before it is saved', () => {
  const jwtOf = (name: string): Promise<string> => cluster.mintToken({ namespace: 'kube-system', name })

  it('accepts one that may review', async () => {
    expect(await check({ tokenReviewerJwt: await jwtOf('reviewer') })).toBe('accepted')
  })

  it('refuses one without the right, and says what to run', async () => {
    const refusal = await check({ tokenReviewerJwt: await jwtOf('powerless') })
    expect(refusal).toMatch(/^BadRequest: .*may not review tokens/)
    expect(refusal).toContain(
      'kubectl create clusterrolebinding postern-token-review --clusterrole=system:auth-delegator ' +
        '--serviceaccount=kube-system:powerless',
    )
  })

  it.each([
    ['another cluster’s', 'e30.e30.c2ln'],
    ['one that is no JWT', 'opaque'],
  ])('refuses %s', async (_title, tokenReviewerJwt) => {
    expect(await check({ tokenReviewerJwt })).toMatch(/^BadRequest: .*not accepted by the cluster \(401\)/)
  })

  it('refuses an expired one', async () => {
    const tokenReviewerJwt = await cluster.mintExpiredToken({ namespace: 'kube-system', name: 'reviewer' })
    expect(await check({ tokenReviewerJwt })).toMatch(/^BadRequest: .*401/)
  })

  it('never shows the JWT', async () => {
    const tokenReviewerJwt = await jwtOf('powerless')
    const refusal = await check({ tokenReviewerJwt })
    for (const segment of tokenReviewerJwt.split('.')) expect(refusal).not.toContain(segment)
  })
})

describe('trying an API server before it is saved', () => {
  it('accepts one that answers, and leaves the right to review to the workloads’ own tokens', async () => {
    const before = cluster.received('tokenreviews')
    expect(await check({})).toBe('accepted')
    expect(cluster.received('tokenreviews')).toBe(before)
  })

  it('T20: refuses an internal host unless those are allowed', async () => {
    expect(await check({}, { allowInternal: false })).toMatch(/^BadRequest: .*127\.0\.0\.1.*internal network/)
  })

  it('T20: refuses a name that leads inside', async () => {
    const kubernetesHost = `https://localhost:${new URL(cluster.url).port}`
    expect(await check({ kubernetesHost }, { allowInternal: false })).toMatch(
      /^BadRequest: .*internal network/,
    )
  })

  it('T20: names what would allow an internal host, and for a link-local one, that nothing does', async () => {
    expect(await check({}, { allowInternal: false })).toContain(
      'POSTERN_ALLOW_INTERNAL_KUBERNETES_HOSTS=true',
    )
    const refusal = await check({ kubernetesHost: '169.254.169.254' }, { allowInternal: false })
    expect(refusal).toMatch(/^BadRequest: .*which no setting opens: use a gateway/)
    expect(refusal).not.toContain('POSTERN_ALLOW')
  })

  it('T23: refuses a certificate of an unknown CA, and says so', async () => {
    expect(await check({ caCert: '' })).toMatch(/^BadRequest: .*not signed by a CA that is trusted here/)
  })

  it('names an API server that nobody listens at', async () => {
    expect(await check({ kubernetesHost: '127.0.0.1:1' })).toMatch(
      /^BadRequest: .*cannot reach.*ECONNREFUSED/,
    )
  })
})

describe('trying a gateway before it is saved', () => {
  const gateway = { tokenReviewMode: 'gateway', kubernetesHost: null, gatewayId } as const
  const verdict = { authenticated: false, error: 'invalid bearer token' } as const

  it('accepts one that may review', async () => {
    const reviewThroughGateway = answering({ kind: 'reviewed', verdict, via })
    expect(await check(gateway, { reviewThroughGateway })).toBe('accepted')
  })

  it('T48: refuses one of another organization as if it did not exist', async () => {
    expect(await check({ ...gateway, organizationId: 'another' })).toMatch(/^NotFound: There is no gateway/)
  })

  it('refuses a revoked one', async () => {
    expect(await check(gateway, { revokedAt: new Date() })).toMatch(/^BadRequest: .*revoked/)
  })

  it('refuses one that is not connected', async () => {
    expect(await check(gateway)).toMatch(/^BadRequest: The gateway berlin is not connected/)
  })

  it('refuses one without the right, and says what to run', async () => {
    const reviewThroughGateway = answering({ kind: 'failed', failure: 'reviewer-forbidden', detail: '', via })
    expect(await check(gateway, { reviewThroughGateway })).toMatch(/kubectl create clusterrolebinding/)
  })

  it('refuses one behind which everything is true', async () => {
    const trusting = { authenticated: true, username: 'x', uid: '', groups: [], audiences: [] } as const
    const reviewThroughGateway = answering({ kind: 'reviewed', verdict: trusting, via })
    expect(await check(gateway, { reviewThroughGateway })).toMatch(/not the Kubernetes API/)
  })
})

describe('trying a pool before it is saved', () => {
  const settings = {
    tokenReviewMode: 'gateway',
    kubernetesHost: null,
    gatewayPoolId: '55555555-5555-4555-8555-555555555555',
  } as const
  const [one, two, three] = ['one', 'two', 'three'].map((gatewayName) => ({
    gatewayId: `id-of-${gatewayName}`,
    gatewayName,
    isRevoked: false,
    keptOut: undefined,
  })) as [PoolMemberToCheck, PoolMemberToCheck, PoolMemberToCheck]
  const verdict = { authenticated: false, error: 'invalid bearer token' } as const
  const reviewing = answering({ kind: 'reviewed', verdict, via })
  const failing = (failure: ReviewFailure) => answering({ kind: 'failed', failure, detail: 'why', via })
  const poolOf = (...members: PoolMemberToCheck[]): PoolToCheck => ({ name: 'berlin', members })

  it('refuses one that does not exist', async () => {
    expect(await check(settings)).toMatch(/^NotFound: There is no gateway pool 5555/)
  })

  it('refuses one without a member', async () => {
    expect(await check(settings, { pool: poolOf() })).toMatch(/^BadRequest: The pool "berlin" has no gateway/)
  })

  it('refuses one of which no member is connected, and names each', async () => {
    expect(await check(settings, { pool: poolOf(one, { ...two, isRevoked: true }) })).toMatch(
      /^BadRequest: No gateway of the pool "berlin" is healthy. The gateway one is not connected.*two is revoked/,
    )
    expect(lastDetails).toMatchObject({
      reason: 'gateway-unavailable',
      members: [
        { gatewayName: 'one', outcome: 'not-connected' },
        { gatewayName: 'two', outcome: 'not-connected' },
      ],
    })
  })

  it('asks every member, and says which failed, why, and what to do', async () => {
    const reviewThrough = {
      [one.gatewayId]: reviewing,
      [two.gatewayId]: failing('reviewer-forbidden'),
      [three.gatewayId]: failing('api-server-unreachable'),
    }
    expect(await check(settings, { pool: poolOf(one, two, three), reviewThrough })).toMatch(
      /^BadRequest: 2 of the 3 gateways of the pool "berlin" cannot review. .*two may not.*kubectl create cluster.*three/,
    )
    expect(lastDetails).toEqual({
      reason: 'reviewer-forbidden',
      members: [
        { gatewayId: 'id-of-one', gatewayName: 'one', outcome: 'accepted', reason: null, message: null },
        {
          gatewayId: 'id-of-two',
          gatewayName: 'two',
          outcome: 'failed',
          reason: 'reviewer-forbidden',
          message: expect.stringContaining('system:auth-delegator'),
        },
        {
          gatewayId: 'id-of-three',
          gatewayName: 'three',
          outcome: 'failed',
          reason: 'api-server-unreachable',
          message: expect.stringContaining('cannot reach the API server'),
        },
      ],
    })
  })

  it('asks them at once: none waits for another', async () => {
    let asked = 0
    let letGo = (): void => undefined
    const all = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const waiting: TokenReviewer = {
      review: async () => {
        asked += 1
        if (asked === 3) letGo()
        await all
        return { kind: 'reviewed', verdict, via }
      },
    }
    const reviewThrough = { [one.gatewayId]: waiting, [two.gatewayId]: waiting, [three.gatewayId]: waiting }
    expect(await check(settings, { pool: poolOf(one, two, three), reviewThrough })).toBe('accepted')
  })

  const many = Array.from({ length: 100 }, (_, index) => ({
    ...one,
    gatewayId: `id-${index}`,
    gatewayName: `gateway ${index}`,
  }))

  it('asks no more than sixteen at once', async () => {
    let [underWay, most, asked] = [0, 0, 0]
    const slow: TokenReviewer = {
      review: async () => {
        underWay += 1
        asked += 1
        most = Math.max(most, underWay)
        await setImmediate()
        underWay -= 1
        return { kind: 'reviewed', verdict, via }
      },
    }
    expect(await check(settings, { pool: poolOf(...many), reviewThroughGateway: slow })).toBe('accepted')
    expect([asked, most]).toEqual([100, 16])
  })

  it('begins with no member after five seconds, gives none more than is left of ten, and says whom it left out', async () => {
    let nowMs = 0
    const budgets: number[] = []
    const slow: TokenReviewer = {
      review: async ({ budgetMs }) => {
        budgets.push(budgetMs)
        await setImmediate()
        nowMs += 250
        return { kind: 'reviewed', verdict, via }
      },
    }
    const pool = poolOf(...many)
    expect(await check(settings, { pool, reviewThroughGateway: slow, nowMs: () => nowMs })).toBe('accepted')
    expect([Math.max(...budgets), Math.min(...budgets)]).toEqual([10_000, 5250])
    expect(lastPassedOver).toHaveLength(100 - budgets.length)
    expect(lastPassedOver.at(-1)).toEqual({
      gatewayId: 'id-99',
      gatewayName: 'gateway 99',
      reason: 'deadline-exceeded',
      message: expect.stringContaining('The gateway gateway 99 was not tried'),
    })
  })

  it('passes over members that are not connected while another one reviews, and says which and why', async () => {
    const reviewThrough = { [two.gatewayId]: reviewing }
    const pool = poolOf(one, two, { ...three, isRevoked: true })
    expect(await check(settings, { pool, reviewThrough })).toBe('accepted')
    const reason = 'gateway-unavailable'
    expect(lastPassedOver).toEqual([
      {
        gatewayId: 'id-of-one',
        gatewayName: 'one',
        reason,
        message: expect.stringContaining('one is not connected'),
      },
      {
        gatewayId: 'id-of-three',
        gatewayName: 'three',
        reason,
        message: expect.stringContaining('three is revoked'),
      },
    ])
  })

  it('T6: refuses one with a member of another cluster, without asking it', async () => {
    let asked = 0
    const counting: TokenReviewer = {
      review: async () => {
        asked += 1
        return { kind: 'reviewed', verdict, via }
      },
    }
    const reviewThrough = { [one.gatewayId]: reviewing, [two.gatewayId]: counting }
    const pool = poolOf(one, { ...two, keptOut: 'It stands in another cluster.' })
    expect(await check(settings, { pool, reviewThrough })).toMatch(
      /two is kept out of the pool. It stands in another/,
    )
    expect(lastDetails).toMatchObject({ reason: 'cluster-mismatched' })
    expect(asked).toBe(0)
  })

  it('refuses one behind a member of which everything is true', async () => {
    const trusting = { authenticated: true, username: 'x', uid: '', groups: [], audiences: [] } as const
    const reviewThrough = {
      [one.gatewayId]: reviewing,
      [two.gatewayId]: answering({ kind: 'reviewed', verdict: trusting, via }),
    }
    expect(await check(settings, { pool: poolOf(one, two), reviewThrough })).toMatch(/not the Kubernetes API/)
  })
})
