import { clampText, protocolLimits, type KeyRotatedFrame, type RotateKeyFrame } from '@postern/protocol'
import type { TunnelLog } from './tunnel-observer.ts'

/** What a gateway asks: that its next tunnels be authenticated by a new key. */
export interface KeyRotation {
  gatewayId: string
  organizationId: string
  /** Of the key that this tunnel was authenticated with. */
  keyId: string
  /** Raw Ed25519, 32 bytes. */
  publicKey: Buffer
  /** The new key's signature over `rotationProofText`, 64 bytes; not yet verified. */
  proof: Buffer
  at: Date
  /** Where the tunnel is from. */
  ipAddress?: string
}

/** Rejects only when the outcome cannot be known now. */
export type RotateGatewayKey = (rotation: KeyRotation) => Promise<{
  code: KeyRotatedFrame['code']
  /** Of the new key; empty unless it is known. */
  keyId: string
  /** For the gateway's log. */
  detail: string
}>

export interface KeyRotationsOptions {
  /** Of the tunnel. */
  asker: Pick<KeyRotation, 'gatewayId' | 'organizationId' | 'keyId' | 'ipAddress'>
  rotateGatewayKey: RotateGatewayKey
  now: () => number
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
  send: (frame: KeyRotatedFrame) => void
  log: Pick<TunnelLog, 'info' | 'warn'>
}

/** A gateway rotates once a day. As many at once as a person who tries it out needs, then one in ten seconds. */
const allowance = { burst: 5, everyMs: 10_000 } as const

/** The rotations that one tunnel asks for: one after the other, and not often. Each is answered, exactly once. */
export class KeyRotations {
  readonly #options: KeyRotationsOptions
  #isBusy = false
  #credit: number = allowance.burst
  #creditedAt: number

  constructor(options: KeyRotationsOptions) {
    this.#options = options
    this.#creditedAt = options.elapsed()
  }

  /** Never rejects. */
  async take({ publicKey, proof }: RotateKeyFrame): Promise<void> {
    const refusal = this.#refusal()
    if (refusal !== undefined) {
      this.#answer('unavailable', '', refusal)
      return
    }
    this.#isBusy = true
    const { asker, rotateGatewayKey, now, log } = this.#options
    const { gatewayId } = asker
    try {
      const { code, keyId, detail } = await rotateGatewayKey({
        ...asker,
        // Out of the message's memory, which the frame is a view of.
        publicKey: Buffer.from(publicKey),
        proof: Buffer.from(proof),
        at: new Date(now()),
      })
      const what = code === 'rotated' ? 'a gateway rotated its key' : 'a gateway’s key was not rotated'
      log[code === 'rotated' ? 'info' : 'warn']({ gatewayId, keyId, code, detail }, what)
      this.#answer(code, keyId, detail)
    } catch (error) {
      log.warn({ gatewayId, err: error }, 'a key cannot be rotated now; the gateway tries again')
      this.#answer('unavailable', '', 'keys cannot be rotated now; try again later')
    } finally {
      this.#isBusy = false
    }
  }

  #refusal(): string | undefined {
    if (this.#isBusy) return 'another rotation of this tunnel is under way'
    const now = this.#options.elapsed()
    this.#credit = Math.min(allowance.burst, this.#credit + (now - this.#creditedAt) / allowance.everyMs)
    this.#creditedAt = now
    if (this.#credit < 1) return 'too many rotations: wait ten seconds'
    this.#credit -= 1
    return undefined
  }

  #answer(code: KeyRotatedFrame['code'], keyId: string, detail: string): void {
    const clamped = clampText(detail, protocolLimits.detailBytesMax)
    this.#options.send({ kind: 'key-rotated', keyId, code, detail: clamped })
  }
}
