import { describe, expect, test } from 'vitest'
import { judgeAccepted, judgeRefused } from './checked-logins.ts'

function replyFor(identityId: string): string {
  const claims = Buffer.from(JSON.stringify({ identityId })).toString('base64url')
  return JSON.stringify({ accessToken: `header.${claims}.signature` })
}

const rule = 'The login was refused: the name of the service account is not allowed for this identity'

describe('the answer to a login', () => {
  test.each([
    ['a token of the identity', 200, replyFor('a'), 'accepted'],
    ['a token of another identity', 200, replyFor('b'), 'wrong'],
    ['a 200 without a token', 200, '{}', 'wrong'],
    ['a refusal', 401, '{"message":"The login was refused"}', 'wrong'],
    ['a bug', 500, '{}', 'wrong'],
    ['a gateway that is away', 503, '{}', 'unavailable'],
    ['no answer', 0, 'socket hang up', 'unavailable'],
  ])('that must succeed: %s', (_what, status, text, kind) => {
    expect(judgeAccepted(status, text, 'a')).toBe(kind)
  })

  test.each([
    ['the rule that is not met', 401, rule, 'refused'],
    ['the refusal of a token that nobody vouches for', 401, 'The login was refused.', 'wrong'],
    ['a token', 200, replyFor('a'), 'wrong'],
    ['a cluster that cannot be asked', 503, '{}', 'unavailable'],
  ])('that must be refused: %s', (_what, status, text, kind) => {
    expect(judgeRefused(status, text)).toBe(kind)
  })
})
