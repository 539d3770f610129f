import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SimulatedPool, tookMs, type SimulatedLogin } from './test/simulated-pool.ts'
import type { Behaviour } from './test/simulated-gateway.ts'

const seeds = fc.integer({ min: 0, max: 0xffff_ffff })
const silences: Behaviour['kind'][] = ['drops', 'drops-after-accepted']
/** What a review takes at most where nothing is wrong: 2 ms of round trip and 6 ms of the API server. */
const undisturbedMs = 8.1

function succeeded({ token, outcome }: SimulatedLogin): boolean {
  return (
    outcome.kind === 'reviewed' && outcome.verdict.authenticated && outcome.verdict.username === `of ${token}`
  )
}

/** A pool of two at 100 reviews a second, one of which falls silent at some moment and for good. */
async function silencedPool(
  seed: number,
  silence: Behaviour['kind'],
  slots: number,
): Promise<SimulatedPool & { silentAt: number }> {
  const pool = new SimulatedPool(seed)
  const [victim] = [pool.add({ slots }), pool.add({ slots })]
  const silentAt = 3000 + pool.random() * 3000
  pool.reviewRandomly(100, 20_000)
  pool.time.after(silentAt, () => {
    victim.behaviour = { kind: silence } as Behaviour
  })
  await pool.time.runUntil(31_000)
  return Object.assign(pool, { silentAt })
}

describe.each(silences)('a member of a pool of two that %s', (silence) => {
  test.each([1, 2])(
    'P2 is out of the choice after 3 late reviews or 2 s, with %d tunnels',
    async (slots) => {
      await fc.assert(
        fc.asyncProperty(seeds, async (seed) => {
          const pool = await silencedPool(seed, silence, slots)
          const late = pool.logins.filter((login) => tookMs(login) > undisturbedMs)
          const lastLateMs = Math.max(0, ...late.map(({ startedAt }) => startedAt)) - pool.silentAt
          expect(late.length <= 3 || lastLateMs <= 2000).toBe(true)
        }),
        { numRuns: 10 },
      )
    },
    60_000,
  )

  test('P3 costs no login, none more than a second, and none anything once it is ejected', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const pool = await silencedPool(seed, silence, 1)
        expect(pool.logins.length).toBeGreaterThan(1500)
        expect(pool.logins.every(succeeded)).toBe(true)
        expect(Math.max(...pool.logins.map(tookMs))).toBeLessThan(undisturbedMs + 1000)
        const ejectedAt = pool.eventsOf('ejected process')[0]?.at ?? Number.POSITIVE_INFINITY
        const after = pool.logins.filter(({ startedAt }) => startedAt > ejectedAt)
        expect(Math.max(0, ...after.map(tookMs))).toBeLessThan(undisturbedMs + 50)
      }),
      { numRuns: 10 },
    )
  }, 60_000)
})
