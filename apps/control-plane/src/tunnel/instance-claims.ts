import type { HelloFrame } from '@postern/protocol'
import { instanceRetryMs, proofOfLifeMs } from './session-phase.ts'
import type { TunnelRegistry } from './tunnel-registry.ts'

export interface InstanceClaimsOptions {
  registry: Pick<TunnelRegistry, 'holderOf'>
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
  /** Two processes have shown this instance id. Called at most once in a minute for each. */
  duplicated: (gatewayId: string, instanceId: string) => void
}

/** `superseded`: another connection keeps the place, and this one is to come again much later. */
export type Claim = 'granted' | 'superseded'

/** For how long after the last sign of it two processes count as having one instance id, in milliseconds. */
const duplicatedMs = 60_000

/**
 * Who may have the place of a tunnel that is there already. Of one process the newer connection wins, and at once when
 * the older one is dead. But two processes with one instance id (a copied configuration, a cloned machine) would replace
 * each other for ever: a tunnel that lives is replaced at most once in 15 s for each instance.
 */
export class InstanceClaims {
  readonly #options: InstanceClaimsOptions
  /** By gateway and instance; oldest first, dropped once of no interest. */
  readonly #replacedAt = new Map<string, number>()
  readonly #duplicatedAt = new Map<string, { gatewayId: string; at: number }>()

  constructor(options: InstanceClaimsOptions) {
    this.#options = options
  }

  /** Takes as long as a holder needs to prove that it lives, if there is a doubt. */
  async claim(gatewayId: string, hello: HelloFrame): Promise<Claim> {
    const holder = this.#options.registry.holderOf(gatewayId, hello)
    if (holder === undefined) return 'granted'
    const key = `${gatewayId} ${hello.instanceId}`
    this.#forgetOld()
    // A process counts its connections: one that is behind the newest, or level with it, is of another process.
    if (hello.epoch <= holder.epoch) this.#noteDuplicate(gatewayId, hello.instanceId)
    const isNewer = hello.epoch >= holder.epoch
    if (isNewer && !this.#replacedAt.has(key)) {
      this.#replacedAt.set(key, this.#options.elapsed())
      return 'granted'
    }
    // A redial after a cut that this side has not noticed yet finds a dead holder, and must not wait for it.
    return (await holder.isAlive(proofOfLifeMs)) ? 'superseded' : 'granted'
  }

  /** Two processes of the gateway show one instance id. */
  isDuplicated(gatewayId: string): boolean {
    if (this.#duplicatedAt.size === 0) return false
    this.#forgetOld()
    for (const sign of this.#duplicatedAt.values()) if (sign.gatewayId === gatewayId) return true
    return false
  }

  #noteDuplicate(gatewayId: string, instanceId: string): void {
    const key = `${gatewayId} ${instanceId}`
    if (!this.#duplicatedAt.has(key)) this.#options.duplicated(gatewayId, instanceId)
    this.#duplicatedAt.delete(key)
    this.#duplicatedAt.set(key, { gatewayId, at: this.#options.elapsed() })
  }

  #forgetOld(): void {
    const now = this.#options.elapsed()
    for (const [key, at] of this.#replacedAt) {
      if (now - at < instanceRetryMs) break
      this.#replacedAt.delete(key)
    }
    for (const [key, { at }] of this.#duplicatedAt) {
      if (now - at < duplicatedMs) break
      this.#duplicatedAt.delete(key)
    }
  }
}
