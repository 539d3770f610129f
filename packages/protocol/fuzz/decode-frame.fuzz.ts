// node decode-frame.fuzz.ts [cases] [seed]: decodes hostile bytes and prints one line of JSON; exit 1 if any threw.
import { decodeFrame } from '../src/codec.ts'
import { createHostileBytes } from './hostile-bytes.ts'

const cases = Number(process.argv[2] ?? 100_000)
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31)
if (!Number.isSafeInteger(cases) || cases < 1 || !Number.isSafeInteger(seed)) {
  throw new RangeError('usage: decode-frame.fuzz.ts [cases] [seed]')
}

const nextBytes = createHostileBytes(seed)
const kinds: Record<string, number> = {}
let crashes = 0
const heapBefore = process.memoryUsage().heapUsed
const startedAt = performance.now()
for (let index = 0; index < cases; index++) {
  const bytes = nextBytes()
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
