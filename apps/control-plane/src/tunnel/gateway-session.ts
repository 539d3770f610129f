import {
  FrameTooLargeError,
  Heartbeat,
  type Frame,
  type FrameSocket,
  type GoAwayCode,
  type HelloFrame,
  type PeerLoad,
} from '@postern/protocol'
import type { AttemptOutcome, ReviewAttempt, ReviewTunnel } from '../gateways/review-attempt.ts'
import type { NonceSource } from './nonce-source.ts'
import { PendingReviews } from './pending-reviews.ts'
import type { TunnelEndKind, TunnelFacts, TunnelObserver } from './tunnel-observer.ts'

export interface GatewaySessionOptions {
  socket: FrameSocket
  tunnelId: string
  /** Whom the upgrade authenticated. */
  gateway: { gatewayId: string; organizationId: string; keyId: string }
  hello: HelloFrame
  pingIntervalMs: number
  nonces: NonceSource
  elapsed: () => number
  observer: TunnelObserver
  /** Called once, when the session takes no more reviews. */
  onEnd: (session: GatewaySession, end: TunnelEndKind, detail: string) => void
}

/** However much a gateway says that it takes. */
const pendingMax = 4096

/**
 * One connected tunnel.
 *
 * 1. `#end` is set once; from then on no review starts, and all that waited have settled as `tunnel-lost`.
 * 2. A verdict reaches the caller of the review that it is for, or nobody (`pending-reviews.ts`).
 */
export class GatewaySession implements TunnelFacts, ReviewTunnel {
  readonly tunnelId: string
  readonly gatewayId: string
  readonly organizationId: string
  readonly keyId: string
  readonly instanceId: string
  readonly epoch: number
  readonly software: string
  readonly #options: GatewaySessionOptions
  readonly #pending: PendingReviews
  readonly #heartbeat: Heartbeat
  readonly #reviewsMax: number
  readonly #openedAt: number
  #end: TunnelEndKind | undefined
  #lastRequestId = 0

  /** Takes the socket over: frames that wait in it are heard at once. */
  constructor(options: GatewaySessionOptions) {
    const { socket, gateway, hello } = options
    this.#options = options
    this.tunnelId = options.tunnelId
    this.gatewayId = gateway.gatewayId
    this.organizationId = gateway.organizationId
    this.keyId = gateway.keyId
    this.instanceId = hello.instanceId
    this.epoch = hello.epoch
    this.software = hello.software
    this.#openedAt = options.elapsed()
    this.#reviewsMax = Math.min(hello.limits.reviewsInFlightMax + hello.limits.reviewsQueuedMax, pendingMax)
    const send = (frame: Frame): void => {
      socket.send(frame)
    }
    this.#pending = new PendingReviews({
      elapsed: options.elapsed,
      cancel: (requestId) => {
        send({ kind: 'cancel', requestId })
      },
      discarded: (reason) => {
        options.observer.answerDiscarded(reason, this)
      },
    })
    this.#heartbeat = new Heartbeat({
      intervalMs: options.pingIntervalMs,
      send,
      inFlight: () => this.#pending.size,
      silent: () => {
        this.#finish('silent', 'the gateway fell silent')
        socket.terminate()
      },
    })
  }

  /** Begins to hear; called once, when the registry knows the session. */
  start(): void {
    this.#options.socket.listen({
      frame: (frame) => {
        this.#receive(frame)
      },
      malformed: (reason) => {
        this.#leave('malformed-frame', 'protocol-error', reason, 0)
      },
      closed: (detail) => {
        this.#finish('lost', detail)
      },
    })
  }

  /** Resolves when the connection is gone. */
  get closed(): Promise<void> {
    return this.#options.socket.closed
  }

  /** Reviews that wait for an answer on this tunnel. */
  get inFlight(): number {
    return this.#pending.size
  }

  get isRoutable(): boolean {
    return this.#end === undefined
  }

  /** Nothing was heard for an interval: other tunnels are better. */
  get isSuspect(): boolean {
    return this.#heartbeat.isSuspect
  }

  /** What the gateway last said of itself. */
  get peer(): PeerLoad {
    return this.#heartbeat.peer
  }

  get roundTripMs(): number | undefined {
    return this.#heartbeat.roundTripMs
  }

  /** One attempt of a review. Never rejects. */
  async review(review: ReviewAttempt): Promise<AttemptOutcome> {
    const startedAt = this.#options.elapsed()
    const outcome = await this.#attempt(review, startedAt)
    this.#options.observer.reviewEnded(outcome.kind, this.#options.elapsed() - startedAt, this)
    return outcome
  }

  #attempt(review: ReviewAttempt, now: number): AttemptOutcome | Promise<AttemptOutcome> {
    if (!this.#options.socket.isOpen) this.#giveUp()
    if (this.#end !== undefined) return { kind: 'tunnel-lost', detail: this.#end }
    if (review.signal?.aborted === true) return { kind: 'cancelled' }
    if (this.#pending.size >= this.#reviewsMax) return { kind: 'full' }
    const requestId = this.#nextRequestId()
    const nonce = this.#options.nonces.next()
    const { token, tokenHash, audiences, budgetMs, attempt, signal } = review
    const deadlineMs = Math.max(0, Math.floor(budgetMs))
    try {
      this.#options.socket.send({
        kind: 'review-token',
        requestId,
        nonce,
        token,
        audiences,
        deadlineMs,
        attempt,
      })
    } catch (error) {
      if (error instanceof FrameTooLargeError) return { kind: 'unsendable', detail: error.message }
      throw error
    }
    const { onAccepted } = review
    return this.#pending.add({
      requestId,
      nonce,
      tokenHash,
      deadlineAt: now + deadlineMs,
      signal,
      onAccepted,
    })
  }

  /** Ends the tunnel with a word to the gateway. What waits settles at once. */
  close(end: 'replaced' | 'revoked' | 'shutting-down', reason: string, reconnectAfterMs = 0): void {
    this.#leave(end, end, reason, reconnectAfterMs)
  }

  #leave(end: TunnelEndKind, code: GoAwayCode, reason: string, reconnectAfterMs: number): void {
    if (this.#end !== undefined) return
    this.#finish(end, reason)
    this.#options.socket.send({ kind: 'go-away', code, reason, reconnectAfterMs })
    this.#options.socket.close()
  }

  /** The gateway has begun to close: what is sent now reaches nobody, and its own end may take long to come. */
  #giveUp(): void {
    this.#finish('lost', 'the gateway closes the connection')
    this.#options.socket.close()
  }

  #finish(end: TunnelEndKind, detail: string): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#heartbeat.stop()
    const { observer, elapsed, onEnd } = this.#options
    onEnd(this, end, detail)
    this.#pending.loseAll(detail)
    observer.tunnelClosed(this, end, elapsed() - this.#openedAt)
  }

  #receive(frame: Frame): void {
    if (this.#end !== undefined) return
    this.#heartbeat.heard()
    switch (frame.kind) {
      case 'token-reviewed':
        this.#pending.onVerdict(frame)
        break
      case 'accepted':
        this.#pending.onAccepted(frame.requestId)
        break
      case 'failure':
        this.#pending.onFailure(frame)
        break
      case 'ping':
        this.#heartbeat.onPing(frame)
        break
      case 'pong':
        this.#heartbeat.onPong(frame)
        break
      case 'go-away':
        this.#finish('left', frame.reason === '' ? frame.code : frame.reason)
        this.#options.socket.close()
        break
      default:
        // Frames of features that this side did not announce, or that only this side sends.
        break
    }
  }

  #nextRequestId(): number {
    this.#lastRequestId = this.#lastRequestId >= 0xffff_ffff ? 1 : this.#lastRequestId + 1
    return this.#lastRequestId
  }
}
