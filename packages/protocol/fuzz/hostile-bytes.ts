import fc from 'fast-check'
import { encodeFrame } from '../src/codec.ts'
import { arbitraryFrame } from '../src/test/arbitrary-frame.ts'

/** Half of what it gives are random bytes, half real frames with bytes changed, cut out or doubled; it repeats from its seed. */
export function createHostileBytes(seed: number): () => Uint8Array {
  const random = new Xorshift(seed)
  const corpus = fc.sample(arbitraryFrame, { numRuns: 400, seed }).map((frame) => encodeFrame(frame))

  function randomBytes(): Uint8Array {
    return Uint8Array.from({ length: random.below(64) }, () => random.below(256))
  }

  function mutatedFrame(): Uint8Array {
    let bytes = Array.from(corpus[random.below(corpus.length)] ?? [])
    for (let change = random.below(6); change >= 0; change--) {
      const at = random.below(bytes.length + 1)
      const action = random.below(4)
      if (action === 0) bytes[at] = random.below(256)
      else if (action === 1) bytes = bytes.slice(0, at)
      else if (action === 2) bytes.splice(at, random.below(8))
      else bytes.splice(at, 0, ...bytes.slice(at, at + random.below(16)))
    }
    return Uint8Array.from(bytes, (byte) => byte ?? 0)
  }

  return () => (random.below(2) === 0 ? randomBytes() : mutatedFrame())
}

/** A small generator that repeats from its seed. Source: Marsaglia, "Xorshift RNGs" (2003). */
class Xorshift {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 1
  }

  below(limit: number): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    return (this.#state >>> 0) % limit
  }
}
