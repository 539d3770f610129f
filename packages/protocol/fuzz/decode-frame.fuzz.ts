// node decode-frame.fuzz.ts [cases] [seed]: decodes hostile bytes and prints one line of JSON; exit 1 if any threw.
// Half of the cases are random bytes, half are real frames with bytes changed, cut out or doubled.
import fc from 'fast-check'
import { decodeFrame, encodeFrame } from '../src/codec.ts'
import { arbitraryFrame } from '../src/test/arbitrary-frame.ts'

const cases = Number(process.argv[2] ?? 100_000)
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31)
if (!Number.isSafeInteger(cases) || cases < 1 || !Number.isSafeInteger(seed)) {
  throw new RangeError('usage: decode-frame.fuzz.ts [cases] [seed]')
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

const random = new Xorshift(seed)
const corpus = fc.sample(arbitraryFrame, { numRuns: 400, seed }).map(encodeFrame)

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

const kinds: Record<string, number> = {}
let crashes = 0
const heapBefore = process.memoryUsage().heapUsed
const startedAt = performance.now()
for (let index = 0; index < cases; index++) {
  const bytes = random.below(2) === 0 ? randomBytes() : mutatedFrame()
  try {
    const { kind } = decodeFrame(bytes)
    kinds[kind] = (kinds[kind] ?? 0) + 1
  } catch (error) {
    crashes += 1
    process.stderr.write(`${Buffer.from(bytes).toString('hex')} ${String(error)}\n`)
  }
}
const seconds = (performance.now() - startedAt) / 1000
const heapGrowthBytes = process.memoryUsage().heapUsed - heapBefore
process.stdout.write(
  `${JSON.stringify({ fuzz: 'decode-frame', cases, seed, crashes, seconds: Number(seconds.toFixed(2)), heapGrowthBytes, kinds })}\n`,
)
process.exitCode = crashes === 0 ? 0 : 1
