import type { ReviewFailure } from '../../login/token-reviewer.ts'

/** However long a gateway says that its API server wants to be left alone, in milliseconds. */
const pauseMsMax = 30_000

export type ApiServerFailure = Extract<ReviewFailure, 'api-server-overloaded' | 'api-server-error'>

export interface ApiServerPause {
  failure: ApiServerFailure
  remainingMs: number
}

/** The API server that all members of a pool share: it asked, by 429 or 503 with Retry-After, not to be called for a while. */
export class SharedFate {
  #pausedUntil = 0
  #failure: ApiServerFailure = 'api-server-overloaded'

  answered(failure: ApiServerFailure, retryAfterMs: number, now: number): void {
    const until = now + Math.min(retryAfterMs, pauseMsMax)
    if (until <= this.#pausedUntil) return
    this.#pausedUntil = until
    this.#failure = failure
  }

  /** Undefined when it may be asked. */
  pauseAt(now: number): ApiServerPause | undefined {
    if (now >= this.#pausedUntil) return undefined
    return { failure: this.#failure, remainingMs: this.#pausedUntil - now }
  }
}
