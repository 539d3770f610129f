import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffLimits, freshHistory, nextStep, type BackoffHistory } from './backoff.ts'
import type { ReliefCause, RoundOutcome, TunnelRefusal } from './outcome.ts'

const refusal: TunnelRefusal = { code: 'busy', message: 'busy', permanent: false }
const unreachable: RoundOutcome = { kind: 'unreachable', hop: 'tcp', detail: '', remedy: '' }
const lost = (servedMs: number): RoundOutcome => ({
  kind: 'served',
  end: { kind: 'lost', detail: '' },
  servedMs,
  idleMs: 0,
})
const toldToLeave = (code: 'shutting-down' | 'replaced', reconnectAfterMs = 0): RoundOutcome => ({
  kind: 'served',
  end: { kind: 'told-to-leave', code, reason: '', reconnectAfterMs },
  servedMs: 60_000,
  idleMs: 0,
})

const relief = (cause: ReliefCause, servedMs: number): RoundOutcome => ({ kind: 'relief', cause, servedMs })

/** The longest wait that a step may draw. */
function longestWait(outcome: RoundOutcome, history: BackoffHistory, elapsed: number): number | string {
  const step = nextStep(outcome, history, elapsed, 1)
  return step.kind === 'dial' ? step.afterMs : step.kind
}

describe('after a round', () => {
  const fresh = freshHistory(0)
  const failing = (failures: number): BackoffHistory => ({ ...fresh, failures })
  const flapping = (flaps: number): BackoffHistory => ({ ...fresh, flaps })
  const old = 60_000
  test.each<[string, RoundOutcome, BackoffHistory, number, number | string]>([
    ['a stable session: at once, with a small jitter', lost(30_000), fresh, old, 250],
    ['a stable session after many flaps: as well', lost(30_000), flapping(9), old, 250],
    ['a short session: half a second', lost(29_999), fresh, old, 500],
    [
      'a short session after others that ended at once: no longer than theirs',
      lost(5000),
      flapping(3),
      old,
      2000,
    ],
    ['sessions that end at once: twice as long each', lost(1000), flapping(3), old, 4000],
    ['sessions that end at once without end: 30 s', lost(1000), flapping(50), old, 30_000],
    ['a failed dial: half a second', unreachable, fresh, old, 500],
    ['the fourth failed dial in a row', unreachable, failing(3), old, 4000],
    ['failed dials without end: 30 s', unreachable, failing(50), old, 30_000],
    ['failed dials of a young outage: 2 s', unreachable, failing(50), 14_999, 2000],
    ['a refusal: as a failed dial', { kind: 'refused', refusal }, failing(2), old, 2000],
    [
      'a refusal with a time to wait: that and a quarter',
      { kind: 'refused', refusal: { ...refusal, retryAfterMs: 8000 } },
      fresh,
      0,
      10_000,
    ],
    [
      'a refusal with a time longer than any timer: five minutes and a quarter',
      { kind: 'refused', refusal: { ...refusal, retryAfterMs: 0xffff_ffff } },
      fresh,
      0,
      375_000,
    ],
    [
      'a goodbye with a time longer than any timer: five minutes, with a small jitter',
      toldToLeave('shutting-down', 0xffff_ffff),
      fresh,
      old,
      300_250,
    ],
    [
      'a refusal for good: the end',
      { kind: 'refused', refusal: { ...refusal, permanent: true } },
      fresh,
      0,
      'end',
    ],
    ['a corrected clock: at once', { kind: 'clock-off', offsetMs: 1, refusal }, failing(9), old, 250],
    ['a word to leave: at once', toldToLeave('shutting-down'), fresh, old, 250],
    ['a word to leave and wait: what it says', toldToLeave('shutting-down', 3000), fresh, old, 3250],
    [
      'another process with this instance id: 15 s for each slot',
      toldToLeave('replaced'),
      fresh,
      old,
      30_250,
    ],
    ['another key, when one was refused: at once', { kind: 'key-replaced', refusal }, fresh, old, 250],
    ['the wish for relief: at once', relief('key-changed', 100), failing(3), old, 0],
    ['the wish for relief of a replica that drains: at once', relief('replica-drains', 5000), fresh, old, 0],
    [
      'a replica that drains what it has just welcomed: at once',
      relief('replica-drains', 100),
      fresh,
      old,
      0,
    ],
    ['the same once more: half a second', relief('replica-drains', 100), flapping(1), old, 500],
    ['a stop: nothing', { kind: 'stopped' }, fresh, old, 'stop'],
  ])('%s', (_, outcome, history, elapsed, expected) => {
    expect(longestWait(outcome, history, elapsed)).toBe(expected)
  })

  test('a session counts failures anew, and flaps only a stable one', () => {
    const history = { ...fresh, failures: 7, flaps: 2 }
    expect(nextStep(lost(1000), history, 99, 0)).toMatchObject({
      history: { failures: 0, flaps: 3, outageSince: 99 },
    })
    expect(nextStep(lost(30_000), history, 99, 0)).toMatchObject({ history: { failures: 0, flaps: 0 } })
  })

  test('the wait is anything from nothing to its bound, and never beyond 30 s', () => {
    fc.assert(
      fc.property(
        fc.nat(100),
        fc.nat(100),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, flaps, random) => {
          const step = nextStep(unreachable, { ...fresh, failures, flaps }, old, random)
          const wait = step.kind === 'dial' ? step.afterMs : Number.NaN
          expect(wait).toBeGreaterThanOrEqual(0)
          expect(wait).toBeLessThanOrEqual(backoffLimits.maxMs * random)
        },
      ),
    )
  })

  test('a server that asks for a wait is not dialled before', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (asked, random) => {
          const outcome: RoundOutcome = { kind: 'refused', refusal: { ...refusal, retryAfterMs: asked } }
          expect(nextStep(outcome, fresh, 0, random)).toSatisfy(
            (step: { afterMs: number }) => step.afterMs >= asked,
          )
        },
      ),
    )
  })
})
