import { Allowances } from './allowances.ts'
import type { Proof } from './authenticate-upgrade.ts'

export interface UpgradeAdmissionOptions {
  /** Upgrades that are not yet welcomed, at once. */
  concurrentMax: number
  /** Upgrades admitted in any second. */
  perSecondMax: number
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

/** Who dials, before it is known whether it is true. */
export interface Dialler {
  /** The client's address. */
  source: string
  /**
   * Names the key that the dial is signed with: what stands there can be forged, but only by who has seen it. Undefined
   * without one.
   */
  keyName: string | undefined
}

/** `waitMs`: this upgrade's turn. */
export type Admission = { admitted: true; waitMs: number } | { admitted: false; retryAfterSeconds: number }

/** Dials wait for their turn at most so long; those of strangers half of it, so that there is room for gateways. */
const queueMs = 1000
/** The share of the places at once that strangers leave free. */
const reservedShare = 0.5
/** How far those are spread that are turned away. */
const spreadMs = 30_000
/** What an address of which nothing good comes is told. */
const penaltySeconds = 30
const keyNameCharactersMax = 256

/** One key may have many processes, all of which come back at once; but it must not take the turns of all others. */
const perKey = { burst: 64, perSecond: 4, namesMax: 8192 } as const
/** Dials that proved nothing, by address. */
const failures = { burst: 20, perSecond: 1, namesMax: 4096 } as const

/**
 * Bounds what strangers and a crowd of returning gateways can ask of this replica: a number at once and a rate, by giving
 * each dial its turn. Two classes share the turns: whoever names a key that was proven lately comes first, all others
 * have what is left, and among those an address whose dials prove nothing has next to nothing. Who is turned away costs
 * a few look-ups, and is told to come when there is a turn: as many in each second as are admitted.
 */
export class UpgradeAdmission {
  readonly #options: UpgradeAdmissionOptions
  readonly #known: Allowances
  readonly #failing: Allowances
  readonly #returnAt = { known: 0, unknown: 0 }
  #concurrent = 0
  /** The next turn that nobody has. */
  #nextTurnAt: number

  constructor(options: UpgradeAdmissionOptions) {
    this.#options = options
    this.#known = new Allowances({ ...perKey, elapsed: options.elapsed })
    this.#failing = new Allowances({ ...failures, elapsed: options.elapsed })
    this.#nextTurnAt = options.elapsed()
  }

  /** Admits one upgrade, which `leave` must follow; or says in how many seconds to come back. */
  enter({ source, keyName }: Dialler): Admission {
    const { concurrentMax, perSecondMax, elapsed } = this.#options
    const isKnown = keyName !== undefined && this.#known.has(keyName)
    if (isKnown ? this.#known.isSpent(keyName) : this.#failing.isSpent(source)) {
      return { admitted: false, retryAfterSeconds: penaltySeconds }
    }
    const now = elapsed()
    const turnAt = Math.max(now, this.#nextTurnAt)
    const places = isKnown ? concurrentMax : Math.ceil(concurrentMax * (1 - reservedShare))
    if (turnAt - now > (isKnown ? queueMs : queueMs / 2) || this.#concurrent >= places) {
      return { admitted: false, retryAfterSeconds: this.#returnSeconds(isKnown ? 'known' : 'unknown', now) }
    }
    if (isKnown) this.#known.take(keyName)
    this.#nextTurnAt = turnAt + 1000 / perSecondMax
    this.#concurrent += 1
    return { admitted: true, waitMs: turnAt - now }
  }

  /** @param proof what the dial came to: `none` counts against its address, `unclear` is nobody's fault */
  leave({ source, keyName }: Dialler, proof: Proof): void {
    this.#concurrent -= 1
    if (proof === 'none') {
      this.#failing.take(source)
      if (keyName !== undefined) this.#known.forget(keyName)
    }
    if (proof === 'proven' && isRememberable(keyName) && !this.#known.has(keyName)) this.#known.take(keyName)
  }

  /** The turns of those who were turned away follow one another, from a second on, and begin anew when it gets late. */
  #returnSeconds(of: 'known' | 'unknown', now: number): number {
    const first = now + 1000
    const next = Math.max(this.#returnAt[of] + 1000 / this.#options.perSecondMax, first)
    this.#returnAt[of] = next > now + spreadMs ? first : next
    // Rounded first: adding and subtracting leaves a trace of a millisecond, which would count as a second.
    return Math.ceil(Math.round(this.#returnAt[of] - now) / 1000)
  }
}

/** Longer ones would fill the memory. */
function isRememberable(keyName: string | undefined): keyName is string {
  return keyName !== undefined && keyName.length <= keyNameCharactersMax
}
