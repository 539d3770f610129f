import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readLiveToken, tokenFingerprint, withoutToken } from './live-token.ts'

const nowMs = 1_000_000
const segment = (text: string): string => Buffer.from(text).toString('base64url')
const tokenOf = (payload: unknown, header: unknown = {}): string =>
  `${segment(JSON.stringify(header))}.${segment(JSON.stringify(payload))}.c2ln`
const reasonOf = (jwt: string): string | undefined => {
  const result = readLiveToken(jwt, nowMs)
  return result.ok ? undefined : result.denial.reason
}

describe('what cannot be a live token', () => {
  it.each([
    ['nothing', ''],
    ['spaces', '  \n'],
    ['one segment', 'abc'],
    ['two segments', `${segment('{}')}.${segment('{}')}`],
    ['four segments', `${tokenOf({})}.x`],
    ['no signature', `${segment('{}')}.${segment('{}')}.`],
    ['standard base64', `${segment('{}')}.${segment('{}')}.a+b/`],
    ['padding', `${segment('{}')}.${segment('{}')}.YQ==`],
    ['a newline inside', `${segment('{}')}.\n${segment('{}')}.c2ln`],
    ['a second line', `${tokenOf({})}\n${tokenOf({})}`],
    ['a NUL', `${tokenOf({})}\0`],
    ['a header that is no JSON', `x.${segment('{}')}.c2ln`],
    ['a payload that is no JSON', `${segment('{}')}.x.c2ln`],
    ['a payload that is a list', tokenOf([])],
    ['a payload that is null', tokenOf(null)],
    ['a header that is text', tokenOf({}, 'alg')],
    ['an expiry that is text', tokenOf({ exp: '9999999999' })],
    ['an expiry that is null', tokenOf({ exp: null })],
    ['8,193 characters', tokenOf({ pad: 'x'.repeat(6200) }).slice(0, 8192) + 'x'.repeat(100)],
  ])('T26: %s is malformed', (_title, jwt) => {
    expect(reasonOf(jwt)).toBe('token-malformed')
  })

  it.each([0, -1, 999, 1000])('T26: expired at %d, when it is 1000', (exp) => {
    expect(reasonOf(tokenOf({ exp }))).toBe('token-expired')
  })
})

describe('what could be a live token', () => {
  it.each([
    ['one that expires in a second', tokenOf({ exp: 1001 })],
    ['one without an expiry', tokenOf({})],
    ['one whose claims are nonsense', tokenOf({ exp: 1001, sub: 7, aud: {} })],
  ])('%s', (_title, jwt) => {
    expect(readLiveToken(`\n ${jwt}\n`, nowMs)).toEqual({ ok: true, value: jwt })
  })

  it('never throws, and only lets through what fits into a header', () => {
    const soup = fc.string({
      unit: fc.constantFrom('e', '3', '0', '.', '-', '_', '=', '\n', '{', 'é'),
      maxLength: 40,
    })
    const shaped = fc
      .tuple(fc.jsonValue(), fc.jsonValue())
      .map(([header, payload]) => tokenOf(payload, header))
    fc.assert(
      fc.property(fc.oneof(soup, shaped), (jwt) => {
        const result = readLiveToken(jwt, nowMs)
        expect(result.ok ? result.value : 'a.b.c').toMatch(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}$/)
      }),
    )
  })
})

describe('what may be shown of a token', () => {
  it('T31: twelve hex digits of its hash, the same for the raw file', () => {
    const jwt = tokenOf({})
    expect(tokenFingerprint(`${jwt}\n`)).toBe(tokenFingerprint(jwt))
    expect(tokenFingerprint(jwt)).toMatch(/^[0-9a-f]{12}$/)
  })

  it('T31: no piece of eight characters or more survives in somebody else’s text', () => {
    const jwt = tokenOf({ sub: 'system:serviceaccount:payments:api', pad: 'abcdefghijklmnop' })
    fc.assert(
      fc.property(fc.nat(jwt.length - 8), fc.integer({ min: 8, max: 60 }), (start, length) => {
        const piece = jwt.slice(start, start + length)
        const shown = withoutToken(`error: "${piece}" is bad`, jwt)
        for (const run of piece.split('.').filter((part) => part.length >= 8))
          expect(shown).not.toContain(run)
      }),
    )
  })

  it('leaves other words alone', () => {
    const text = 'token audiences ["other-audience"] is invalid for the target audiences ["vault"]'
    expect(withoutToken(text, tokenOf({}))).toBe(text)
  })
})
