/** Nobody is asked beside another sooner, in milliseconds. */
export const hedgeFloorMs = 50
const roundTrips = 4
/** Before enough reviews were seen to know what is slow. */
const unknownP99Ms = 500
/** Where all others are out: a hiccup of the one that has the review is no reason to ask them. */
const lastResortFactor = 10

export interface HedgeTimes {
  /** Of this tunnel: from sending a review to the first sign of it, at the 95th percentile. */
  firstSignP95Ms: number | undefined
  /** Of this tunnel's last ping. */
  roundTripMs: number | undefined
  /** What the review may still take: a hedge later than half of it would be of no use. */
  budgetMs: number
}

/** After how long without `Accepted` another tunnel is asked as well, in milliseconds. */
export function hedgeDelayMs({ firstSignP95Ms, roundTripMs, budgetMs }: HedgeTimes): number {
  const roundTrip = firstSignP95Ms ?? roundTripMs ?? 0
  return Math.min(Math.max(hedgeFloorMs, roundTrips * roundTrip), budgetMs / 2)
}

/**
 * After how long an accepted review is asked for elsewhere as well, in milliseconds.
 * @param reviewP99Ms of the reviews of this gateway or pool, at the 99th percentile
 */
export function acceptedHedgeDelayMs(
  reviewP99Ms: number | undefined,
  beforeAcceptedMs: number,
  budgetMs: number,
): number {
  return Math.max(beforeAcceptedMs, Math.min(reviewP99Ms ?? unknownP99Ms, budgetMs / 2))
}

/**
 * After how long those that are out are asked as well, in milliseconds: when there are no others, and the one that has the
 * review is itself as good as out.
 */
export function lastResortDelayMs(allowedMs: number, beforeAcceptedMs: number, budgetMs: number): number {
  return Math.max(allowedMs, Math.min(lastResortFactor * beforeAcceptedMs, budgetMs / 2))
}

/** What the first sign and the first verdict of a review took, whoever gave them; in milliseconds. */
export class QuickestAsking {
  signAfterMs = Number.POSITIVE_INFINITY
  verdictAfterMs = Number.POSITIVE_INFINITY

  gaveSign(afterMs: number): void {
    this.signAfterMs = Math.min(this.signAfterMs, afterMs)
  }

  gaveVerdict(afterMs: number): void {
    this.gaveSign(afterMs)
    this.verdictAfterMs = Math.min(this.verdictAfterMs, afterMs)
  }
}

/** What a canary that is on trial may take, by what the asking beside it took; in milliseconds. */
export function canaryAllowedMs(
  { acceptedAt, patienceMs }: { acceptedAt: number | undefined; patienceMs: number },
  reviewP99Ms: number | undefined,
  beside: { signAfterMs: number; verdictAfterMs: number },
): number {
  if (acceptedAt === undefined) return Math.max(patienceMs, 2 * beside.signAfterMs)
  const acceptedMs = acceptedHedgeDelayMs(reviewP99Ms, patienceMs, Number.POSITIVE_INFINITY)
  return Math.max(acceptedMs, 2 * beside.verdictAfterMs)
}
