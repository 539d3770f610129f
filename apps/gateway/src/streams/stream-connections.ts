import { setTimeout as sleep } from 'node:timers/promises'
import { features, StreamSession, type StreamOpening } from '@postern/protocol'
import { pingIntervalOf } from '../tunnel/ping-interval.ts'
import { SeldomLog } from './seldom-log.ts'
import type { ReachControlPlane, Welcomed } from '../tunnel/reach-control-plane.ts'

/** A logger of pino's shape. */
export interface StreamLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface StreamConnectionsOptions {
  reach: ReachControlPlane
  serveStream: (opening: StreamOpening) => Promise<void>
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
  log: StreamLog
  idleMs?: number
}

/** Longer than the control plane's, which closes them as a rule. */
const idleMsDefault = 10 * 60_000
/** One for each replica that a tunnel leads to, and as many that are about to end. */
const connectionsMax = 4
/** The balancer in front of the replicas may lead to another than the one that called, which that cannot reach. */
const dialsMax = 5
const redialMs = 100

/**
 * The connections for raw streams: the control plane calls for one over a tunnel, and this dials it. Streams never share
 * a connection with reviews.
 */
export class StreamConnections {
  readonly #options: StreamConnectionsOptions
  readonly #seldom: SeldomLog
  readonly #stop = new AbortController()
  readonly #sessions = new Set<StreamSession>()
  readonly #dialling = new Set<Promise<void>>()
  readonly #closed = new Set<Promise<void>>()
  #epoch = 0

  constructor(options: StreamConnectionsOptions) {
    this.#options = options
    this.#seldom = new SeldomLog(options)
  }

  get size(): number {
    return this.#sessions.size + this.#dialling.size
  }

  /** Streams that are open, of all connections. */
  get openStreams(): number {
    let count = 0
    for (const { size } of this.#sessions) count += size
    return count
  }

  /** Answers DialStreams; returns at once. */
  dial(ticket: Uint8Array): void {
    if (this.#stop.signal.aborted) return
    // One that nobody uses gives way, once there is another: its replica may be gone, or have lost sight of it.
    if (this.#inUse() + this.#dialling.size >= connectionsMax) {
      this.#seldom.warn(
        'enough',
        { connections: this.size },
        'a call for streams is not answered: there are enough',
      )
      return
    }
    // The ticket is a view of the frame's bytes, and outlives them.
    const dialling = this.#dial(Uint8Array.from(ticket)).finally(() => this.#dialling.delete(dialling))
    this.#dialling.add(dialling)
  }

  /** Ends all connections and their streams; resolves when nothing is left. */
  async close(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#dialling)
    for (const session of this.#sessions) session.close('shutting-down', 'the gateway stops')
    await Promise.all(this.#closed)
  }

  #inUse(): number {
    let count = 0
    for (const { size } of this.#sessions) if (size > 0) count += 1
    return count
  }

  #closeUnused(newest: StreamSession): void {
    for (const session of this.#sessions) {
      if (this.#sessions.size <= connectionsMax) return
      if (session !== newest && session.size === 0) session.close('replaced', 'another replica needs one')
    }
  }

  async #dial(ticket: Uint8Array): Promise<void> {
    const { reach } = this.#options
    let clockCorrected = false
    for (let attempt = 1; ; attempt++) {
      const reached = await reach({
        slot: 0,
        epoch: ++this.#epoch,
        purpose: 'streams',
        ticket,
        clockCorrected,
        stop: this.#stop.signal,
      })
      if (reached.kind === 'welcomed') {
        this.#serve(reached)
        return
      }
      if (reached.kind === 'stopped') return
      const isElsewhere = reached.kind === 'refused' && reached.refusal.code === 'superseded'
      const isWorthAnother = isElsewhere || reached.kind === 'clock-off' || reached.kind === 'key-replaced'
      clockCorrected ||= reached.kind === 'clock-off'
      if (!isWorthAnother || attempt >= dialsMax) {
        const reason = 'refusal' in reached ? reached.refusal.message : reached.detail
        this.#seldom.warn('none', { reason, attempts: attempt }, 'no connection for streams')
        return
      }
      await sleep(redialMs * Math.random(), undefined, { signal: this.#stop.signal }).catch(() => undefined)
    }
  }

  #serve({ socket, welcome }: Welcomed): void {
    const { serveStream, elapsed, log } = this.#options
    const session: StreamSession = new StreamSession({
      channel: socket,
      pingIntervalMs: pingIntervalOf(welcome),
      elapsed,
      idleMs: this.#options.idleMs ?? idleMsDefault,
      onOpen: (opening) => void serveStream(opening),
      onEnd: (end) => {
        this.#sessions.delete(session)
        log.info({ replicaId: welcome.replicaId, end }, 'the connection for streams is closed')
      },
    })
    const closed = socket.closed.finally(() => this.#closed.delete(closed))
    this.#closed.add(closed)
    if (this.#stop.signal.aborted || (welcome.features & features.streams) === 0) {
      session.close('shutting-down', 'no streams here')
      return
    }
    this.#sessions.add(session)
    this.#closeUnused(session)
    log.info({ replicaId: welcome.replicaId }, 'a connection for streams is open')
    session.start()
  }
}
