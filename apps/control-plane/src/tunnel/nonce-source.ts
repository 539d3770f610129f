import { randomBytes } from 'node:crypto'
import { protocolLimits } from '@postern/protocol'

const noncesPerPool = 256

/** Nonces cut from a pool, because a call of the random source for each costs more than the rest of a frame. */
export class NonceSource {
  #pool = Buffer.alloc(0)
  #position = 0

  /** 16 random bytes. */
  next(): Buffer {
    const size = protocolLimits.nonceBytes
    if (this.#position + size > this.#pool.length) {
      // A new pool, not a refill: earlier nonces are views of the old one.
      this.#pool = randomBytes(noncesPerPool * size)
      this.#position = 0
    }
    this.#position += size
    return this.#pool.subarray(this.#position - size, this.#position)
  }
}
