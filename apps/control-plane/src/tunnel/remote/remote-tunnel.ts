import type { ClusterFrame, HealthFrame, PeerLoad } from '@postern/protocol'
import type { AttemptOutcome, ReviewAttempt, ReviewTunnel } from '../../gateways/review-attempt.ts'
import type { AnnouncedTunnel } from './presence.ts'

/** A local tunnel is preferred while it costs at most this much more. */
const remoteCostFactor = 1.25

/** The replica that holds a tunnel, as far as its tunnels ask. */
export interface TunnelHolder {
  readonly processId: string
  readonly replicaId: string
  /** What to dial there for raw streams, host:port; undefined: it opens none for others. */
  readonly streamAddress: string | undefined
  /** It has not said anything for too long, or something was asked of it in vain. */
  isDoubted(): boolean
}

export interface RemoteTunnelOptions {
  announced: AnnouncedTunnel
  holder: TunnelHolder
  isConnected: () => boolean
  /** Never rejects. */
  ask: (tunnel: RemoteTunnel, attempt: ReviewAttempt) => Promise<AttemptOutcome>
}

/** A tunnel that another replica holds, by what it last said of it. */
export class RemoteTunnel implements ReviewTunnel {
  readonly tunnelId: string
  readonly gatewayId: string
  readonly organizationId: string
  readonly instanceId: string
  readonly keyId: string
  readonly costFactor = remoteCostFactor
  readonly holder: TunnelHolder
  readonly #options: RemoteTunnelOptions
  #announced: AnnouncedTunnel
  #isForgotten = false
  #inFlight = 0

  constructor(options: RemoteTunnelOptions) {
    const { announced, holder } = options
    this.#options = options
    this.#announced = announced
    this.tunnelId = announced.tunnelId
    this.gatewayId = announced.gatewayId
    this.organizationId = announced.organizationId
    this.instanceId = announced.instanceId
    this.keyId = announced.keyId
    this.holder = holder
  }

  /** The replica's id, for the audit log. */
  get heldBy(): string {
    return this.holder.replicaId
  }

  get streamAddress(): string | undefined {
    return this.holder.streamAddress
  }

  get isRoutable(): boolean {
    return this.isAnnouncedRoutable && this.#options.isConnected()
  }

  /** Whether its holder says so, though it may not be reached from here. */
  get isAnnouncedRoutable(): boolean {
    return this.#announced.isRoutable && !this.#isForgotten
  }

  get isSuspect(): boolean {
    return this.#announced.isSuspect || this.holder.isDoubted()
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get roundTripMs(): number | undefined {
    return this.#announced.roundTripMs
  }

  get peer(): PeerLoad {
    return this.#announced.load
  }

  get health(): HealthFrame | undefined {
    return this.#announced.health
  }

  /** The same object as long as the gateway says the same. */
  get cluster(): ClusterFrame | undefined {
    return this.#announced.cluster
  }

  /** Whether both ends of the tunnel speak a feature, by its bit. */
  speaks(feature: number): boolean {
    return (this.#announced.features & feature) !== 0
  }

  async review(attempt: ReviewAttempt): Promise<AttemptOutcome> {
    if (attempt.signal?.aborted === true) return { kind: 'cancelled' }
    if (!this.isRoutable) return { kind: 'no-route', detail: 'there is no way to the replica that holds it' }
    this.#inFlight += 1
    try {
      return await this.#options.ask(this, attempt)
    } finally {
      this.#inFlight -= 1
    }
  }

  /** Its holder has said something of it again. */
  update(announced: AnnouncedTunnel): void {
    const { cluster } = this.#announced
    this.#announced = isSameCluster(cluster, announced.cluster) ? { ...announced, cluster } : announced
  }

  /** It has left the table: from now on nothing is asked of it. */
  forget(): void {
    this.#isForgotten = true
  }
}

function isSameCluster(one: ClusterFrame | undefined, other: ClusterFrame | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return (
    one.tokenIssuer === other.tokenIssuer &&
    areSame(one.rootCaSha256, other.rootCaSha256) &&
    areSame(one.issuerKeySha256, other.issuerKeySha256)
  )
}

function areSame(some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  return (
    some.length === others.length &&
    some.every((bytes, index) => Buffer.compare(bytes, others[index] ?? Buffer.alloc(0)) === 0)
  )
}
