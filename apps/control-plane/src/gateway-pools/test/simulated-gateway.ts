import type { ClusterFrame, FailureCode, HealthFrame } from '@postern/protocol'
import type { AttemptOutcome, ReviewAttempt, ReviewTunnel } from '../../gateways/review-attempt.ts'
import type { VirtualTime } from './virtual-time.ts'

/** What a gateway does with the reviews that it gets. */
export type Behaviour =
  | { kind: 'answers' }
  /** Nothing comes back, not even Accepted; its pings are answered. */
  | { kind: 'drops' }
  | { kind: 'drops-after-accepted' }
  | { kind: 'fails'; code: FailureCode; retryAfterMs?: number }
  /** Answers with the verdict of another review. */
  | { kind: 'mismatches' }
  /** Held by a replica that has just died: there is nobody to be found. */
  | { kind: 'has-no-route' }

export interface SimulatedGatewayOptions {
  time: VirtualTime
  gatewayId: string
  random: () => number
  organizationId?: string
  instanceId?: string
  slots?: number
  /** There and back. */
  roundTripMs?: number
  /** What the API server takes: between this and twice this. */
  apiServerMs?: number
  /** How many reviews it takes. */
  creditsMax?: number
}

/** A gateway process in virtual time, with its tunnels. */
export class SimulatedGateway {
  readonly options: Required<SimulatedGatewayOptions>
  behaviour: Behaviour = { kind: 'answers' }
  inFlight = 0
  tunnels: SimulatedTunnel[]
  /** Those included that have ended. */
  readonly everyTunnel: SimulatedTunnel[] = []

  constructor(options: SimulatedGatewayOptions) {
    this.options = {
      organizationId: 'organization',
      instanceId: 'instance',
      slots: 1,
      roundTripMs: 2,
      apiServerMs: 3,
      creditsMax: 384,
      ...options,
    }
    this.tunnels = []
    this.connect()
  }

  /** What it was asked, over all its tunnels. */
  get seen(): SeenReview[] {
    return this.everyTunnel.flatMap(({ seen }) => seen)
  }

  /** Every tunnel ends, and what waits on it is lost. */
  loseTunnels(): void {
    for (const tunnel of this.tunnels) tunnel.lose()
    this.tunnels = []
  }

  /** Dials again. */
  connect(): void {
    this.tunnels = Array.from({ length: this.options.slots }, (_, slot) => new SimulatedTunnel(this, slot))
    this.everyTunnel.push(...this.tunnels)
  }

  apiServerMs(): number {
    return this.options.apiServerMs * (1 + this.options.random())
  }
}

/** One review on one tunnel, as the gateway saw it. */
export interface SeenReview {
  token: string
  attempt: number
  at: number
}

export class SimulatedTunnel implements ReviewTunnel {
  readonly tunnelId: string
  readonly gatewayId: string
  readonly organizationId: string
  readonly instanceId: string
  readonly seen: SeenReview[] = []
  isRoutable = true
  isSuspect = false
  /** Nothing comes through any more, and nobody has noticed. */
  isDead = false
  inFlight = 0
  health: HealthFrame | undefined
  cluster: ClusterFrame | undefined
  readonly #gateway: SimulatedGateway
  readonly #losers = new Set<() => void>()
  static #count = 0

  constructor(gateway: SimulatedGateway, slot: number) {
    const { gatewayId, organizationId, instanceId } = gateway.options
    SimulatedTunnel.#count += 1
    this.tunnelId = `${gatewayId}-${slot}-${SimulatedTunnel.#count}`
    this.gatewayId = gatewayId
    this.organizationId = organizationId
    this.instanceId = instanceId
    this.#gateway = gateway
  }

  get roundTripMs(): number {
    return this.#gateway.options.roundTripMs
  }

  /** As often as asked: a Pong each time. */
  get peer(): ReviewTunnel['peer'] {
    return { inFlight: this.#gateway.inFlight, eventLoopLagMs: 0 }
  }

  review(attempt: ReviewAttempt): Promise<AttemptOutcome> {
    if (!this.isRoutable) return Promise.resolve({ kind: 'tunnel-lost', detail: 'gone' })
    if (this.#gateway.behaviour.kind === 'has-no-route') return this.#vanish(attempt)
    if (this.#gateway.inFlight >= this.#gateway.options.creditsMax) return Promise.resolve({ kind: 'full' })
    const { time } = this.#gateway.options
    this.seen.push({ token: attempt.token, attempt: attempt.attempt, at: time.elapsed() })
    this.inFlight += 1
    this.#gateway.inFlight += 1
    return new Promise((resolve) => {
      const stops: (() => void)[] = []
      const settle = (outcome: AttemptOutcome): void => {
        if (!this.#losers.delete(lose)) return
        for (const stop of stops) stop()
        attempt.signal?.removeEventListener('abort', listener)
        this.inFlight -= 1
        this.#gateway.inFlight -= 1
        resolve(outcome)
      }
      const lose = (): void => settle({ kind: 'tunnel-lost', detail: 'cut' })
      const listener = { handleEvent: (): void => settle({ kind: 'cancelled' }) }
      attempt.signal?.addEventListener('abort', listener)
      this.#losers.add(lose)
      this.#play(attempt, settle, stops)
    })
  }

  async #vanish({ token, attempt }: ReviewAttempt): Promise<AttemptOutcome> {
    const { time, roundTripMs } = this.#gateway.options
    this.seen.push({ token, attempt, at: time.elapsed() })
    await new Promise<void>((resolve) => time.after(roundTripMs, resolve))
    this.isRoutable = false
    return { kind: 'no-route', detail: 'nobody' }
  }

  lose(): void {
    this.isRoutable = false
    for (const lose of this.#losers) lose()
  }

  #play(attempt: ReviewAttempt, settle: (outcome: AttemptOutcome) => void, stops: (() => void)[]): void {
    const { behaviour } = this.#gateway
    const { time, roundTripMs } = this.#gateway.options
    let accepted = false
    stops.push(time.after(attempt.budgetMs, () => settle({ kind: 'timed-out', accepted })))
    if (this.isDead || behaviour.kind === 'drops' || behaviour.kind === 'has-no-route') return
    const accept = (): void => {
      accepted = true
      attempt.onAccepted?.()
    }
    stops.push(time.after(roundTripMs, accept))
    if (behaviour.kind === 'drops-after-accepted') return
    const answersAfterMs = roundTripMs + this.#gateway.apiServerMs()
    stops.push(time.after(answersAfterMs, () => settle(outcomeOf(behaviour, attempt))))
  }
}

function outcomeOf(
  behaviour: Exclude<Behaviour, { kind: 'drops' | 'drops-after-accepted' | 'has-no-route' }>,
  { token }: ReviewAttempt,
): AttemptOutcome {
  switch (behaviour.kind) {
    case 'mismatches':
      return { kind: 'mismatched' }
    case 'fails':
      return {
        kind: 'failed',
        code: behaviour.code,
        detail: 'as told',
        retryAfterMs: behaviour.retryAfterMs ?? 0,
      }
    case 'answers':
    default:
      return { kind: 'reviewed', verdict: verdictOn(token) }
  }
}

/** The cluster knows which tokens are its own. */
export function verdictOn(token: string): Extract<AttemptOutcome, { kind: 'reviewed' }>['verdict'] {
  return token.startsWith('bad')
    ? { authenticated: false, error: 'unknown' }
    : { authenticated: true, username: `of ${token}`, uid: '1', groups: [], audiences: [] }
}
