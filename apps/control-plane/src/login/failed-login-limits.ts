export interface FailedLoginLimitsOptions {
  nowMs: () => number
  /** Failures that a key may have in a minute, in the long run. 0: no limit. */
  perMinute: number
  /** Failures that a key may have at once; by default a fifth of those in a minute. */
  atOnce?: number
  keysMax?: number
}

interface Bucket {
  left: number
  atMs: number
  isKnownEmpty: boolean
}

/**
 * Bounds how often logins may fail for one key. A key is one identity from one address, so that strangers elsewhere lock
 * nobody out; and junk has a bucket of its own, so that it never stands in the way of a token that could be good.
 * Memory is bounded: the key that failed longest ago is forgotten first.
 */
export class FailedLoginLimits {
  readonly #options: Required<FailedLoginLimitsOptions>
  readonly #burst: number
  readonly #refillPerSecond: number
  readonly #buckets = new Map<string, Bucket>()

  constructor(options: FailedLoginLimitsOptions) {
    this.#options = { keysMax: 10_000, atOnce: Math.ceil(options.perMinute / 5), ...options }
    this.#burst = this.#options.atOnce
    this.#refillPerSecond = options.perMinute / 60
  }

  /** Undefined while the key may fail again; else how long to wait, and whether this is news. */
  exhausted(key: string): { retryAfterSeconds: number; isNews: boolean } | undefined {
    const bucket = this.#buckets.get(key)
    if (bucket === undefined) return undefined
    this.#refill(bucket)
    if (bucket.left >= 1) return undefined
    const isNews = !bucket.isKnownEmpty
    bucket.isKnownEmpty = true
    return { retryAfterSeconds: Math.ceil((1 - bucket.left) / this.#refillPerSecond), isNews }
  }

  spend(key: string): void {
    const { keysMax, nowMs, perMinute } = this.#options
    if (perMinute === 0) return
    const bucket = this.#buckets.get(key) ?? { left: this.#burst, atMs: nowMs(), isKnownEmpty: false }
    this.#refill(bucket)
    bucket.left = Math.max(0, bucket.left - 1)
    // Re-inserted at the end: the map's order is then the order of the last failure.
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    const [oldest] = this.#buckets.keys()
    if (this.#buckets.size > keysMax && oldest !== undefined) this.#buckets.delete(oldest)
  }

  /** Takes back what was spent ahead, so that attempts at once cannot outrun the limit, once the attempt did not fail. */
  refund(key: string): void {
    const bucket = this.#buckets.get(key)
    if (bucket !== undefined) bucket.left = Math.min(this.#burst, bucket.left + 1)
  }

  #refill(bucket: Bucket): void {
    const now = this.#options.nowMs()
    const since = Math.max(0, now - bucket.atMs) / 1000
    bucket.left = Math.min(this.#burst, bucket.left + since * this.#refillPerSecond)
    bucket.atMs = now
    // One line in the audit log for each bout, not one each time that a drop comes back.
    if (bucket.left >= this.#burst / 2) bucket.isKnownEmpty = false
  }
}
