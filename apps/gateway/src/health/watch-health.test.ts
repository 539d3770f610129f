import { describe, expect, it } from 'vitest'
import type { ReviewFailure, ReviewResult } from '../token-review/review-token.ts'
import { watchHealth, type HealthReport, type HealthWatch } from './watch-health.ts'

const vouched: ReviewResult = { kind: 'reviewed', verdict: { authenticated: false, error: 'no token' } }
const failed = (failure: ReviewFailure): ReviewResult => ({ kind: 'failed', failure, detail: failure })

/** A watch on a clock of its own, which passes only while the watch sleeps. */
class Bench {
  readonly told: (HealthReport & { at: number })[] = []
  readonly probes: { at: number; token: string; deadlineMs: number }[] = []
  readonly watch: HealthWatch
  readonly #stop = new AbortController()
  readonly #untilMs: number
  readonly #events: { at: number; do: () => void }[]
  #nowMs = 0

  constructor(options: {
    answer: (atMs: number) => ReviewResult
    untilMs: number
    events?: { at: number; do: (watch: HealthWatch) => void }[]
  }) {
    this.#untilMs = options.untilMs
    this.#events = (options.events ?? []).map((event) => ({
      at: event.at,
      do: () => event.do(this.watch),
    }))
    this.watch = watchHealth({
      reviewToken: async ({ token, deadlineMs }) => {
        this.probes.push({ at: this.#nowMs, token, deadlineMs })
        return options.answer(this.#nowMs)
      },
      elapsed: () => this.#nowMs,
      random: () => 0.5,
      sleep: (ms, signal) => this.#sleep(ms, signal),
      signal: this.#stop.signal,
    })
    this.watch.onChange((report) => void this.told.push({ ...report, at: this.#nowMs }))
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const end = this.#nowMs + ms
    while (!signal.aborted) {
      const [next] = this.#events
      if (next === undefined || next.at > end) break
      this.#events.shift()
      this.#nowMs = Math.max(this.#nowMs, next.at)
      next.do()
    }
    if (signal.aborted) return
    this.#nowMs = end
    if (this.#nowMs >= this.#untilMs) this.#stop.abort()
  }
}

async function run(options: ConstructorParameters<typeof Bench>[0]): Promise<Bench> {
  const bench = new Bench(options)
  await bench.watch.ended
  return bench
}

describe('a gateway that is well', () => {
  it('says so once, by the plain no to a token that cannot be valid, asked every 30 s', async () => {
    const { told, probes } = await run({ answer: () => vouched, untilMs: 90_000 })
    expect(told).toEqual([
      { apiServerReachable: true, mayReviewTokens: true, credentialExpiresAtS: 0, detail: '', at: 0 },
    ])
    expect(probes.map(({ at }) => at)).toEqual([0, 30_000, 60_000])
    expect(probes[0]?.token.split('.')).toHaveLength(1)
  })

  it('is asked for nothing more while reviews go well', async () => {
    const events = [5, 10, 15].map((at) => ({
      at: at * 1000,
      do: (watch: HealthWatch) => watch.noteReview(vouched),
    }))
    const { probes } = await run({ answer: () => vouched, untilMs: 60_000, events })
    expect(probes).toHaveLength(2)
  })
})

describe('a gateway in trouble', () => {
  it.each<ReviewFailure>(['reviewer-forbidden', 'reviewer-unauthorized'])(
    'says at once that it may not review (%s), and looks every 5 s',
    async (failure) => {
      const { told, probes } = await run({ answer: () => failed(failure), untilMs: 15_000 })
      expect(told).toMatchObject([
        { at: 0, apiServerReachable: true, mayReviewTokens: false, detail: failure },
      ])
      expect(probes.map(({ at }) => at)).toEqual([0, 5_000, 10_000])
    },
  )

  it.each<ReviewFailure>([
    'api-server-unreachable',
    'api-server-timeout',
    'api-server-error',
    'tls-failed',
    'malformed-answer',
  ])('says after a second look that the API server gives no answer (%s)', async (failure) => {
    const { told } = await run({ answer: () => failed(failure), untilMs: 10_000 })
    expect(told).toMatchObject([{ at: 1_000, apiServerReachable: false, detail: failure }])
  })

  it('says nothing of an answer that failed to come once', async () => {
    const { told } = await run({
      answer: (at) => (at === 30_000 ? failed('api-server-timeout') : vouched),
      untilMs: 60_000,
    })
    expect(told).toHaveLength(1)
  })

  it('is patient with an API server that asks for it', async () => {
    const { told } = await run({ answer: () => failed('api-server-overloaded'), untilMs: 10_000 })
    expect(told).toMatchObject([{ apiServerReachable: true, mayReviewTokens: true }])
  })

  it('says when all is well again, at the latest after 5 s', async () => {
    const { told } = await run({
      answer: (at) => (at < 31_000 ? failed('reviewer-forbidden') : vouched),
      untilMs: 60_000,
    })
    expect(told.map(({ at, detail }) => [at, detail])).toEqual([
      [0, 'reviewer-forbidden'],
      [35_000, ''],
    ])
  })
})

describe('real reviews', () => {
  it('that fail make it look at once', async () => {
    const { told, probes } = await run({
      answer: (at) => (at < 10_000 ? vouched : failed('reviewer-forbidden')),
      untilMs: 20_000,
      events: [{ at: 12_000, do: (watch) => watch.noteReview(failed('reviewer-forbidden')) }],
    })
    expect(probes[1]).toMatchObject({ at: 12_000 })
    expect(told[1]).toMatchObject({ at: 12_000, mayReviewTokens: false })
  })

  it('that fail by the thousand make it look every 2 s at most', async () => {
    const events = Array.from({ length: 1000 }, (_, index) => ({
      at: index * 10,
      do: (watch: HealthWatch) => watch.noteReview(failed('api-server-unreachable')),
    }))
    const { probes } = await run({ answer: () => vouched, untilMs: 10_000, events })
    expect(probes.map(({ at }) => at)).toEqual([0, 2_000, 4_000, 6_000, 8_000])
  })

  it('whose caller left say nothing', async () => {
    const { probes } = await run({
      answer: () => vouched,
      untilMs: 30_000,
      events: [{ at: 12_000, do: (watch) => watch.noteReview(failed('deadline-exceeded')) }],
    })
    expect(probes).toHaveLength(1)
  })

  it('that are answered end the trouble before the next look', async () => {
    const { told } = await run({
      answer: () => failed('api-server-error'),
      untilMs: 5_000,
      events: [{ at: 3_000, do: (watch) => watch.noteReview(vouched) }],
    })
    expect(told[1]).toMatchObject({ at: 3_000, apiServerReachable: true, detail: '' })
  })
})
