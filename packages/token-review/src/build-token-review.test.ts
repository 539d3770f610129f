import { expect, it } from 'vitest'
import { buildTokenReview } from './build-token-review.ts'

it('asks for the audiences that the rules require', () => {
  expect(buildTokenReview('t', ['vault']).spec).toEqual({ token: 't', audiences: ['vault'] })
})

it('leaves the audiences out when none is required, so that the API server checks its own', () => {
  expect(buildTokenReview('t', []).spec).toEqual({ token: 't' })
})
