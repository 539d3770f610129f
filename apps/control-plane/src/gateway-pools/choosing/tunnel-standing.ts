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

  get isInQuestion(): boolean {
    return this.ejection.isInQuestion || this.process.ejection.isInQuestion
  }

  /** In, but better left alone while there are others. */
  isDoubtful(now: number): boolean {
    const { isSuspect, health } = this.tunnel
    if (isSuspect || this.isInQuestion || this.process.isAvoided(now)) return true
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

type GatewayProcess = Pick<ReviewTunnel, 'gatewayId' | 'instanceId'>

export type Admits = (cluster: ClusterFrame | undefined) => boolean

const forgetUnusedAfterMs = 10 * 60_000
const forgetEveryMs = 60_000

/**
 * The standings of all tunnels that this replica has used; they end with their tunnels. That of a process is kept for some
 * minutes beyond, and while one of its tunnels has it: two standings of one process would pass for two processes.
 */
export class TunnelStandings {
  readonly #elapsed: () => number
  readonly #tunnels = new WeakMap<ReviewTunnel, TunnelStanding>()
  readonly #processes = new Map<
    string,
    { lately: ProcessStanding | undefined; held: WeakRef<ProcessStanding> }
  >()
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

  /** The same of a process, whatever leads to it. */
  isProcessOut(process: GatewayProcess): boolean {
    return this.#knownProcess(process)?.ejection.isOut ?? false
  }

  /** A process that dials again keeps its standing. */
  #processOf(tunnel: ReviewTunnel): ProcessStanding {
    const now = this.#elapsed()
    this.#forgetUnused(now)
    const process = this.#knownProcess(tunnel) ?? new ProcessStanding(tunnel.gatewayId, now)
    this.#processes.set(keyOf(tunnel), { lately: process, held: new WeakRef(process) })
    return process
  }

  #knownProcess(process: GatewayProcess): ProcessStanding | undefined {
    const entry = this.#processes.get(keyOf(process))
    return entry?.lately ?? entry?.held.deref()
  }

  #forgetUnused(now: number): void {
    if (now - this.#forgotAt < forgetEveryMs) return
    this.#forgotAt = now
    for (const [key, entry] of this.#processes) {
      const process = entry.held.deref()
      if (process === undefined) this.#processes.delete(key)
      else entry.lately = now - process.askedAt > forgetUnusedAfterMs ? undefined : process
    }
  }
}

function keyOf({ gatewayId, instanceId }: GatewayProcess): string {
  return `${gatewayId} ${instanceId}`
}
