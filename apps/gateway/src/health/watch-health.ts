import type { ReviewFailure, ReviewResult, ReviewToken } from '../token-review/review-token.ts'

// What this gateway says of itself: whether the API server answers, and whether it may review tokens there.
//
// 1. Every 30 s or so it reviews a token that cannot be valid. The cluster's plain no proves both.
// 2. A real review that was answered proves both too. One that failed makes it probe at once, at most every 2 s, because
//    a single failure says little: the probe's word counts.
// 3. A right that is denied is believed at once. An API server that gives no answer is looked at again after a second.
// 4. While something is wrong it probes every 5 s.

export interface HealthReport {
  apiServerReachable: boolean
  mayReviewTokens: boolean
  /** Unix time in seconds; 0: the gateway's key has no end, it is replaced. */
  credentialExpiresAtS: number
  /** Empty when all is well; else what is wrong and what to do, for operators. */
  detail: string
}

export interface HealthWatch {
  /** Undefined until the first probe has ended. */
  current(): HealthReport | undefined
  /** Told of the first report and of every change; returns how to stop. */
  onChange(listener: (report: HealthReport) => void): () => void
  /** To be told how each real review ended. */
  noteReview(result: ReviewResult): void
  /** Resolves when `signal` has fired and no probe is left. Rejects only on a bug. */
  ended: Promise<void>
}

export interface HealthWatchOptions {
  reviewToken: ReviewToken
  /** Milliseconds of a monotonic clock. */
  elapsed: () => number
  /** From 0 up to, not including, 1. */
  random: () => number
  /** Resolves after that time, or as soon as the signal fires. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Ends the watch. */
  signal: AbortSignal
}

const intervalMs = 30_000
const troubledIntervalMs = 5_000
/** Of an interval, more or less: gateways of one cluster do not probe together for long. */
const jitter = 0.2
const secondLookMs = 1_000
const askedIntervalMs = 2_000
const probeMsMax = 5_000

/** No token at all, so no authenticator of any cluster takes it, and none has work with it. */
const impossibleToken = 'postern-gateway-asks-whether-it-may-ask'

export function watchHealth(options: HealthWatchOptions): HealthWatch {
  const watch = new Watch(options)
  return {
    current: () => watch.report,
    onChange: (listener) => watch.onChange(listener),
    noteReview: (result) => watch.noteReview(result),
    ended: watch.run(),
  }
}

class Watch {
  report: HealthReport | undefined
  readonly #options: HealthWatchOptions
  readonly #listeners = new Set<(report: HealthReport) => void>()
  #wake = new AbortController()

  constructor(options: HealthWatchOptions) {
    this.#options = options
  }

  onChange(listener: (report: HealthReport) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  noteReview(result: ReviewResult): void {
    if (result.kind === 'reviewed') {
      if (this.report?.detail !== '') this.#tell(wellReport)
    } else if (!isOfCaller(result.failure)) {
      this.#wake.abort()
    }
  }

  async run(): Promise<void> {
    const { signal, elapsed, random } = this.#options
    while (!signal.aborted) {
      const startedAt = elapsed()
      await this.#look()
      const interval = this.report?.detail === '' ? intervalMs : troubledIntervalMs
      const waitMs = interval * (1 - jitter + 2 * jitter * random())
      // At least this long, however many reviews fail.
      await this.#sleep(Math.max(0, askedIntervalMs - (elapsed() - startedAt)), signal)
      await this.#sleep(waitMs - askedIntervalMs, AbortSignal.any([signal, this.#wake.signal]))
    }
  }

  async #look(): Promise<void> {
    const { signal } = this.#options
    this.#wake = new AbortController()
    const found = await this.#probe()
    if (found === undefined) return
    if (found.apiServerReachable || this.report?.apiServerReachable === false) return this.#tell(found)
    await this.#sleep(secondLookMs, signal)
    const again = await this.#probe()
    if (again !== undefined) this.#tell(again)
  }

  /** Undefined: this says nothing, or the watch has ended. */
  async #probe(): Promise<HealthReport | undefined> {
    const { reviewToken, signal } = this.#options
    const result = await reviewToken({
      token: impossibleToken,
      audiences: [],
      deadlineMs: probeMsMax,
      signal,
    })
    return signal.aborted ? undefined : reportOf(result)
  }

  #tell(report: HealthReport): void {
    const { apiServerReachable, mayReviewTokens, detail } = report
    const before = this.report
    if (
      before?.apiServerReachable === apiServerReachable &&
      before.mayReviewTokens === mayReviewTokens &&
      before.detail === detail
    ) {
      return
    }
    this.report = report
    for (const listener of this.#listeners) listener(report)
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.#options.sleep(ms, signal)
  }
}

const wellReport: HealthReport = {
  apiServerReachable: true,
  mayReviewTokens: true,
  credentialExpiresAtS: 0,
  detail: '',
}

/** Undefined: nothing is known by it. */
function reportOf(result: ReviewResult): HealthReport | undefined {
  if (result.kind === 'reviewed') return wellReport
  const { failure, detail } = result
  switch (failure) {
    case 'reviewer-unauthorized':
    case 'reviewer-forbidden':
      return { ...wellReport, mayReviewTokens: false, detail }
    case 'api-server-overloaded':
      // It answers, and asks for patience: that passes, and every gateway of the cluster sees the same.
      return { ...wellReport, detail }
    case 'deadline-exceeded':
      return undefined
    case 'api-server-unreachable':
    case 'api-server-timeout':
    case 'api-server-error':
    case 'tls-failed':
    case 'malformed-answer':
      // Whether the gateway may review is not known then; that it cannot is.
      return { ...wellReport, apiServerReachable: false, detail }
    default:
      return failure satisfies never
  }
}

/** Whoever has left, or is in a hurry, says nothing of the API server. */
function isOfCaller(failure: ReviewFailure): boolean {
  return failure === 'deadline-exceeded'
}
