import { Allowances } from './allowances.ts'
import type { Proof } from './authenticate-upgrade.ts'
import type { UpgradeTurns } from './upgrade-turns.ts'

export interface UpgradeAdmissionOptions {
  /** Upgrades that are not yet welcomed, at once. */
  concurrentMax: number
  /** What those who are admitted wait for. */
  turns: Pick<UpgradeTurns, 'waitMs' | 'spacingMs'>
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

export type Admission =
  | { admitted: true }
  /** `returnAt`: when to come back, in milliseconds of the same clock. */
  | { admitted: false; returnAt: number }

/** Dials wait for their turn at most so long; those of strangers half of it, so that there is room for gateways. */
const queueMs = 3000
/** The share of the places at once that strangers leave free. */
const reservedShare = 0.5
/** How far those are spread that are turned away. */
const spreadMs = 45_000
/** A gateway waits for what it is told and up to a quarter more (`backoff.ts` of the gateway): in the mean, an eighth. */
const jitterMean = 1.125
/** What an address of which nothing good comes has to wait, in milliseconds. */
const penaltyMs = 30_000
const keyNameCharactersMax = 256

/** One key may have many processes, all of which come back at once; but it must not take the turns of all others. */
const perKey = { burst: 64, perSecond: 4, namesMax: 8192 } as const
/** Dials that proved nothing, by address. */
const failures = { burst: 20, perSecond: 1, namesMax: 4096 } as const

/**
 * Decides which of the strangers and returning gateways that dial may wait for a turn. Two classes share the turns:
 * whoever names a key that was proven lately comes first, all others have what is left, and among those an address whose
 * dials prove nothing has next to nothing. Who is turned away costs a few look-ups, and is told to come when there is a
 * turn: as many in each second as are given now.
 */
export class UpgradeAdmission {
  readonly #options: UpgradeAdmissionOptions
  readonly #known: Allowances
  readonly #failing: Allowances
  readonly #returnAt = { known: 0, unknown: 0 }
  #concurrent = 0

  constructor(options: UpgradeAdmissionOptions) {
    this.#options = options
    this.#known = new Allowances({ ...perKey, elapsed: options.elapsed })
    this.#failing = new Allowances({ ...failures, elapsed: options.elapsed })
  }

  /** Admits one upgrade, which `leave` must follow; or says when to come back. */
  enter({ source, keyName }: Dialler): Admission {
    const { concurrentMax, turns, elapsed } = this.#options
    const isKnown = keyName !== undefined && this.#known.has(keyName)
    if (isKnown ? this.#known.isSpent(keyName) : this.#failing.isSpent(source)) {
      return { admitted: false, returnAt: elapsed() + penaltyMs }
    }
    const places = isKnown ? concurrentMax : Math.ceil(concurrentMax * (1 - reservedShare))
    if (turns.waitMs > (isKnown ? queueMs : queueMs / 2) || this.#concurrent >= places) {
      return { admitted: false, returnAt: this.#nextReturn(isKnown ? 'known' : 'unknown', elapsed()) }
    }
    if (isKnown) this.#known.take(keyName)
    this.#concurrent += 1
    return { admitted: true }
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

  /**
   * The turns of those who were turned away follow one another, from when those that wait now have had theirs but for a
   * second, and begin anew when it gets late.
   */
  #nextReturn(of: 'known' | 'unknown', now: number): number {
    const { spacingMs, waitMs } = this.#options.turns
    const first = now + Math.max(1000, waitMs - 1000)
    const next = Math.max(this.#returnAt[of] + spacingMs, first)
    this.#returnAt[of] = next > now + spreadMs ? first : next
    return this.#returnAt[of]
  }
}

/** What a gateway is told that should be back then, if it is told now. */
export function retryAfterSecondsOf(returnAt: number, now: number): number {
  return Math.max(1, Math.round((returnAt - now) / jitterMean / 1000))
}

/** Longer ones would fill the memory. */
function isRememberable(keyName: string | undefined): keyName is string {
  return keyName !== undefined && keyName.length <= keyNameCharactersMax
}
