import { type Asking, triedBy } from './asking.ts'
import { areOthersOut } from './choose-tunnel.ts'
import { acceptedHedgeDelayMs, hedgeFloorMs, lastResortDelayMs } from './hedge-delay.ts'
import type { HedgeReason } from './review-observer.ts'
import type { TunnelStanding } from './tunnel-standing.ts'

/** While the only tunnel is silent: the gateway may be about to dial again. */
const lookAgainMs = 250

/** A review as it stands. */
export interface ReviewUnderWay {
  askings: readonly Asking[]
  candidates: readonly TunnelStanding[]
  isHedged: boolean
  /** Beside the hedge. */
  mayAttempt: boolean
  now: number
  deadlineAt: number
  /** Of the reviews of this gateway or pool. */
  reviewP99Ms: number | undefined
}

/** After so many milliseconds, which may be none, another is asked, unless a sign comes. */
export interface AskBeside {
  afterMs: number
  reason: HedgeReason
}

/** Whether another tunnel is to be asked beside those that are silent for too long; undefined: not as things are. */
export function whenToAskBeside(review: ReviewUnderWay): AskBeside | undefined {
  const underWay = review.askings.filter(isUnderWay)
  const newest = underWay.at(-1)
  if (newest === undefined) return undefined
  const isAccepted = newest.acceptedAt !== undefined
  if (review.isHedged && (!review.mayAttempt || (isAccepted && underWay.length > 1))) return undefined
  const allowedMs = allowedAloneMs(newest, review)
  if (allowedMs === undefined && isAccepted) return undefined
  const at =
    allowedMs === undefined ? review.now + lookAgainMs : Math.max(review.now, newest.startedAt + allowedMs)
  // Nobody is to be blamed who has less time than the quickest is given.
  if (review.deadlineAt - at < hedgeFloorMs) return undefined
  return { afterMs: at - review.now, reason: isAccepted ? 'beyond-p99' : 'not-accepted' }
}

/** How long it may have the review to itself; undefined when nobody else can be asked. */
function allowedAloneMs(
  { standing, startedAt, acceptedAt, patienceMs }: Asking,
  { askings, candidates, deadlineAt, reviewP99Ms }: ReviewUnderWay,
): number | undefined {
  const tried = triedBy(askings, candidates)
  if (candidates.every((one) => tried.includes(one))) return undefined
  const budgetMs = deadlineAt - startedAt
  const acceptedMs = acceptedHedgeDelayMs(reviewP99Ms, patienceMs, budgetMs)
  const allowedMs = acceptedAt === undefined ? patienceMs : acceptedMs
  if (standing.isOut || !areOthersOut(candidates, tried)) return allowedMs
  return lastResortDelayMs(allowedMs, patienceMs, budgetMs)
}

/**
 * The hedge that gives its place of the retry budget to one more asking: it is as silent as the one that it was sent
 * beside, which stays, and there is a process that was not asked at all.
 */
export function hedgeToGiveUp(
  askings: readonly Asking[],
  candidates: readonly TunnelStanding[],
): Asking | undefined {
  const underWay = askings.filter(isUnderWay)
  const hedge = underWay.find(({ kind }) => kind === 'hedge')
  if (hedge === undefined || hedge.acceptedAt !== undefined || underWay.length < 2) return undefined
  const isUnasked = ({ process }: TunnelStanding): boolean =>
    askings.every(({ standing }) => standing.process !== process)
  return candidates.some(isUnasked) ? hedge : undefined
}

/** And not given up. */
function isUnderWay({ label, aborted }: Asking): boolean {
  return label === undefined && !aborted
}
