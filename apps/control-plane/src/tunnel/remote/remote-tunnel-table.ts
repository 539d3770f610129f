import type { AttemptOutcome, ReviewAttempt } from '../../gateways/review-attempt.ts'
import { ReturningGateways } from '../returning-gateways.ts'
import type { AnnouncedTunnel, Presence } from './presence.ts'
import type { RemoteObserver } from './remote-observer.ts'
import { RemoteTunnel, type TunnelHolder } from './remote-tunnel.ts'

export interface RemoteTunnelTableOptions {
  isConnected: () => boolean
  ask: (tunnel: RemoteTunnel, attempt: ReviewAttempt) => Promise<AttemptOutcome>
  /** A replica was heard of for the first time, or again after a long silence. */
  replicaFound: () => void
  replicaLost: (processId: string) => void
  observer: Pick<RemoteObserver, 'presenceDropped'>
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
  limits?: Partial<TableLimits>
}

export interface TableLimits {
  replicasMax: number
  tunnelsMax: number
  tunnelsPerGatewayMax: number
}

/** Of a tunnel about 2.5 KB are kept, so at most 250 MB; of one gateway no more than two replicas take. */
const defaultLimits: TableLimits = { replicasMax: 256, tunnelsMax: 100_000, tunnelsPerGatewayMax: 256 }
/** A replica names each of its tunnels every five seconds; without a word for so long, one is forgotten. */
export const forgetAfterMs = 12_000
/** Others are better then: it has missed a word. */
const doubtAfterMs = 7_000
const none: readonly RemoteTunnel[] = []

class Holder implements TunnelHolder {
  readonly processId: string
  readonly replicaId: string
  readonly tunnels = new Set<RemoteTunnel>()
  streamAddress: string | undefined
  heardAt: number
  readonly #elapsed: () => number
  #isDoubted = false

  constructor({ processId, replicaId }: Presence, elapsed: () => number) {
    this.processId = processId
    this.replicaId = replicaId
    this.#elapsed = elapsed
    this.heardAt = elapsed()
  }

  heard({ streamAddress }: Presence): void {
    this.streamAddress = streamAddress
    this.heardAt = this.#elapsed()
    this.#isDoubted = false
  }

  doubt(): void {
    this.#isDoubted = true
  }

  isDoubted(): boolean {
    return this.#isDoubted || this.#elapsed() - this.heardAt > doubtAfterMs
  }
}

interface Entry {
  tunnel: RemoteTunnel
  holder: Holder
  /** Of the message that last named it: an older one that comes late changes nothing. */
  sequence: number
  heardAt: number
}

/**
 * What other replicas have said of their tunnels. It may be wrong: who asks a tunnel that is not there learns it within
 * one round trip, and the table forgets it. The list of a gateway is never changed but replaced.
 */
export class RemoteTunnelTable {
  readonly #options: RemoteTunnelTableOptions
  readonly #limits: TableLimits
  readonly #entries = new Map<string, Entry>()
  readonly #byGateway = new Map<string, readonly RemoteTunnel[]>()
  readonly #holders = new Map<string, Holder>()
  readonly #returning: ReturningGateways
  #disconnectedAt: number | undefined

  constructor(options: RemoteTunnelTableOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#returning = new ReturningGateways(options.elapsed)
  }

  get size(): number {
    return this.#entries.size
  }

  /** Other replicas that were heard of lately. */
  get replicaCount(): number {
    return this.#holders.size
  }

  /** By any gateway id, so that what is found is checked. */
  tunnelsOf(gatewayId: string): readonly RemoteTunnel[] {
    return this.#byGateway.get(gatewayId) ?? none
  }

  find(tunnelId: string): RemoteTunnel | undefined {
    return this.#entries.get(tunnelId)?.tunnel
  }

  hear(presence: Presence): void {
    const { processId, sequence, here, gone, isLeaving } = presence
    if (isLeaving) {
      this.#forgetHolder(this.#holders.get(processId))
      return
    }
    const holder = this.#holderOf(presence)
    if (holder === undefined) {
      this.#options.observer.presenceDropped('too-many')
      return
    }
    holder.heard(presence)
    for (const tunnelId of gone) {
      const entry = this.#entries.get(tunnelId)
      if (entry?.holder === holder) this.#remove(entry)
    }
    for (const announced of here) this.#take(announced, holder, sequence)
  }

  /** Its holder takes no review for it any more. */
  foundGone(tunnel: RemoteTunnel): void {
    const entry = this.#entries.get(tunnel.tunnelId)
    if (entry?.tunnel === tunnel) this.#remove(entry)
  }

  /** Nobody holds it there any more; what else its holder has said is to be doubted. */
  foundNobody(tunnel: RemoteTunnel): void {
    this.foundGone(tunnel)
    this.#holders.get(tunnel.holder.processId)?.doubt()
  }

  /** It did not answer in time, nor did it say that it has the review: its holder may hang. */
  foundSilent(tunnel: RemoteTunnel): void {
    this.#holders.get(tunnel.holder.processId)?.doubt()
  }

  /** Its tunnels are being closed by their holders; with key ids only those that authenticated with one of them. */
  forgetGateway(gatewayId: string, keyIds?: ReadonlySet<string>): void {
    for (const { tunnelId, keyId } of this.tunnelsOf(gatewayId)) {
      const entry = this.#entries.get(tunnelId)
      if (entry !== undefined && keyIds?.has(keyId) !== false) this.#remove(entry)
    }
  }

  /** Called every second or so. */
  forgetSilent(): void {
    const heardBefore = this.#options.elapsed() - forgetAfterMs
    for (const entry of this.#entries.values()) if (entry.heardAt < heardBefore) this.#remove(entry)
    for (const holder of this.#holders.values()) if (holder.heardAt < heardBefore) this.#forgetHolder(holder)
  }

  /** There is a connection again: tunnels that were known before may be asked again at once. */
  reconnected(): void {
    this.#disconnectedAt = undefined
    this.#returning.endWaiting()
  }

  /** The gateway had a tunnel a moment ago, or it has one that cannot be reached since a moment ago. */
  isReturning(gatewayId: string): boolean {
    return this.#returning.isReturning(gatewayId) || this.#isCutOff(gatewayId)
  }

  /** Resolves when a tunnel of the gateway comes, the time is over, or the signal fires, whichever is first. */
  waitForTunnel(gatewayId: string, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    return this.#returning.wait(gatewayId, waitMs, signal)
  }

  close(): void {
    this.#returning.endWaiting()
    for (const holder of this.#holders.values()) this.#forgetHolder(holder)
  }

  #isCutOff(gatewayId: string): boolean {
    if (this.#options.isConnected() || this.tunnelsOf(gatewayId).length === 0) return false
    const now = this.#options.elapsed()
    this.#disconnectedAt ??= now
    return now - this.#disconnectedAt < forgetAfterMs
  }

  #holderOf(presence: Presence): Holder | undefined {
    const known = this.#holders.get(presence.processId)
    if (known !== undefined) return known
    if (this.#holders.size >= this.#limits.replicasMax) return undefined
    const holder = new Holder(presence, this.#options.elapsed)
    this.#holders.set(presence.processId, holder)
    this.#options.replicaFound()
    return holder
  }

  #take(announced: AnnouncedTunnel, holder: Holder, sequence: number): void {
    const entry = this.#entries.get(announced.tunnelId)
    if (entry === undefined) {
      this.#add(announced, holder, sequence)
      return
    }
    const { tunnel } = entry
    if (entry.holder !== holder || sequence < entry.sequence || tunnel.gatewayId !== announced.gatewayId)
      return
    entry.sequence = sequence
    entry.heardAt = this.#options.elapsed()
    const wasRoutable = tunnel.isAnnouncedRoutable
    tunnel.update(announced)
    if (wasRoutable && !announced.isRoutable) this.#noteLeft(tunnel.gatewayId)
  }

  #add(announced: AnnouncedTunnel, holder: Holder, sequence: number): void {
    const { isConnected, ask, elapsed, observer } = this.#options
    const { tunnelId, gatewayId } = announced
    const others = this.tunnelsOf(gatewayId)
    if (this.size >= this.#limits.tunnelsMax || others.length >= this.#limits.tunnelsPerGatewayMax) {
      observer.presenceDropped('too-many')
      return
    }
    const tunnel = new RemoteTunnel({ announced, holder, isConnected, ask })
    this.#entries.set(tunnelId, { tunnel, holder, sequence, heardAt: elapsed() })
    this.#byGateway.set(gatewayId, [...others, tunnel])
    holder.tunnels.add(tunnel)
    if (announced.isRoutable) this.#returning.hasReturned(gatewayId)
  }

  #remove({ tunnel, holder }: Entry): void {
    const { tunnelId, gatewayId } = tunnel
    tunnel.forget()
    this.#entries.delete(tunnelId)
    holder.tunnels.delete(tunnel)
    const left = this.tunnelsOf(gatewayId).filter((other) => other !== tunnel)
    if (left.length > 0) this.#byGateway.set(gatewayId, left)
    else this.#byGateway.delete(gatewayId)
    this.#noteLeft(gatewayId)
  }

  #noteLeft(gatewayId: string): void {
    if (!this.tunnelsOf(gatewayId).some(({ isAnnouncedRoutable }) => isAnnouncedRoutable))
      this.#returning.hasLeft(gatewayId)
  }

  #forgetHolder(holder: Holder | undefined): void {
    if (holder === undefined) return
    for (const { tunnelId } of holder.tunnels) {
      const entry = this.#entries.get(tunnelId)
      if (entry !== undefined) this.#remove(entry)
    }
    this.#holders.delete(holder.processId)
    this.#options.replicaLost(holder.processId)
  }
}
