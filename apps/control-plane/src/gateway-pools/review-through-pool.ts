import type { GatewayTarget } from '../gateways/gateway-target.ts'
import type { ReviewOutcome, ReviewRequest, TokenReviewer } from '../login/token-reviewer.ts'
import { type DescribedFailure, describePause, unavailable } from './choosing/describe-failure.ts'
import {
  candidatesOf,
  type ChoosingState,
  type PoolMembers,
  type TunnelSource,
} from './choosing/pool-of-tunnels.ts'
import { PooledReview, type PooledReviewOptions } from './choosing/pooled-review.ts'
import { waitForCandidate } from './choosing/wait-for-candidate.ts'

export interface ReviewThroughPoolOptions {
  target: GatewayTarget
  organizationId: string
  state: ChoosingState
  tunnels: TunnelSource
  /** Asked at each review where it is a function; undefined when there is no such pool. */
  members: PoolMembers | (() => Promise<PoolMembers | undefined>)
  /** How long a login waits for a gateway that was connected a moment ago, in milliseconds. */
  returnWaitMs?: number
}

const returnWaitMsDefault = 3000

/** A gateway is a pool of one. */
export function membersOfGateway(gatewayId: string): PoolMembers {
  return { memberIds: [gatewayId], admits: () => true }
}

/** Login's port, implemented by the tunnels of one gateway or of a pool of them. */
export function createReviewThroughPool(options: ReviewThroughPoolOptions): TokenReviewer {
  const { target, state, members } = options
  const targetId = target.kind === 'gateway' ? target.gatewayId : target.gatewayPoolId
  const targetState = state.targets.of(targetId, state.elapsed())
  const route = target.kind === 'gateway' ? { gatewayId: targetId } : { gatewayPoolId: targetId }
  const failed = (failure: DescribedFailure): ReviewOutcome => ({
    kind: 'failed',
    ...failure,
    via: { reviewer: 'gateway', ...route, attempts: 0 },
  })
  let last: { members: PoolMembers; options: PooledReviewOptions } | undefined
  const optionsFor = (members: PoolMembers): PooledReviewOptions => {
    if (last?.members !== members)
      last = {
        members,
        options: { state, target: targetState, route, ...tunnelsOfMembers(options, members) },
      }
    return last.options
  }
  const review = async (request: ReviewRequest): Promise<ReviewOutcome> => {
    if (request.budgetMs <= 0) return failed({ failure: 'deadline-exceeded', detail: 'no time was left' })
    const pause = targetState.sharedFate.pauseAt(state.elapsed())
    if (pause !== undefined) {
      state.observer.pausedForApiServer()
      return failed(describePause(pause))
    }
    const present = typeof members === 'function' ? await members() : members
    if (present === undefined) return failed(unavailable('there is no such pool'))
    return new PooledReview(optionsFor(present), request).run()
  }
  return { review }
}

function tunnelsOfMembers(
  { organizationId, tunnels, state, returnWaitMs = returnWaitMsDefault }: ReviewThroughPoolOptions,
  members: PoolMembers,
): Pick<PooledReviewOptions, 'candidates' | 'isAdmitted' | 'candidateReturned'> {
  const candidates = () => candidatesOf(members, organizationId, tunnels, state.standings)
  return {
    candidates,
    isAdmitted: (standing) => standing.isAdmitted(members.admits),
    candidateReturned: (waitMs, signal) =>
      waitForCandidate({ state, members, tunnels, candidates }, Math.min(waitMs, returnWaitMs), signal),
  }
}
