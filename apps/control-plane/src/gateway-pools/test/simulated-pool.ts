import type { ReviewOutcome, TokenReviewer } from '../../login/token-reviewer.ts'
import { TargetStates, type ChoosingState, type PoolMembers } from '../choosing/pool-of-tunnels.ts'
import { silentReviewObserver } from '../choosing/review-observer.ts'
import { TunnelStandings } from '../choosing/tunnel-standing.ts'
import { createReviewThroughPool } from '../review-through-pool.ts'
import { type Behaviour, SimulatedGateway, type SimulatedGatewayOptions } from './simulated-gateway.ts'
import { randomOf, VirtualTime } from './virtual-time.ts'

/** One review as its login saw it. */
export interface SimulatedLogin {
  token: string
  startedAt: number
  endedAt: number
  outcome: ReviewOutcome
}

/** A replica's choosing among simulated gateways, in virtual time and with chosen randomness. */
export class SimulatedPool {
  readonly time = new VirtualTime()
  readonly random: () => number
  readonly gateways: SimulatedGateway[] = []
  readonly logins: SimulatedLogin[] = []
  /** With their moments. */
  readonly events: { at: number; event: string }[] = []
  /** Second askings and live reviews, whenever a hedge was sent. */
  readonly hedges: { extras: number; live: number }[] = []
  lagMs = 0
  admits: PoolMembers['admits'] = () => true
  readonly state: ChoosingState
  readonly reviewer: TokenReviewer
  readonly #returning = new Set<string>()
  #started = 0

  constructor(seed = 1) {
    this.random = randomOf(seed)
    const { elapsed, after } = this.time
    const note =
      (name: string) =>
      (...said: string[]): void => {
        this.events.push({ at: elapsed(), event: [name, ...said].join(' ') })
      }
    this.state = {
      standings: new TunnelStandings(elapsed),
      targets: new TargetStates(),
      elapsed,
      after,
      random: this.random,
      lagMs: () => this.lagMs,
      observer: {
        ...silentReviewObserver,
        hedged: (reason) => {
          note('hedged')(reason)
          this.hedges.push({ extras: this.retryBudget.extras, live: this.#started - this.logins.length })
        },
        ejected: note('ejected'),
        readmitted: note('readmitted'),
        retryBudgetExhausted: note('exhausted'),
        creditsExhausted: note('full'),
        pausedForApiServer: note('paused'),
        asked: note('asked'),
      },
    }
    this.reviewer = createReviewThroughPool({
      target: { kind: 'pool', gatewayPoolId: 'pool' },
      organizationId: 'organization',
      state: this.state,
      tunnels: {
        tunnelsOf: (gatewayId) =>
          this.gateways.flatMap((one) => (one.options.gatewayId === gatewayId ? one.tunnels : [])),
        isReturning: (gatewayId) => this.#returning.has(gatewayId),
        waitForTunnel: (_gatewayId, waitMs, signal) => this.#pause(Math.min(waitMs, 10), signal),
      },
      members: async () => ({
        memberIds: [...new Set(this.gateways.map(({ options }) => options.gatewayId))],
        admits: this.admits,
      }),
    })
  }

  get retryBudget() {
    return this.state.targets.of('pool', this.time.elapsed()).retryBudget
  }

  add(options: Partial<SimulatedGatewayOptions> = {}): SimulatedGateway {
    const gatewayId = options.gatewayId ?? `gateway-${this.gateways.length + 1}`
    const gateway = new SimulatedGateway({ time: this.time, random: this.random, ...options, gatewayId })
    this.gateways.push(gateway)
    return gateway
  }

  /** Its tunnels end, and it comes back after a while. */
  flap(gateway: SimulatedGateway, awayMs: number): void {
    const { gatewayId } = gateway.options
    this.#returning.add(gatewayId)
    gateway.loseTunnels()
    this.time.after(awayMs, () => {
      this.#returning.delete(gatewayId)
      gateway.connect()
    })
  }

  review(
    token = `token-${this.#started + 1}`,
    budgetMs = 10_000,
    signal?: AbortSignal,
  ): Promise<ReviewOutcome> {
    const startedAt = this.time.elapsed()
    this.#started += 1
    const request = { token, audiences: [], budgetMs, ...(signal && { signal }) }
    const outcome = this.reviewer.review(request)
    void outcome.then((outcome) =>
      this.logins.push({ token, startedAt, endedAt: this.time.elapsed(), outcome }),
    )
    return outcome
  }

  get started(): number {
    return this.#started
  }

  get successes(): number {
    return this.logins.filter(({ outcome }) => outcome.kind === 'reviewed').length
  }

  /** Reviews at random moments, so many a second on average, for so long. */
  reviewRandomly(perSecond: number, forMs: number, kindOfToken = () => 'token'): void {
    const end = this.time.elapsed() + forMs
    const next = (): void => {
      if (this.time.elapsed() >= end) return
      void this.review(`${kindOfToken()}-${this.#started + 1}`)
      this.time.after((-Math.log(1 - this.random()) * 1000) / perSecond, next)
    }
    next()
  }

  eventsOf(name: string): { at: number; event: string }[] {
    return this.events.filter(({ event }) => event.startsWith(name))
  }

  #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      this.time.after(ms, resolve)
      signal?.addEventListener('abort', () => resolve())
    })
  }
}

export function tookMs({ startedAt, endedAt }: SimulatedLogin): number {
  return endedAt - startedAt
}

/** A pool of gateways that do so. */
export function poolOf(...behaviours: Behaviour[]): { pool: SimulatedPool; gateways: SimulatedGateway[] } {
  const pool = new SimulatedPool()
  const gateways = behaviours.map((behaviour) => Object.assign(pool.add(), { behaviour }))
  return { pool, gateways }
}
