import {
  features,
  Heartbeat,
  type Frame,
  type FrameListener,
  type FrameSocket,
  type KeyRotatedFrame,
  type ReviewTokenFrame,
  type RotateKeyFrame,
  type WelcomeFrame,
} from '@postern/protocol'
import type { Announcement } from './announcement.ts'
import type { InFlight, SessionReviews } from './in-flight.ts'
import type { ReliefCause, SessionEnd } from './outcome.ts'
import { pingIntervalOf } from './ping-interval.ts'
import { failureFrame } from './review-frames.ts'
import { within } from './within.ts'

// One welcomed tunnel, until nothing of it is left.
//
// 1. `turn` settles once: with the end, or before it with the wish for another tunnel in this one's place. After such a
//    wish the tunnel serves on until it is told to leave.
// 2. Leaving breaks nothing: the control plane first says that it sends nothing new (Drained, or GoAway after its own
//    Drain), what is here is finished, and only then comes GoAway. Each of these waits is bounded.
// 3. After the end no review runs, no timer is left, and what still comes is not heard.

export interface SessionOptions {
  socket: FrameSocket
  welcome: WelcomeFrame
  /** Of the key that opened it. */
  keyId: string
  /** The process's, of which the session takes a part. */
  inFlight: InFlight
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
  /** What the control plane is told from the start and whenever it changes. */
  announcements: readonly Announcement[]
  /** The control plane asks for a connection for raw streams. */
  onDialStreams: (ticket: Uint8Array) => void
  /** Milliseconds from a Ping to its Pong. */
  onRoundTrip: (ms: number) => void
  leaveLimits?: Partial<LeaveLimits> | undefined
}

/** How long leaving may take, in milliseconds. */
export interface LeaveLimits {
  /** From Drain to Drained. */
  drainedMsMax: number
  /** For what is in flight: as long as a login waits. */
  finishMsMax: number
  /** A control plane that knows no Drain sends new reviews all the time. */
  finishWithoutDrainMsMax: number
}

const leaveLimitsDefault: LeaveLimits = {
  drainedMsMax: 3_000,
  finishMsMax: 10_000,
  finishWithoutDrainMsMax: 1_000,
}

export type SessionTurn =
  | { kind: 'ended'; end: SessionEnd; servedMs: number; idleMs: number }
  | { kind: 'relief'; cause: ReliefCause; servedMs: number }

type Phase =
  | { phase: 'serving' }
  /** `drained` resolves when the control plane sends nothing new. */
  | { phase: 'leaving'; drained: () => void }
  /** As above, and what is sent nevertheless is refused. */
  | { phase: 'finishing' }
  | { phase: 'ended' }

/** Beyond the time that a draining replica names itself, nobody waits for its GoAway. */
const replicaDrainBounds = { min: 1_000, max: 60_000 } as const
const rotateMsMax = 10_000

const deaf: FrameListener = { frame: () => undefined, malformed: () => undefined, closed: () => undefined }

export class TunnelSession {
  readonly replicaId: string
  readonly keyId: string
  /** Settles with the end, or with the wish for relief before it. */
  readonly turn: Promise<SessionTurn>
  /** Resolves at the end. */
  readonly ended: Promise<SessionEnd>
  readonly #options: SessionOptions
  readonly #limits: LeaveLimits
  readonly #since: number
  readonly #reviews: SessionReviews
  readonly #heartbeat: Heartbeat
  readonly #turn = Promise.withResolvers<SessionTurn>()
  readonly #ended = Promise.withResolvers<SessionEnd>()
  #phase: Phase = { phase: 'serving' }
  #leaving: Promise<void> | undefined
  /** How long the replica stays, from its Drain on. */
  #replicaDrainsWithinMs: number | undefined
  #rotated: ((frame: KeyRotatedFrame) => void) | undefined
  #unsubscribe: (() => void)[] = []
  #heardAt: number

  /** Takes the socket over; hears nothing before `start`. */
  constructor(options: SessionOptions) {
    const { socket, welcome } = options
    this.#options = options
    this.#limits = { ...leaveLimitsDefault, ...options.leaveLimits }
    this.replicaId = welcome.replicaId
    this.keyId = options.keyId
    this.turn = this.#turn.promise
    this.ended = this.#ended.promise
    this.#since = this.#heardAt = options.elapsed()
    this.#reviews = options.inFlight.openSession((frame) => socket.send(frame))
    this.#heartbeat = new Heartbeat({
      intervalMs: pingIntervalOf(welcome),
      send: (frame) => socket.send(frame),
      inFlight: () => options.inFlight.size,
      silent: () => this.#end({ kind: 'lost', detail: 'the control plane fell silent' }),
    })
  }

  /** Begins to hear what has waited since Welcome. Called once. */
  start(): void {
    const { socket, announcements } = this.#options
    this.#unsubscribe = announcements.map((announcement) => announcement.tell((frame) => socket.send(frame)))
    socket.listen({
      frame: (frame) => {
        this.#heardAt = this.#options.elapsed()
        this.#heartbeat.heard()
        this.#receive(frame)
      },
      malformed: (reason) => this.#end({ kind: 'malformed-frame', reason }),
      closed: (detail) => this.#end({ kind: 'lost', detail }),
    })
  }

  get isEnded(): boolean {
    return this.#phase.phase === 'ended'
  }

  /** Whether both sides can do this: a bit of `features`. */
  can(feature: number): boolean {
    return (this.#options.welcome.features & feature) !== 0
  }

  /** Asks for another tunnel in this one's place, which serves until it is told to leave. */
  wantRelief(cause: ReliefCause): void {
    this.#turn.resolve({ kind: 'relief', cause, servedMs: this.#options.elapsed() - this.#since })
  }

  /** Announces another key. Undefined: no answer came. */
  async rotateKey(key: Omit<RotateKeyFrame, 'kind'>): Promise<KeyRotatedFrame | undefined> {
    const { promise, resolve } = Promise.withResolvers<KeyRotatedFrame | undefined>()
    this.#rotated = resolve
    const { publicKey, proof } = key
    this.#options.socket.send({ kind: 'rotate-key', publicKey, proof })
    await within(rotateMsMax, Promise.race([promise, this.ended]))
    this.#rotated = undefined
    resolve(undefined)
    return promise
  }

  /** Leaves without breaking anything; resolves when nothing is left. May be called again. */
  leave(reason: string): Promise<void> {
    this.#leaving ??= this.#leave(reason)
    return this.#leaving
  }

  async #leave(reason: string): Promise<void> {
    const { socket } = this.#options
    if (this.#phase.phase !== 'ended') {
      if (this.#replicaDrainsWithinMs === undefined) await this.#drain(reason)
      else await this.#letReplicaGo(this.#replicaDrainsWithinMs)
      this.#end({ kind: 'left' })
    }
    await socket.closed
  }

  /** Its own Drain comes before anything else from it: nothing is sent here any more once it has Drained. */
  async #letReplicaGo(withinMs: number): Promise<void> {
    this.#phase = { phase: 'leaving', drained: () => undefined }
    this.#options.socket.send({ kind: 'drained' })
    await within(withinMs, this.ended)
  }

  async #drain(reason: string): Promise<void> {
    const { drainedMsMax, finishMsMax, finishWithoutDrainMsMax } = this.#limits
    const { promise: drained, resolve } = Promise.withResolvers<void>()
    this.#phase = { phase: 'leaving', drained: resolve }
    const isKnown = this.can(features.drain)
    if (isKnown) {
      this.#options.socket.send({ kind: 'drain', withinMs: drainedMsMax + finishMsMax, reason })
      await within(drainedMsMax, Promise.race([drained, this.ended]))
      if (this.#phase.phase === 'leaving') this.#phase = { phase: 'finishing' }
    }
    const finished = Promise.race([this.#reviews.idle(), this.ended])
    await within(isKnown ? finishMsMax : finishWithoutDrainMsMax, finished)
  }

  #end(end: SessionEnd): void {
    if (this.#phase.phase === 'ended') return
    this.#phase = { phase: 'ended' }
    const { socket, elapsed } = this.#options
    // The socket may take a moment to close; a review that still comes is not begun.
    socket.listen(deaf)
    this.#heartbeat.stop()
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#reviews.abortAll()
    sayGoodbye(socket, end)
    const now = elapsed()
    this.#turn.resolve({ kind: 'ended', end, servedMs: now - this.#since, idleMs: now - this.#heardAt })
    this.#ended.resolve(end)
  }

  #receive(frame: Frame): void {
    switch (frame.kind) {
      case 'review-token':
        this.#take(frame)
        break
      case 'cancel':
        this.#reviews.cancel(frame.requestId)
        break
      case 'ping':
        this.#heartbeat.onPing(frame)
        break
      case 'pong':
        this.#heartbeat.onPong(frame)
        this.#options.onRoundTrip(this.#heartbeat.roundTripMs ?? 0)
        break
      case 'drain':
        this.#onReplicaDrains(frame.withinMs)
        break
      case 'drained':
        if (this.#phase.phase === 'leaving') this.#phase.drained()
        break
      case 'key-rotated':
        this.#rotated?.(frame)
        break
      case 'dial-streams':
        this.#options.onDialStreams(frame.ticket)
        break
      case 'go-away': {
        const { code, reason, reconnectAfterMs } = frame
        this.#end({ kind: 'told-to-leave', code, reason, reconnectAfterMs })
        break
      }
      default:
        // Frames of features that this gateway did not announce, or that only a gateway sends.
        break
    }
  }

  #take(frame: ReviewTokenFrame): void {
    if (this.#phase.phase !== 'finishing') this.#reviews.take(frame)
    else this.#options.socket.send(failureFrame(frame.requestId, 'draining', 'the gateway is leaving'))
  }

  #onReplicaDrains(withinMs: number): void {
    const { min, max } = replicaDrainBounds
    this.#replicaDrainsWithinMs = Math.min(Math.max(withinMs, min), max)
    if (this.#leaving !== undefined) this.#options.socket.send({ kind: 'drained' })
    else this.wantRelief('replica-drains')
  }
}

/** A silent or broken peer gets no closing handshake: it would not answer. */
function sayGoodbye(socket: FrameSocket, end: SessionEnd): void {
  switch (end.kind) {
    case 'lost':
      socket.terminate()
      break
    case 'told-to-leave':
      socket.close()
      break
    case 'malformed-frame':
      socket.send({ kind: 'go-away', code: 'protocol-error', reason: end.reason, reconnectAfterMs: 0 })
      socket.close()
      break
    case 'left':
      socket.send({ kind: 'go-away', code: 'shutting-down', reason: '', reconnectAfterMs: 0 })
      socket.close()
      break
  }
}
