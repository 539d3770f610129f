import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { AttemptOutcome, ReviewAttempt } from '../../gateways/review-attempt.ts'
import { hashToken } from '../../gateways/token-hash.ts'
import {
  readReviewAnswer,
  readReviewMail,
  type RemoteReviewRequest,
  writeReviewRequest,
} from './remote-review.ts'
import { ServedReviews } from './served-reviews.ts'

const verdict: AttemptOutcome = { kind: 'reviewed', verdict: { authenticated: false, error: 'unknown' } }
const asked: RemoteReviewRequest = {
  processId: 'process-1',
  id: 7,
  gatewayId: 'gateway-1',
  organizationId: 'organization',
  token: 'a.b.c',
  audiences: ['x'],
  budgetMs: 1000,
  sentAtMs: 0,
  attempt: 2,
}

let attempts: ReviewAttempt[]
let mails: { topic: string; mail: unknown }[]
let outcome: Promise<AttemptOutcome>
let latenessMs: number
let isRoutable: boolean
let served: ServedReviews
let answer: (message: Uint8Array) => Promise<Uint8Array>

beforeEach(() => {
  attempts = []
  mails = []
  outcome = Promise.resolve(verdict)
  latenessMs = 0
  isRoutable = true
  served = new ServedReviews({
    bus: {
      publish: (topic, message) => mails.push({ topic, mail: readReviewMail(message) }),
      serve: (topic, given) => {
        if (topic !== 'tunnel.tunnel-1') throw new Error(`served on ${topic}`)
        answer = given
        return () => undefined
      },
    },
    clocks: { latenessMs: () => latenessMs },
    observer: { remoteReviewServed: () => undefined },
    elapsed: () => 0,
  })
  served.serve({
    tunnelId: 'tunnel-1',
    gatewayId: 'gateway-1',
    organizationId: 'organization',
    get isRoutable() {
      return isRoutable
    },
    review: (attempt) => {
      attempts.push(attempt)
      return outcome
    },
  })
  return () => served.close()
})

async function ask(change: Partial<RemoteReviewRequest> = {}): Promise<AttemptOutcome | undefined> {
  const answered = readReviewAnswer(await answer(writeReviewRequest({ ...asked, ...change })))
  return answered?.outcome
}

describe('a review that another replica asks for', () => {
  test('goes to that tunnel as it came, with what is left of its time', async () => {
    latenessMs = 40
    expect(await ask()).toEqual(verdict)
    expect(attempts).toMatchObject([
      { token: 'a.b.c', tokenHash: hashToken('a.b.c'), audiences: ['x'], budgetMs: 960, attempt: 2 },
    ])
  })

  test.each([
    ['T48: of another organization', { organizationId: 'other' }],
    ['of another gateway', { gatewayId: 'gateway-2' }],
  ])('goes nowhere when its tunnel should be one %s', async (_, change) => {
    expect(await ask(change)).toMatchObject({ kind: 'no-route' })
    expect(attempts).toEqual([])
  })

  test('goes nowhere when the tunnel takes nothing new, or its time is over', async () => {
    latenessMs = 1000
    expect(await ask()).toEqual({ kind: 'timed-out', accepted: false })
    latenessMs = 0
    isRoutable = false
    expect(await ask()).toMatchObject({ kind: 'no-route' })
    expect(attempts).toEqual([])
  })

  test('that cannot be read is answered so', async () => {
    const answered = readReviewAnswer(await answer(Buffer.from('{}')))
    expect(answered).toMatchObject({ id: 0, outcome: { kind: 'no-route' } })
  })

  test('is told to have been accepted only while it waits for its answer', async () => {
    const { promise, resolve } = Promise.withResolvers<AttemptOutcome>()
    outcome = promise
    const [first, second] = [ask(), ask({ id: 8 })]
    const quick = ask({ id: 9 })
    await vi.waitFor(() => expect(attempts).toHaveLength(3))
    attempts[0]?.onAccepted?.()
    attempts[1]?.onAccepted?.()
    await vi.waitFor(() => expect(mails).toHaveLength(1))
    expect(mails).toEqual([{ topic: 'process.process-1', mail: { kind: 'accepted', ids: [7, 8] } }])
    attempts[2]?.onAccepted?.()
    resolve(verdict)
    await Promise.all([first, second, quick])
    await new Promise((done) => {
      setTimeout(done, 20)
    })
    expect(mails).toHaveLength(1)
  })

  test('is withdrawn by the process that asked for it, and by no other', async () => {
    const { promise, resolve } = Promise.withResolvers<AttemptOutcome>()
    outcome = promise
    const waiting = ask()
    await vi.waitFor(() => expect(attempts).toHaveLength(1))
    served.cancelled({ kind: 'cancelled', processId: 'process-2', ids: [7] })
    served.cancelled({ kind: 'cancelled', processId: 'process-1', ids: [8] })
    expect(attempts[0]?.signal?.aborted).toBe(false)
    served.cancelled({ kind: 'cancelled', processId: 'process-1', ids: [7] })
    expect(attempts[0]?.signal?.aborted).toBe(true)
    resolve({ kind: 'cancelled' })
    expect(await waiting).toEqual({ kind: 'cancelled' })
  })
})
