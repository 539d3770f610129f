import type { CheckReviewer } from '../../kubernetes-auth/check-reviewer.ts'
import type { ChooseReviewer, ReviewerSettings } from '../../kubernetes-auth/choose-reviewer.ts'
import type { ReviewOutcome, ReviewRequest } from '../../login/token-reviewer.ts'
import { encodePart } from './gateway-tokens.ts'

/** A cluster that vouches for the pods that a test says, whoever asks it. */
export interface TestCluster {
  chooseReviewer: ChooseReviewer
  checkReviewer: CheckReviewer
  /** What it was asked, and by whom. */
  readonly asked: { settings: ReviewerSettings; request: ReviewRequest }[]
  /** What it was tried with before it was saved. */
  readonly tried: ReviewerSettings[]
  /** From now on every review comes to this; undefined: to what its tokens say. */
  answer(outcome: ((request: ReviewRequest) => ReviewOutcome | Promise<ReviewOutcome>) | undefined): void
  /** From now on a reviewer that is tried is refused with this. */
  refuseReviewers(error: Error | undefined): void
}

const via = { reviewer: 'stored-jwt', host: 'https://cluster.example' } as const

/** A token as a cluster's pods have it; the test cluster believes what it says. */
export function podToken(namespace: string, name: string, audience: string, more: object = {}): string {
  const claims = { aud: [audience], sub: `system:serviceaccount:${namespace}:${name}`, exp: 4e9, ...more }
  return `${encodePart({ alg: 'RS256', kid: 'k' })}.${encodePart(claims)}.c2lnbmF0dXJl`
}

export function createTestCluster(): TestCluster {
  const asked: TestCluster['asked'] = []
  const tried: ReviewerSettings[] = []
  let answer: ((request: ReviewRequest) => ReviewOutcome | Promise<ReviewOutcome>) | undefined
  let refusal: Error | undefined
  return {
    asked,
    tried,
    chooseReviewer: (settings) => ({
      review: async (request) => {
        asked.push({ settings, request })
        return (answer ?? believe)(request)
      },
    }),
    checkReviewer: (settings) => {
      tried.push(settings)
      return refusal === undefined ? Promise.resolve([]) : Promise.reject(refusal)
    },
    answer: (outcome) => {
      answer = outcome
    },
    refuseReviewers: (error) => {
      refusal = error
    },
  }
}

function believe({ token, audiences }: ReviewRequest): ReviewOutcome {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    aud: string[]
    sub: string
  }
  const common = audiences.filter((audience) => claims.aud.includes(audience))
  if (common.length === 0) {
    return { kind: 'reviewed', verdict: { authenticated: false, error: 'not for this audience' }, via }
  }
  return {
    kind: 'reviewed',
    verdict: {
      authenticated: true,
      username: claims.sub,
      uid: 'uid',
      groups: ['system:serviceaccounts', 'system:authenticated'],
      audiences: common,
    },
    via,
  }
}
