const smallestMs = 0.125
/** A bucket ends 2^(1/4), about a fifth, above where it begins. */
const bucketsPerOctave = 4
const bucketCount = 72
/** Beyond this many observations the old ones lose half their weight. */
const halvedAt = 512
/** With fewer observations a quantile says nothing. */
const observationsMin = 10
/** A quantile that is asked for again and again is counted anew after this many observations. */
const refreshEvery = 32

/**
 * Quantiles of the last several hundred latencies, to a fifth above. An observation costs a logarithm and an increment,
 * and nothing is allocated.
 */
export class LatencyQuantiles {
  readonly #share: number
  readonly #counts = new Uint32Array(bucketCount)
  #total = 0
  #sinceCounted = 0
  #counted: number | undefined

  /** @param share the quantile that is asked for, such as 0.95 */
  constructor(share: number) {
    this.#share = share
  }

  observe(latencyMs: number): void {
    const bucket = bucketOf(latencyMs)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#total += 1
    this.#sinceCounted += 1
    if (this.#total >= halvedAt) this.#halve()
  }

  /** In milliseconds; undefined while little was observed. */
  get value(): number | undefined {
    if (this.#total < observationsMin) return undefined
    if (this.#counted === undefined || this.#sinceCounted >= refreshEvery) {
      this.#counted = this.#count()
      this.#sinceCounted = 0
    }
    return this.#counted
  }

  #count(): number {
    const rank = Math.ceil(this.#total * this.#share)
    let seen = 0
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      seen += this.#counts[bucket] ?? 0
      if (seen >= rank) return upperEndMs(bucket)
    }
    return upperEndMs(bucketCount - 1)
  }

  #halve(): void {
    this.#total = 0
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      const half = (this.#counts[bucket] ?? 0) >>> 1
      this.#counts[bucket] = half
      this.#total += half
    }
  }
}

function bucketOf(latencyMs: number): number {
  if (latencyMs <= smallestMs) return 0
  const bucket = Math.ceil(Math.log2(latencyMs / smallestMs) * bucketsPerOctave)
  return Math.min(bucket, bucketCount - 1)
}

function upperEndMs(bucket: number): number {
  return smallestMs * 2 ** (bucket / bucketsPerOctave)
}
