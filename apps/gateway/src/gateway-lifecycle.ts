import { closeInPhases, type ClosingLog, type ClosingPhase } from './close-in-phases.ts'
import type { Credential } from './credential/credential.ts'
import type { CredentialOutcome } from './credential/obtain-credential.ts'
import type { GatewayState } from './health/readiness.ts'
import type { Tunnels } from './tunnel/open-tunnels.ts'
import type { TunnelRefusal } from './tunnel/outcome.ts'

/** How a gateway ends for good. */
export type GatewayEnd = { kind: 'closed' } | { kind: 'refused'; remedy: string }

export interface GatewayWork {
  /** `unknownKeyId` is a key that the control plane does not know, so that another is needed. */
  obtainCredential: (signal: AbortSignal, unknownKeyId: string | undefined) => Promise<CredentialOutcome>
  openTunnels: (credential: Credential) => Tunnels
  /** The key that was refused, if the gateway can enrol by itself with another. */
  keyToReplace: (refusal: TunnelRefusal) => string | undefined
}

type Phase =
  | { phase: 'idle' | 'enrolling' | 'closing' | 'closed' }
  | { phase: 'serving'; credential: Credential; tunnels: Tunnels }
  /** One tunnel was; others of the process may serve until it is closed. */
  | { phase: 'refused'; remedy: string; tunnels: Tunnels | undefined }

/** Longer than the tunnels need to drain; the pod has 40 s in all. */
const tunnelsCloseMsMax = 16_000
/** What is being written has to be whole. Requests for it have ended with their connections by then. */
const credentialCloseMsMax = 2_000

/** From nothing to a credential to tunnels to the end; only one way through. */
export class GatewayLifecycle {
  /** Fires when the gateway is told to stop. */
  readonly stop = new AbortController()
  /** Rejects only on a bug. */
  readonly ended: Promise<GatewayEnd>
  readonly #log: ClosingLog
  readonly #end = Promise.withResolvers<GatewayEnd>()
  readonly #closers: ClosingPhase[] = []
  #phase: Phase = { phase: 'idle' }
  #closing: Promise<void> | undefined
  #obtaining: Promise<unknown> = Promise.resolve()

  constructor(log: ClosingLog) {
    this.#log = log
    this.ended = this.#end.promise
  }

  get state(): GatewayState {
    const phase = this.#phase
    if (phase.phase === 'refused') return { phase: 'refused', remedy: phase.remedy }
    if (phase.phase !== 'serving') return phase
    const { gatewayId, gatewayName } = phase.credential
    return { phase: 'serving', gatewayId, gatewayName, tunnels: phase.tunnels.states() }
  }

  /** To be closed after the tunnels, the last added first. */
  closeLater(phase: ClosingPhase): void {
    this.#closers.unshift(phase)
  }

  /** Returns at once. */
  run(work: GatewayWork): void {
    this.#phase = { phase: 'enrolling' }
    this.#work(work).catch((error: unknown) => this.#end.reject(error))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #work(work: GatewayWork): Promise<void> {
    let unknownKeyId: string | undefined
    for (;;) {
      const obtaining = work.obtainCredential(this.stop.signal, unknownKeyId)
      this.#obtaining = obtaining
      const outcome = await obtaining
      if (outcome.kind === 'refused') return this.#refuse(outcome.remedy, undefined)
      if (outcome.kind === 'stopped' || this.#closing !== undefined) return undefined
      const tunnels = work.openTunnels(outcome.credential)
      this.#phase = { phase: 'serving', credential: outcome.credential, tunnels }
      const end = await tunnels.ended
      if (end.kind !== 'refused') return undefined
      unknownKeyId = work.keyToReplace(end.refusal)
      if (unknownKeyId === undefined || this.#closing !== undefined) return this.#refuse(end.remedy, tunnels)
      // The other slot still dials, and would find the new key and stay, beside the tunnels to come.
      await tunnels.close()
      if (this.#closing !== undefined) return undefined
      this.#phase = { phase: 'enrolling' }
    }
  }

  #refuse(remedy: string, tunnels: Tunnels | undefined): void {
    if (this.#closing !== undefined) return
    this.#phase = { phase: 'refused', remedy, tunnels }
    this.#end.resolve({ kind: 'refused', remedy })
  }

  async #close(): Promise<void> {
    const { phase } = this.#phase
    const tunnels = 'tunnels' in this.#phase ? this.#phase.tunnels : undefined
    if (phase !== 'refused') this.#phase = { phase: 'closing' }
    const drain = {
      name: 'tunnels',
      msMax: tunnelsCloseMsMax,
      close: () => tunnels?.close() ?? Promise.resolve(),
    }
    // The tunnels drain before anything that its reviews need is stopped.
    await closeInPhases([drain], this.#log)
    this.stop.abort()
    const credential = { name: 'credential', msMax: credentialCloseMsMax, close: () => this.#obtaining }
    await closeInPhases([...this.#closers, credential], this.#log)
    this.#phase = { phase: 'closed' }
    this.#end.resolve({ kind: 'closed' })
  }
}
