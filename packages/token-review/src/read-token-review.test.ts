import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTokenReview } from './read-token-review.ts'

const answer = (status: unknown): unknown => ({
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenReview',
  status,
})
const user = {
  username: 'system:serviceaccount:payments:api',
  uid: 'u-1',
  groups: ['system:serviceaccounts'],
}

describe('reading the answer to a TokenReview', () => {
  it('returns who the cluster vouched for', () => {
    expect(readTokenReview(answer({ authenticated: true, user, audiences: ['vault'] }))).toEqual({
      kind: 'verdict',
      verdict: { authenticated: true, ...user, audiences: ['vault'] },
    })
  })

  it.each([
    ['no status.authenticated', {}, ''],
    ['authenticated false', { authenticated: false, error: 'token expired' }, 'token expired'],
    [
      'authenticated true beside an error',
      { authenticated: true, user, error: 'contradiction' },
      'contradiction',
    ],
  ])('is a denial for %s', (_title, status, error) => {
    expect(readTokenReview(answer(status))).toEqual({
      kind: 'verdict',
      verdict: { authenticated: false, error },
    })
  })

  it.each([
    ['null', null],
    ['a list', []],
    ['a Status object', { kind: 'Status', status: 'Failure' }],
    ['no status', { kind: 'TokenReview' }],
    ['status null', answer(null)],
    ['authenticated as text', answer({ authenticated: 'true', user })],
    ['no user', answer({ authenticated: true })],
    ['an empty username', answer({ authenticated: true, user: { ...user, username: '' } })],
    ['a username that is a list', answer({ authenticated: true, user: { ...user, username: ['a'] } })],
    ['T1: audiences as text', answer({ authenticated: true, user, audiences: 'vault' })],
    ['T1: an audience that is an object', answer({ authenticated: true, user, audiences: [{}] })],
    [
      'T1: 33 audiences',
      answer({ authenticated: true, user, audiences: Array.from({ length: 33 }, String) }),
    ],
    [
      'T1: an audience of 513 characters',
      answer({ authenticated: true, user, audiences: ['x'.repeat(513)] }),
    ],
    [
      '65 groups',
      answer({ authenticated: true, user: { ...user, groups: Array.from({ length: 65 }, String) } }),
    ],
    ['a numeric error', answer({ authenticated: false, error: 7 })],
  ])('is malformed for %s', (_title, body) => {
    expect(readTokenReview(body).kind).toBe('malformed')
  })

  it('T1: treats missing audiences as none named', () => {
    const read = readTokenReview(answer({ authenticated: true, user }))
    expect(read).toMatchObject({ verdict: { audiences: [] } })
  })

  it('never throws and never authenticates without a literal true', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (status, authenticated) => {
        expect(() => readTokenReview(answer(status))).not.toThrow()
        fc.pre(authenticated !== true)
        const read = readTokenReview(answer({ authenticated, user }))
        expect(read.kind === 'verdict' && read.verdict.authenticated).toBe(false)
      }),
    )
  })
})
