import {
  features,
  Heartbeat,
  type ClusterFrame,
  type DrainFrame,
  type EveryInterval,
  type Frame,
  type FrameSocket,
  type GoAwayCode,
  type GoAwayFrame,
  type HealthFrame,
  type HelloFrame,
  type PeerLoad,
} from '@postern/protocol'
import type { AttemptOutcome, ReviewAttempt, ReviewTunnel } from '../gateways/review-attempt.ts'
import { GatewayReports } from './gateway-reports.ts'
import type { KeyRotations } from './key-rotation.ts'
import type { NonceSource } from './nonce-source.ts'
import { PendingReviews } from './pending-reviews.ts'
import type { ReviewDeadlines } from './review-deadlines.ts'
import {
  drainAskedMsMax,
  drainGraceMs,
  instanceRetryMs,
  replacedFinishMs,
  type SessionPhase,
} from './session-phase.ts'
import { SignsOfLife } from './signs-of-life.ts'
import type { FinishReason, TunnelEndKind } from './tunnel-end.ts'
import type { TunnelEnding, TunnelFacts, TunnelObserver, TunnelState } from './tunnel-observer.ts'

export interface GatewaySessionOptions {
  socket: FrameSocket
  tunnelId: string
  /** Whom the upgrade authenticated. */
  gateway: { gatewayId: string; organizationId: string; keyId: string }
  hello: HelloFrame
  pingIntervalMs: number
  nonces: NonceSource
  deadlines: ReviewDeadlines
  every: EveryInterval
  elapsed: () => number
  observer: TunnelObserver
  /** Makes what answers rotations; called when the gateway asks for its first. */
  openKeyRotations: (session: GatewaySession) => KeyRotations
  /** Called when the session takes nothing new, though it has not ended. */
  onUnroutable: (session: GatewaySession) => void
  /** Called when the gateway has said something of itself or its cluster. */
  onReport?: (session: GatewaySession) => void
  /** Called once, when the session has ended. */
  onEnd: (session: GatewaySession, ending: TunnelEnding) => void
}

/**
 * One connected tunnel.
 *
 * 1. The phase `ended` is final; from then on no review starts, and all that waited have settled as `tunnel-lost`.
 * 2. A verdict reaches the caller of the review that it is for, or nobody (`pending-reviews.ts`).
 * 3. A session that finishes takes no review, and ends when none waits or its time is over, whatever the gateway does.
 */
export class GatewaySession implements TunnelFacts, ReviewTunnel {
  readonly tunnelId: string
  readonly gatewayId: string
  readonly organizationId: string
  readonly keyId: string
  readonly instanceId: string
  readonly slot: number
  readonly epoch: number
  readonly software: string
  /** Bits that this tunnel's Hello and Welcome agreed on. */
  readonly features: number
  readonly #options: GatewaySessionOptions
  readonly #pending: PendingReviews
  readonly #heartbeat: Heartbeat
  readonly #openedAt: number
  readonly #life: SignsOfLife
  readonly #reports = new GatewayReports()
  #phase: SessionPhase = { kind: 'serving' }
  #rotations: KeyRotations | undefined

  /** Takes the socket over: frames that wait in it are heard at once. */
  constructor(options: GatewaySessionOptions) {
    const { socket, gateway, hello } = options
    this.#options = options
    this.tunnelId = options.tunnelId
    this.gatewayId = gateway.gatewayId
    this.organizationId = gateway.organizationId
    this.keyId = gateway.keyId
    this.instanceId = hello.instanceId
    this.slot = hello.slot
    this.epoch = hello.epoch
    this.software = hello.software
    this.features = hello.features
    this.#openedAt = options.elapsed()
    this.#life = new SignsOfLife(this.#openedAt)
    const send = (frame: Frame): void => {
      socket.send(frame)
    }
    this.#pending = new PendingReviews({
      send,
      nonces: options.nonces,
      deadlines: options.deadlines,
      limits: hello.limits,
      discarded: (reason) => {
        options.observer.answerDiscarded(reason, this)
      },
      idle: () => {
        this.#leaveIfFinished()
      },
    })
    this.#heartbeat = new Heartbeat({
      intervalMs: options.pingIntervalMs,
      every: options.every,
      send,
      inFlight: () => this.#pending.size,
      silent: () => {
        this.#fallSilent()
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

  /** Takes reviews: neither the gateway drains, nor has a newer connection taken its place. */
  get isRoutable(): boolean {
    const { kind } = this.#phase
    return kind === 'serving' || kind === 'asked-to-leave'
  }

  /** Nothing was heard for an interval: other tunnels are better. */
  get isSuspect(): boolean {
    return this.#heartbeat.isSuspect
  }

  get state(): TunnelState {
    const { kind } = this.#phase
    if (kind === 'serving') return this.isSuspect ? 'suspect' : 'serving'
    return kind === 'asked-to-leave' ? kind : 'finishing'
  }

  /** What the gateway last said of itself. */
  get peer(): PeerLoad {
    return this.#heartbeat.peer
  }

  get roundTripMs(): number | undefined {
    return this.#heartbeat.roundTripMs
  }

  /** How it is over there, as the gateway last said; undefined when it has said nothing yet. */
  get health(): HealthFrame | undefined {
    return this.#reports.health
  }

  /** The same object as long as the gateway says the same. */
  get cluster(): ClusterFrame | undefined {
    return this.#reports.cluster
  }

  /** When the review was sent that waits longest; undefined while none waits. */
  get oldestSentAt(): number | undefined {
    return this.#pending.oldestSentAt
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
    if (!this.isRoutable) return { kind: 'tunnel-lost', detail: this.#whyUnroutable() }
    if (review.signal?.aborted === true) return { kind: 'cancelled' }
    return this.#pending.ask(review, now)
  }

  /** Sends the gateway a frame of another feature; dropped once the session has ended. */
  send(frame: Frame): void {
    if (this.#phase.kind !== 'ended') this.#options.socket.send(frame)
  }

  /** Whether this tunnel's Hello and Welcome agreed on a feature, by its bit. */
  speaks(feature: number): boolean {
    return (this.features & feature) !== 0
  }

  /**
   * This replica will leave: asks the gateway to dial another first.
   * @param goneWithinMs when this tunnel will have ended, which is what the gateway is told
   * @returns when it has dialled, or the tunnel has ended, or `patienceMs` are over; at once when it knows no Drain
   */
  async askToLeave(reason: string, patienceMs: number, goneWithinMs: number): Promise<void> {
    if (this.#phase.kind !== 'serving' || !this.speaks(features.drain)) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, patienceMs)
    this.#phase = { kind: 'asked-to-leave', timer, settle: resolve }
    this.#options.socket.send({ kind: 'drain', withinMs: goneWithinMs, reason })
    await promise
  }

  /** Takes nothing new, and ends with GoAway when nothing waits, or when the time is over. */
  finish(
    reason: Exclude<FinishReason, 'gateway-drains'>,
    withinMs = replacedFinishMs,
    reconnectAfterMs = 0,
  ): void {
    this.#beginFinishing(reason, withinMs, () => {
      if (reason === 'replaced')
        this.#leave(reason, reason, 'a newer connection of this instance has come', instanceRetryMs)
      else this.#leave(reason, reason, 'this replica is stopping', reconnectAfterMs)
    })
  }

  /** Ends the tunnel at once with a word to the gateway. What waits settles as lost. */
  close(end: 'revoked', reason: string): void {
    this.#leave(end, end, reason, 0)
  }

  /**
   * Asks for a sign of life.
   * @returns whether there was one in time; without one the tunnel has ended
   */
  async isAlive(withinMs: number): Promise<boolean> {
    if (!this.#options.socket.isOpen) this.#giveUp()
    if (this.#phase.kind === 'ended') return false
    const answered = this.#life.next(withinMs)
    this.#heartbeat.pingNow()
    const hasAnswered = await answered
    if (!hasAnswered) this.#fallSilent()
    return hasAnswered
  }

  #beginFinishing(reason: FinishReason, withinMs: number, leave: () => void): void {
    if (this.#phase.kind === 'ended') return
    this.#clearPhase()
    const timer = setTimeout(leave, withinMs)
    this.#phase = { kind: 'finishing', reason, since: this.#options.elapsed(), timer, leave }
    this.#options.onUnroutable(this)
    this.#leaveIfFinished()
  }

  /** A gateway that drains ends the tunnel itself: it alone knows what has crossed its Drain. */
  #leaveIfFinished(): void {
    const phase = this.#phase
    if (phase.kind === 'finishing' && phase.reason !== 'gateway-drains' && this.#pending.size === 0)
      phase.leave()
  }

  /** Of the phase that ends now. */
  #clearPhase(): void {
    if ('timer' in this.#phase) clearTimeout(this.#phase.timer)
    if (this.#phase.kind === 'asked-to-leave') this.#phase.settle()
  }

  #leave(end: TunnelEndKind, code: GoAwayCode, reason: string, reconnectAfterMs: number): void {
    if (this.#phase.kind === 'ended') return
    this.#finish(end, reason)
    this.#options.socket.send({ kind: 'go-away', code, reason, reconnectAfterMs })
    this.#options.socket.close()
  }

  /** The gateway has begun to close: what is sent now reaches nobody, and its own end may take long to come. */
  #giveUp(): void {
    this.#finish('lost', 'the gateway closes the connection')
    this.#options.socket.close()
  }

  #fallSilent(): void {
    this.#finish('silent', 'the gateway fell silent')
    this.#options.socket.terminate()
  }

  #finish(end: TunnelEndKind, detail: string): void {
    const phase = this.#phase
    if (phase.kind === 'ended') return
    const { observer, elapsed, onEnd } = this.#options
    const now = elapsed()
    this.#clearPhase()
    this.#phase = { kind: 'ended', end }
    this.#heartbeat.stop()
    this.#life.end()
    const ending = { end, detail, livedMs: now - this.#openedAt, idleMs: now - this.#life.heardAt }
    onEnd(this, ending)
    this.#pending.loseAll(detail)
    if (phase.kind === 'finishing') observer.tunnelDrained(phase.reason, now - phase.since)
    observer.tunnelClosed(this, ending)
  }

  #receive(frame: Frame): void {
    if (this.#phase.kind === 'ended') return
    this.#life.heard(this.#options.elapsed())
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
      default:
        this.#receiveRare(frame)
    }
  }

  /** Frames that come a few times in the life of a tunnel. */
  #receiveRare(frame: Frame): void {
    switch (frame.kind) {
      case 'drain':
        this.#onDrain(frame)
        break
      case 'drained':
        if (this.#phase.kind === 'asked-to-leave') this.#clearPhase()
        break
      case 'rotate-key':
        this.#rotations ??= this.#options.openKeyRotations(this)
        void this.#rotations.take(frame)
        break
      case 'go-away':
        this.#onGoAway(frame)
        break
      default:
        // What is no report either is of a feature that this side did not announce, or only this side sends it.
        if (this.#reports.receive(frame)) this.#options.onReport?.(this)
    }
  }

  /** From now on nothing is sent that is not an answer, so this is the answer. */
  #onDrain({ withinMs }: DrainFrame): void {
    const phase = this.#phase
    if (phase.kind !== 'finishing') {
      this.#beginFinishing('gateway-drains', Math.min(withinMs, drainAskedMsMax) + drainGraceMs, () => {
        this.#leave('drained', 'shutting-down', 'the time that the gateway asked for is over', 0)
      })
    }
    this.send({ kind: 'drained' })
  }

  #onGoAway({ code, reason }: GoAwayFrame): void {
    const phase = this.#phase
    const hasDrained = phase.kind === 'finishing' && phase.reason === 'gateway-drains'
    this.#finish(hasDrained ? 'drained' : 'left', reason === '' ? code : reason)
    this.#options.socket.close()
  }

  #whyUnroutable(): string {
    const phase = this.#phase
    if (phase.kind === 'finishing') return `it takes nothing new: ${phase.reason}`
    return phase.kind === 'ended' ? phase.end : phase.kind
  }
}
