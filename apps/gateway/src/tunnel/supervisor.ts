import { describeTrouble } from './describe-trouble.ts'
import { freshHistory, nextStep, type NextStep } from './backoff.ts'
import type { RoundOutcome, TunnelRefusal } from './outcome.ts'
import type { Timing } from './timing.ts'
import type { TunnelState } from './tunnel-state.ts'

export interface SupervisorOptions {
  /** One dial, handshake and session. Never rejects. */
  round: (round: Round) => Promise<RoundOutcome>
  timing: Timing
  log: TunnelLog
  onState?: (state: TunnelState) => void
}

/** What a round is told, and tells. */
export interface Round {
  /** From 1. */
  epoch: number
  stop: AbortSignal
  /** The clock was already corrected for this round. */
  clockCorrected: boolean
  /** Called when Welcome has come. */
  welcomed: (replicaId: string) => void
}

/** A logger of pino's shape. */
export interface TunnelLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** How a tunnel ends for good. */
export type TunnelEnd = { kind: 'closed' } | { kind: 'refused'; refusal: TunnelRefusal; remedy: string }

/** The loop that keeps a tunnel: round → outcome → policy → wait, until stopped or refused for good. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #stop = new AbortController()
  readonly ended: Promise<TunnelEnd>
  #state: TunnelState

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#state = { phase: 'dialling', since: options.timing.now(), trouble: undefined }
    this.ended = this.#run()
  }

  get state(): TunnelState {
    return this.#state
  }

  /** Ends the tunnel; resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.ended
  }

  async #run(): Promise<TunnelEnd> {
    const { timing, round } = this.#options
    let history = freshHistory(timing.elapsed())
    for (let epoch = 1; ; epoch++) {
      const outcome = await round({
        epoch,
        stop: this.#stop.signal,
        clockCorrected: history.clockCorrected,
        welcomed: (replicaId) => {
          this.#enter({ phase: 'connected', since: timing.now(), replicaId })
        },
      })
      const step = this.#stop.signal.aborted
        ? ({ kind: 'stop' } as const)
        : nextStep(outcome, history, timing.elapsed(), timing.random())
      const end = this.#note(outcome, step)
      if (end !== undefined) return end
      if (step.kind !== 'dial') return { kind: 'closed' }
      history = step.history
      await timing.sleep(step.afterMs, this.#stop.signal)
      const { trouble } = { trouble: undefined, ...this.#state }
      this.#enter({ phase: 'dialling', since: timing.now(), trouble })
    }
  }

  /** Tells state and log of a step; the end, if this is one. */
  #note(outcome: RoundOutcome, step: NextStep): TunnelEnd | undefined {
    const { timing, log } = this.#options
    const now = timing.now()
    if (step.kind === 'stop' || outcome.kind === 'stopped') {
      this.#enter({ phase: 'closed', since: now })
      return { kind: 'closed' }
    }
    const trouble = { at: now, ...describeTrouble(outcome) }
    if (step.kind === 'end') {
      this.#enter({ phase: 'refused', since: now, trouble })
      log.error(trouble, 'the control plane refused the tunnel for good')
      return { kind: 'refused', refusal: step.refusal, remedy: trouble.remedy }
    }
    this.#enter({ phase: 'waiting', since: now, until: now + step.afterMs, trouble })
    log.warn({ ...trouble, redialInMs: Math.round(step.afterMs) }, 'the tunnel is down')
    return undefined
  }

  #enter(state: TunnelState): void {
    this.#state = state
    this.#options.onState?.(state)
  }
}
