import type { ClusterFrame } from '@postern/protocol'
import type { ReviewTunnel } from '../../gateways/review-attempt.ts'
import { Ejection } from './ejection.ts'
import { LatencyQuantiles } from './latency-quantiles.ts'
import { PeakEwma } from './peak-ewma.ts'

/** One gateway process, as this replica knows it by asking it: all its tunnels lead to the same reviews in flight. */
export class ProcessStanding {
  readonly gatewayId: string
  readonly ejection = new Ejection()
  /** Reviews that the process has from other replicas. */
  #foreign = 0
  #avoidUntil = 0
  #inFlight = 0
  #askedAt: number

  constructor(gatewayId: string, now: number) {
    this.gatewayId = gatewayId
    this.#askedAt = now
  }

  /** This replica's reviews under way, over all tunnels of the process, and those of other replicas. */
  get load(): number {
    return this.#inFlight + this.#foreign
  }

  get askedAt(): number {
    return this.#askedAt
  }

  asked(now: number): void {
    this.#askedAt = now
    this.#inFlight += 1
  }

  ended(): void {
    this.#inFlight -= 1
  }

  /** It said how many it has, those of this replica among them. */
  reported(inFlight: number): void {
    this.#foreign = Math.max(0, inFlight - this.#inFlight)
  }

  /** It refused because it is full or about to stop: others are better for a moment. */
  avoid(until: number): void {
    this.#avoidUntil = Math.max(this.#avoidUntil, until)
  }

  isAvoided(now: number): boolean {
    return now < this.#avoidUntil
  }
}

/** What this replica knows of one tunnel by using it. */
export class TunnelStanding {
  readonly tunnel: ReviewTunnel
  readonly process: ProcessStanding
  readonly latency = new PeakEwma()
  /** From sending a review to the first sign of it. */
  readonly firstSign = new LatencyQuantiles(0.95)
  readonly ejection = new Ejection()
  /** Its loss was held against its process: once for all reviews that were lost with it. */
  isLossNoted = false
  #lastReport: ReviewTunnel['peer']
  #admission: { by: Admits; cluster: ClusterFrame | undefined; isAdmitted: boolean } | undefined

  constructor(tunnel: ReviewTunnel, process: ProcessStanding) {
    this.tunnel = tunnel
    this.process = process
    this.#lastReport = tunnel.peer
    process.reported(tunnel.peer.inFlight)
  }

  /** Reviews that would be before the next one. */
  get load(): number {
    // Each Ping and Pong makes a new report; between two of them only this replica's own reviews are known.
    const { peer } = this.tunnel
    if (peer !== this.#lastReport) {
      this.#lastReport = peer
      this.process.reported(peer.inFlight)
    }
    return this.process.load
  }

  /** Latency × what would be in flight; undefined for one that was never asked. */
  cost(now: number): number | undefined {
    const latencyMs = this.latency.at(now)
    return latencyMs === undefined ? undefined : latencyMs * (this.load + 1) * (this.tunnel.costFactor ?? 1)
  }

  get isOut(): boolean {
    return this.ejection.isOut || this.process.ejection.isOut
  }

  /** In, but better left alone while there are others. */
  isDoubtful(now: number): boolean {
    const { isSuspect, health } = this.tunnel
    if (isSuspect || this.process.isAvoided(now)) return true
    return health !== undefined && !(health.apiServerReachable && health.mayReviewTokens)
  }

  /** T6: whether the tunnel leads to the pool's cluster. */
  isAdmitted(admits: Admits): boolean {
    const { cluster } = this.tunnel
    if (this.#admission?.by !== admits || this.#admission.cluster !== cluster)
      this.#admission = { by: admits, cluster, isAdmitted: admits(cluster) }
    return this.#admission.isAdmitted
  }
}

export type Admits = (cluster: ClusterFrame | undefined) => boolean

const forgetUnusedAfterMs = 10 * 60_000
const forgetEveryMs = 60_000

/** The standings of all tunnels that this replica has used; they end with their tunnels. */
export class TunnelStandings {
  readonly #elapsed: () => number
  readonly #tunnels = new WeakMap<ReviewTunnel, TunnelStanding>()
  readonly #processes = new Map<string, ProcessStanding>()
  #forgotAt = 0

  constructor(elapsed: () => number) {
    this.#elapsed = elapsed
  }

  of(tunnel: ReviewTunnel): TunnelStanding {
    const known = this.#tunnels.get(tunnel)
    if (known !== undefined) return known
    const standing = new TunnelStanding(tunnel, this.#processOf(tunnel))
    this.#tunnels.set(tunnel, standing)
    return standing
  }

  /** Whether reviews leave it alone for a while. */
  isOut(tunnel: ReviewTunnel): boolean {
    return this.#tunnels.get(tunnel)?.isOut ?? false
  }

  /** A process that dials again keeps its standing. */
  #processOf({ gatewayId, instanceId }: ReviewTunnel): ProcessStanding {
    const key = `${gatewayId} ${instanceId}`
    const now = this.#elapsed()
    this.#forgetUnused(now)
    const process = this.#processes.get(key) ?? new ProcessStanding(gatewayId, now)
    this.#processes.set(key, process)
    return process
  }

  #forgetUnused(now: number): void {
    if (now - this.#forgotAt < forgetEveryMs) return
    this.#forgotAt = now
    for (const [key, process] of this.#processes) {
      if (now - process.askedAt > forgetUnusedAfterMs) this.#processes.delete(key)
    }
  }
}
