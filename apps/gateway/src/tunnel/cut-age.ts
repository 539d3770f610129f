/** Two ages at which a connection was cut are the same age when they differ by less than this part of it. */
const sameAge = 0.1
/** Younger ones say nothing of age; older ones nothing that a load balancer has set, and timers end at 24 days. */
const ageMs = { min: 2_000, max: 86_400_000 } as const
/** Of the age at which connections are cut, the tunnel gives way to another by then, a little earlier by chance. */
const reliefShare = 0.8
const reliefSpread = 0.15
/**
 * Then it is found out anew: the load balancer may have been set otherwise. After as many ages already, because a short
 * one may be that of a control plane which has crashed twice, and gateways that all dial anew would not help it.
 */
const knownFor = { ages: 20, msMax: 3_600_000 } as const

/**
 * Learns at what age something on the way cuts the connections of one slot: two in a row of the same age tell. A tunnel
 * that gives way before that age loses nothing.
 */
export class CutAge {
  #last: number | undefined
  #known: { ageMs: number; until: number } | undefined

  /** A connection of that age was cut. Times are milliseconds of a clock that never goes back. */
  cut(age: number, now: number): void {
    const last = this.#last
    this.#last = age
    if (last === undefined || Math.min(age, last) < ageMs.min || Math.max(age, last) > ageMs.max) return
    if (Math.abs(age - last) > sameAge * Math.max(age, last)) return
    const known = Math.min(age, last)
    this.#known = { ageMs: known, until: now + Math.min(known * knownFor.ages, knownFor.msMax) }
  }

  /**
   * After how many milliseconds a new tunnel gives way to another; undefined: not because of its age.
   * @param random from 0 to 1
   */
  reliefAfterMs(now: number, random: number): number | undefined {
    if (this.#known === undefined || now >= this.#known.until) return undefined
    return this.#known.ageMs * (reliefShare - reliefSpread * random)
  }
}
