import { expect, it } from 'vitest'
import type { ExchangeOutcome } from '../http/exchange.ts'
import { keepWarm } from './keep-warm.ts'

const answer: ExchangeOutcome = { kind: 'answer', status: 200, headers: {}, body: '' }
const failure: ExchangeOutcome = { kind: 'failure', failure: 'timeout', detail: 'no complete answer in time' }

it('tells the first outcome and every change, and ends with the signal', async () => {
  const stop = new AbortController()
  const outcomes = [answer, answer, failure, 'throws', failure, answer] as const
  const told: string[] = []
  let asked = 0
  await keepWarm({
    warm: async () => {
      const outcome = outcomes[asked++]
      if (outcome === 'throws' || outcome === undefined) throw new Error('the token cannot be read')
      return outcome
    },
    onReachable: (outcome) => void told.push(outcome.kind),
    sleep: async () => {
      if (asked === outcomes.length) stop.abort()
    },
    signal: stop.signal,
  })
  expect(told).toEqual(['answer', 'failure', 'answer'])
})
