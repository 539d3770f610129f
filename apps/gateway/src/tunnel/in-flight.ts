import { FrameTooLargeError, gatewayLimits, type Frame, type ReviewTokenFrame } from '@postern/protocol'
import { Cancellation } from '../http/cancellation.ts'
import type { ReviewResult, ReviewToken } from '../token-review/review-token.ts'
import { failureFrame, outcomeFrame, sha256Of, type OutcomeFrame } from './review-frames.ts'

// All reviews of a process, whichever of its tunnels they came by: 128 calls run, 256 reviews wait, more are refused at
// once.
//
// 1. A review is in its session's map and among the askers of one call from its frame until its one answer, or until it
//    is cancelled; what has left them answers nothing.
// 2. A call is in `#running` or in `#queue` (oldest first) for as long as somebody asks for it. The last asker to leave
//    ends it.
// 3. Single flight: who asks the same of a call in `#joinable` joins it, and has the same result, with his own nonce.
//    Nothing is kept beyond the call.
// 4. A call waits for the most patient of its askers. One that hangs gets no more of them, or they would keep it from
//    ever being given up.

export interface InFlightOptions {
  reviewToken: ReviewToken
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
  reviewsInFlightMax?: number
  reviewsQueuedMax?: number
  /** Told of each review that another's call answers as well. */
  onShared?: () => void
  /** Told of each review that is refused because there are too many. */
  onOverload?: () => void
}

/** The reviews of one session among all of the process. */
export interface SessionReviews {
  /** Running and waiting reviews of this session. */
  readonly size: number
  take(frame: ReviewTokenFrame): void
  /** Ends one review without an answer. */
  cancel(requestId: number): void
  /** Ends every review of this session, and no other, without an answer. */
  abortAll(): void
  /** Resolves as soon as this session has no review. */
  idle(): Promise<void>
}

interface Asker {
  readonly session: Session
  readonly requestId: number
  readonly nonce: Uint8Array
  readonly deadlineAt: number
  readonly call: Call
}

interface Call {
  readonly key: string
  readonly token: string
  readonly audiences: readonly string[]
  readonly askers: Set<Asker>
  deadlineAt: number
  /** Absent while it waits for a place. */
  running: { since: number; cancellation: Cancellation } | undefined
}

/** However patient the one who asks is. */
const deadlineMsMax = 10_000
/** How late a deadline may be noticed, in milliseconds: one timer for all reviews, and none while there are none. */
const sweepIntervalMs = 25
/** The call has a timer of its own, which knows more of why there was no answer: it goes first. */
const runningGraceMs = 20
/** A call that has run for this long hangs. */
const joinableMs = 1_000

export class InFlight {
  readonly #options: InFlightOptions
  readonly #runningMax: number
  readonly #reviewsMax: number
  readonly #running = new Set<Call>()
  readonly #queue = new Set<Call>()
  readonly #joinable = new Map<string, Call>()
  #size = 0
  #sweep: NodeJS.Timeout | undefined

  constructor(options: InFlightOptions) {
    this.#options = options
    this.#runningMax = options.reviewsInFlightMax ?? gatewayLimits.reviewsInFlightMax
    this.#reviewsMax = this.#runningMax + (options.reviewsQueuedMax ?? gatewayLimits.reviewsQueuedMax)
  }

  /** Running and waiting reviews of the process. */
  get size(): number {
    return this.#size
  }

  /** A session's part; `send` takes its answers. */
  openSession(send: (frame: Frame) => void): SessionReviews {
    const session = new Session(send)
    return {
      get size() {
        return session.askers.size
      },
      take: (frame) => this.#take(session, frame),
      cancel: (requestId) => {
        const asker = session.askers.get(requestId)
        if (asker !== undefined) this.#leave([asker])
      },
      abortAll: () => this.#leave([...session.askers.values()]),
      idle: () => session.idle(),
    }
  }

  #take(session: Session, frame: ReviewTokenFrame): void {
    const { requestId, nonce, token, audiences } = frame
    // An id that is in use would leave two reviews with one answer; the first keeps it.
    if (session.askers.has(requestId)) return
    if (this.#size >= this.#reviewsMax) {
      session.send(failureFrame(requestId, 'overloaded', 'the gateway has as many reviews as it takes'))
      this.#options.onOverload?.()
      return
    }
    const now = this.#options.elapsed()
    const deadlineAt = now + Math.min(frame.deadlineMs, deadlineMsMax)
    const call = this.#callFor(token, audiences, now)
    const asker: Asker = { session, requestId, nonce, deadlineAt, call }
    call.deadlineAt = Math.max(call.deadlineAt, deadlineAt)
    call.askers.add(asker)
    session.askers.set(requestId, asker)
    this.#size += 1
    // Stopped by the first sweep that finds nothing, so that one review after another does not make a timer each.
    this.#sweep ??= setInterval(() => this.#dropExpired(), sweepIntervalMs)
    if (call.running !== undefined) session.send({ kind: 'accepted', requestId })
    else if (this.#running.size < this.#runningMax) this.#start(call)
  }

  /** The call that asks the same already, or a new one in the queue. */
  #callFor(token: string, audiences: readonly string[], now: number): Call {
    const key = keyOf(token, audiences)
    const known = this.#joinable.get(key)
    if (known !== undefined && now - (known.running?.since ?? now) < joinableMs) {
      this.#options.onShared?.()
      return known
    }
    const call: Call = { key, token, audiences, askers: new Set(), deadlineAt: now, running: undefined }
    this.#joinable.set(key, call)
    this.#queue.add(call)
    return call
  }

  #start(call: Call): void {
    const { token, audiences } = call
    const cancellation = new Cancellation()
    const now = this.#options.elapsed()
    this.#queue.delete(call)
    this.#running.add(call)
    call.running = { since: now, cancellation }
    for (const { session, requestId } of call.askers) session.send({ kind: 'accepted', requestId })
    const remainingMs = (): number => call.deadlineAt - this.#options.elapsed()
    const deadlineMs = call.deadlineAt - now
    this.#options.reviewToken({ token, audiences, deadlineMs, remainingMs, signal: cancellation }).then(
      (result) => this.#finish(call, result),
      // Its text may hold what was sent, so only its class is told.
      (error: unknown) => this.#finish(call, error instanceof Error ? error.name : typeof error),
    )
  }

  /** @param result or the class of the bug that there is none for */
  #finish(call: Call, result: ReviewResult | string): void {
    // Nobody waits any more: all were cancelled, or answered by their deadline.
    if (!this.#running.delete(call)) return
    this.#closeToOthers(call)
    const tokenSha256 = sha256Of(call.token)
    for (const asker of call.askers) {
      const { session, requestId, nonce } = asker
      this.#forget(asker)
      if (typeof result === 'string') {
        session.send(failureFrame(requestId, 'internal', `the review failed (${result})`))
      } else {
        session.sendBounded(outcomeFrame({ requestId, nonce, tokenSha256 }, result))
      }
    }
    this.#startNext()
  }

  /** Without an answer. Places that become free are given away last, so that nobody who leaves as well takes one. */
  #leave(askers: readonly Asker[]): void {
    const ended: Call[] = []
    for (const asker of askers) {
      const { call } = asker
      this.#forget(asker)
      if (call.askers.size > 0) continue
      this.#running.delete(call)
      this.#queue.delete(call)
      this.#closeToOthers(call)
      ended.push(call)
    }
    for (const { running } of ended) running?.cancellation.cancel()
    this.#startNext()
  }

  #forget(asker: Asker): void {
    asker.call.askers.delete(asker)
    this.#size -= 1
    asker.session.forget(asker.requestId)
  }

  #closeToOthers(call: Call): void {
    if (this.#joinable.get(call.key) === call) this.#joinable.delete(call.key)
  }

  #startNext(): void {
    while (this.#queue.size > 0 && this.#running.size < this.#runningMax) {
      const [next] = this.#queue
      if (next === undefined) break
      this.#expire([...next.askers], this.#options.elapsed())
      if (this.#queue.has(next) && this.#running.size < this.#runningMax) this.#start(next)
    }
    if (this.#size > 0) return
    clearInterval(this.#sweep)
    this.#sweep = undefined
  }

  #dropExpired(): void {
    const now = this.#options.elapsed()
    for (const call of [...this.#running, ...this.#queue]) this.#expire([...call.askers], now)
    this.#startNext()
  }

  #expire(askers: readonly Asker[], now: number): void {
    const expired = askers.filter(
      ({ call, deadlineAt }) => deadlineAt + (call.running === undefined ? 0 : runningGraceMs) <= now,
    )
    if (expired.length === 0) return
    for (const { session, requestId, call } of expired) {
      const where =
        call.running === undefined ? 'in the queue of the gateway' : 'while the API server was asked'
      session.send(failureFrame(requestId, 'deadline', `the deadline passed ${where}`))
    }
    this.#leave(expired)
  }
}

class Session {
  readonly askers = new Map<number, Asker>()
  readonly send: (frame: Frame) => void
  #idle: PromiseWithResolvers<void> | undefined

  constructor(send: (frame: Frame) => void) {
    this.send = send
  }

  /** A verdict that no frame holds is a failure. */
  sendBounded(frame: OutcomeFrame): void {
    try {
      this.send(frame)
    } catch (error) {
      if (!(error instanceof FrameTooLargeError)) throw error
      const detail = `the verdict does not fit a frame: ${error.message}`
      this.send(failureFrame(frame.requestId, 'malformed-answer', detail))
    }
  }

  forget(requestId: number): void {
    this.askers.delete(requestId)
    if (this.askers.size > 0) return
    this.#idle?.resolve()
    this.#idle = undefined
  }

  idle(): Promise<void> {
    if (this.askers.size === 0) return Promise.resolve()
    this.#idle ??= Promise.withResolvers()
    return this.#idle.promise
  }
}

/** Lengths stand before the texts, so that no two questions have one key. */
function keyOf(token: string, audiences: readonly string[]): string {
  let key = `${token.length}:${token}`
  for (const audience of audiences) key += `,${audience.length}:${audience}`
  return key
}
