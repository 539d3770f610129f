import type { AbortListener, AttemptSignal } from '../../gateways/review-attempt.ts'
import type { AskingKind } from './review-observer.ts'
import type { TunnelStanding } from './tunnel-standing.ts'

/** One tunnel that is asked for one review. It is its own signal: what hears it is the tunnel alone. */
export class Asking implements AttemptSignal {
  readonly standing: TunnelStanding
  readonly kind: AskingKind
  readonly startedAt: number
  /** Without a sign for so long, it is late. */
  readonly patienceMs: number
  /** Of the closed set of `labelOf`; undefined while it is under way. */
  label: string | undefined
  /** When Accepted came. */
  acceptedAt: number | undefined
  /** See `hasAnsweredInVain`. */
  hasFailed = false
  /** A later asking of the same review had the verdict first; of a canary, the asking beside it was much faster. */
  isOvertaken = false
  /** A canary of one in question: it is held against the asking beside it, not against the clock. */
  isOnTrial = false
  /** Of the retry budget. A canary needs none: of each process there is one at a time. */
  holdsPlace: boolean
  aborted = false
  #listener: AbortListener | undefined

  constructor(standing: TunnelStanding, kind: AskingKind, startedAt: number, patienceMs: number) {
    this.standing = standing
    this.kind = kind
    this.startedAt = startedAt
    this.patienceMs = patienceMs
    this.holdsPlace = kind === 'retry' || kind === 'hedge'
  }

  addEventListener(_type: 'abort', listener: AbortListener): void {
    this.#listener = listener
  }

  removeEventListener(): void {
    this.#listener = undefined
  }

  cancel(): void {
    if (this.aborted) return
    this.aborted = true
    this.#listener?.handleEvent()
  }
}

const none: readonly TunnelStanding[] = []

/**
 * The tunnels that a review is not sent on any more: those that were asked, and all of a process that has accepted it, as
 * that makes no second call of it. One to which there was no way was not asked: it may be when there is one again.
 * Where there are others, the siblings of what has failed, and of two that are silent, are left alone as well.
 */
export function triedBy(
  askings: readonly Asking[],
  candidates: readonly TunnelStanding[],
): readonly TunnelStanding[] {
  if (askings.length === 0) return none
  // With the hedge that was given up in this moment: its place is for one that was not asked.
  const underWay = askings.filter(({ label }) => label === undefined)
  const accepted = underWay.filter(({ acceptedAt }) => acceptedAt !== undefined)
  const asked = askings.filter(({ label }) => label !== 'no-route').map(({ standing }) => standing)
  let tried = withSiblings(asked, accepted, candidates)
  const failed = askings.filter(({ hasFailed }) => hasFailed)
  for (const doubtful of [failed, underWay.length > 1 ? underWay : []]) {
    const more = withSiblings(tried, doubtful, candidates)
    if (!candidates.every((one) => more.includes(one))) tried = more
  }
  return tried
}

function withSiblings(
  tried: readonly TunnelStanding[],
  askings: readonly Asking[],
  candidates: readonly TunnelStanding[],
): readonly TunnelStanding[] {
  if (askings.length === 0) return tried
  const siblings = candidates.filter(({ process }) =>
    askings.some(({ standing }) => standing.process === process),
  )
  return [...new Set([...tried, ...siblings])]
}

/** Those that were asked before the winner, and have not answered yet, are late. */
export function markOvertaken(askings: readonly Asking[], winner: Asking): void {
  for (const asking of askings)
    asking.isOvertaken = asking.label === undefined && asking.startedAt < winner.startedAt
}
