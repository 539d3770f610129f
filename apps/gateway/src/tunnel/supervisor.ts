import { freshHistory, nextStep, type NextStep } from './backoff.ts'
import { describeTrouble } from './describe-trouble.ts'
import type { DialFailure, RoundOutcome, TunnelRefusal } from './outcome.ts'
import type { TunnelSession } from './session.ts'
import type { Timing } from './timing.ts'
import type { TunnelObserver } from './tunnel-observer.ts'
import type { TunnelState, TunnelTrouble } from './tunnel-state.ts'

export interface SupervisorOptions {
  slot: number
  /** Resolves when this slot may dial, or with the stop; asked before each dial. */
  mayDial: (stop: AbortSignal) => Promise<void>
  /** One dial and handshake. Never rejects. */
  reach: (attempt: Attempt) => Promise<{ kind: 'welcomed'; session: TunnelSession } | DialFailure>
  /** The slot has this tunnel now; undefined: none. */
  onTunnel: (session: TunnelSession | undefined) => void
  timing: Timing
  log: TunnelLog
  observer: TunnelObserver
}

export interface Attempt {
  stop: AbortSignal
  /** The clock was already corrected for this attempt. */
  clockCorrected: boolean
}

/** A logger of pino's shape. */
export interface TunnelLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** How tunnels end for good. */
export type TunnelEnd = { kind: 'closed' } | { kind: 'refused'; refusal: TunnelRefusal; remedy: string }

/**
 * The loop that keeps one slot's tunnel: round → outcome → policy → wait, until stopped or refused for good. A tunnel
 * that wants relief stays the slot's own until the next one is up; only then does it leave.
 */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #stop = new AbortController()
  /** Those that still leave, beside the slot's own. */
  readonly #sessions = new Set<TunnelSession>()
  readonly ended: Promise<TunnelEnd>
  #state: TunnelState
  #session: TunnelSession | undefined
  #wasConnected = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#state = { phase: 'not-yet', since: options.timing.now() }
    this.ended = this.#run()
  }

  get state(): TunnelState {
    return this.#state
  }

  /** The tunnel that serves in this slot. */
  get session(): TunnelSession | undefined {
    return this.#session
  }

  /** Dials no more, lets every tunnel of the slot leave, and resolves when nothing of them is left. */
  async close(): Promise<void> {
    this.#stop.abort()
    if (this.#session !== undefined) this.#enter({ phase: 'draining', since: this.#options.timing.now() })
    await Promise.all([...this.#sessions].map((session) => session.leave('the gateway stops')))
    await this.ended
  }

  async #run(): Promise<TunnelEnd> {
    const { timing, mayDial, slot, observer } = this.#options
    observer.entered(slot, this.#state)
    let history = freshHistory(timing.elapsed())
    for (;;) {
      await mayDial(this.#stop.signal)
      if (!this.#stop.signal.aborted) this.#enterDialling()
      const outcome = await this.#round(history.clockCorrected)
      const step = this.#stop.signal.aborted
        ? ({ kind: 'stop' } as const)
        : nextStep(outcome, history, timing.elapsed(), timing.random())
      const end = this.#note(outcome, step)
      if (end !== undefined) return end
      if (step.kind !== 'dial') return { kind: 'closed' }
      history = step.history
      await timing.sleep(step.afterMs, this.#stop.signal)
    }
  }

  async #round(clockCorrected: boolean): Promise<RoundOutcome> {
    const stop = this.#stop.signal
    const reached = await this.#options.reach({ stop, clockCorrected })
    if (reached.kind !== 'welcomed') return reached
    const { session } = reached
    this.#sessions.add(session)
    if (stop.aborted) {
      // It hears: reviews may have come behind Welcome, and Drained is worth no wait for its deadline.
      session.start()
      await session.leave('the gateway stops')
      return { kind: 'stopped' }
    }
    const former = this.#session
    this.#session = session
    this.#enterConnected(session)
    session.start()
    void this.#forgetWhenEnded(session)
    if (former !== undefined) void this.#letGo(former)
    const turn = await session.turn
    if (turn.kind === 'relief') return turn
    const { end, servedMs, idleMs } = turn
    return end.kind === 'left' ? { kind: 'stopped' } : { kind: 'served', end, servedMs, idleMs }
  }

  async #letGo(session: TunnelSession): Promise<void> {
    const { timing, log, observer, slot } = this.#options
    const since = timing.elapsed()
    await session.leave('another tunnel has taken over')
    const ms = timing.elapsed() - since
    observer.drained(ms)
    log.info({ slot, replicaId: session.replicaId, drainMs: Math.round(ms) }, 'the former tunnel is gone')
  }

  async #forgetWhenEnded(session: TunnelSession): Promise<void> {
    await session.ended
    this.#sessions.delete(session)
    if (this.#session !== session) return
    this.#session = undefined
    this.#options.onTunnel(undefined)
    if (this.#state.phase === 'handing-over') this.#enterDialling()
  }

  #enterConnected(session: TunnelSession): void {
    const { timing, observer, onTunnel } = this.#options
    if (this.#wasConnected) observer.reconnected()
    this.#wasConnected = true
    this.#enter({ phase: 'connected', since: timing.now(), replicaId: session.replicaId })
    onTunnel(session)
  }

  #enterDialling(): void {
    const { trouble } = { trouble: undefined, ...this.#state }
    this.#enterWithout({ phase: 'dialling', since: this.#options.timing.now(), trouble }, trouble)
  }

  /** The state of a slot whose next tunnel is not there; its former one may be. */
  #enterWithout(state: TunnelState, trouble: TunnelTrouble | undefined): void {
    const former = this.#session
    if (former === undefined) this.#enter(state)
    else this.#enter({ phase: 'handing-over', since: state.since, replicaId: former.replicaId, trouble })
  }

  /** Tells state and log of a step; the end, if this is one. */
  #note(outcome: RoundOutcome, step: NextStep): TunnelEnd | undefined {
    const { timing, log, slot } = this.#options
    const since = timing.now()
    if (step.kind === 'stop' || outcome.kind === 'stopped') {
      this.#enter({ phase: 'closed', since })
      return { kind: 'closed' }
    }
    if (outcome.kind === 'relief') {
      const replicaId = this.#session?.replicaId
      log.info({ slot, replicaId, cause: outcome.cause }, 'another tunnel is dialled to take over')
      return undefined
    }
    const trouble = { at: since, ...describeTrouble(outcome) }
    if (step.kind === 'end') {
      this.#enter({ phase: 'refused', since, trouble })
      log.error({ slot, ...trouble }, 'the control plane refused the tunnel for good')
      return { kind: 'refused', refusal: step.refusal, remedy: trouble.remedy }
    }
    this.#enterWithout({ phase: 'waiting', since, until: since + step.afterMs, trouble }, trouble)
    const redialInMs = Math.round(step.afterMs)
    log.warn({ slot, ...trouble, ...this.#count(outcome), redialInMs }, 'the tunnel is down')
    return undefined
  }

  /** For metrics; what the log says beside the trouble. */
  #count(outcome: Exclude<RoundOutcome, { kind: 'relief' | 'stopped' }>): object {
    const { observer } = this.#options
    if (outcome.kind !== 'served') {
      const isNoUpgrade = outcome.kind === 'refused' && outcome.refusal.code === 'upgrade'
      observer.dialFailed(
        outcome.kind === 'unreachable' ? outcome.hop : isNoUpgrade ? 'upgrade' : outcome.kind,
      )
      return {}
    }
    const { end, servedMs, idleMs } = outcome
    observer.lost(end.kind === 'told-to-leave' ? end.code : end.kind, idleMs)
    return { servedSeconds: Math.round(servedMs / 1000), idleSeconds: Math.round(idleMs / 1000) }
  }

  #enter(state: TunnelState): void {
    this.#state = state
    this.#options.observer.entered(this.#options.slot, state)
  }
}
