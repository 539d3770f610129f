import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AttemptOutcome } from '../../gateways/review-attempt.ts'
import {
  readReviewAnswer,
  readReviewMail,
  readReviewRequest,
  writeReviewAnswer,
  writeReviewMail,
  writeReviewRequest,
} from './remote-review.ts'

const vouched = { authenticated: true, username: 'u', uid: '1', groups: ['g'], audiences: [] } as const
const outcomes: AttemptOutcome[] = [
  { kind: 'reviewed', verdict: vouched },
  { kind: 'reviewed', verdict: { authenticated: false, error: 'unknown' } },
  { kind: 'failed', code: 'api-server-overloaded', detail: 'd', retryAfterMs: 5 },
  { kind: 'tunnel-lost', detail: 'd' },
  { kind: 'no-route', detail: 'd' },
  { kind: 'unsendable', detail: 'd' },
  { kind: 'mismatched' },
  { kind: 'full' },
  { kind: 'cancelled' },
  { kind: 'timed-out', accepted: true },
]

describe('a review between replicas', () => {
  test('is read as it was written', () => {
    const request = {
      processId: 'p',
      id: 7,
      gatewayId: 'g',
      organizationId: 'o',
      token: 'a.b.c',
      audiences: ['x'],
      budgetMs: 12.5,
      sentAtMs: 3,
      attempt: 1,
    }
    expect(readReviewRequest(writeReviewRequest(request))).toEqual(request)
    const mail = { kind: 'cancelled', processId: 'p', ids: [7] } as const
    expect(readReviewMail(writeReviewMail(mail))).toEqual(mail)
  })

  test.each(outcomes)('ends with %j', (outcome) => {
    const answer = { id: 7, outcome, tookMs: 1.5 }
    expect(readReviewAnswer(writeReviewAnswer(answer))).toEqual(answer)
  })

  test('that failed for a reason of a later version failed for none that is known', () => {
    const outcome = { kind: 'failed', code: 'sunspots', detail: 'd', retryAfterMs: 0 }
    const answer = readReviewAnswer(Buffer.from(JSON.stringify({ id: 7, outcome, tookMs: 1 })))
    expect(answer?.outcome).toMatchObject({ kind: 'failed', code: 'unspecified' })
  })

  test.each([
    ['an outcome of no kind', { kind: 'perhaps' }],
    ['a verdict that vouches for nobody', { kind: 'reviewed', verdict: { authenticated: true } }],
    ['a verdict of another type', { kind: 'reviewed', verdict: { ...vouched, authenticated: 'true' } }],
    ['groups that are no list', { kind: 'reviewed', verdict: { ...vouched, groups: 'system:masters' } }],
  ])('has no answer in %s', (_, outcome) => {
    expect(readReviewAnswer(Buffer.from(JSON.stringify({ id: 7, outcome, tookMs: 1 })))).toBeUndefined()
  })

  test('is none in anything else that comes', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((text) => Buffer.from(text)),
    )
    const readers = [readReviewRequest, readReviewAnswer, readReviewMail]
    fc.assert(
      fc.property(anything, (message) => {
        for (const read of readers) expect(read(message)).toBeUndefined()
      }),
    )
  })
})
