import { createHmac, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseGatewayToken } from './gateway-token.ts'
import { createTestKey, encodePart, signGatewayToken, type TokenChanges } from './test/gateway-tokens.ts'

const key = createTestKey()
const gatewayId = randomUUID()
const nowMs = Date.UTC(2026, 10, 22, 12)
const iat = nowMs / 1000

function token(changes: TokenChanges = {}): string {
  return signGatewayToken(key, gatewayId, 'https://postern.example.com', nowMs, changes)
}

function problemOf(text: string): string {
  const parsed = parseGatewayToken(text)
  return parsed.ok ? 'none' : parsed.problem
}

it('reads what a gateway signs', () => {
  const parsed = parseGatewayToken(token({ claims: { jti: 'abcdefghijklmnop' } }))
  expect(parsed).toMatchObject({
    ok: true,
    token: {
      keyId: key.keyId,
      gatewayId,
      audiences: ['https://postern.example.com'],
      issuedAtSeconds: iat,
      expiresAtSeconds: iat + 60,
      tokenId: 'abcdefghijklmnop',
    },
  })
})

describe('T43 refuses whatever would let the token choose how it is verified', () => {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.publicKey }
  it.each<[string, Record<string, unknown>, string]>([
    ['alg none', { alg: 'none' }, 'alg EdDSA'],
    ['alg NONE', { alg: 'NONE' }, 'alg EdDSA'],
    ['alg HS256', { alg: 'HS256' }, 'alg EdDSA'],
    ['alg RS256', { alg: 'RS256' }, 'alg EdDSA'],
    ['alg in another case', { alg: 'eddsa' }, 'alg EdDSA'],
    ['alg as a list', { alg: ['EdDSA'] }, 'alg EdDSA'],
    ['no alg', { alg: undefined }, 'alg EdDSA'],
    ['an embedded jwk', { jwk }, 'header members'],
    ['a jku', { jku: 'https://attacker.example/keys' }, 'header members'],
    ['an x5u', { x5u: 'https://attacker.example/chain' }, 'header members'],
    ['an x5c', { x5c: ['MIIB'] }, 'header members'],
    ['a crit', { crit: ['exp'] }, 'header members'],
    ['an unencoded payload (b64)', { b64: false, crit: ['b64'] }, 'header members'],
    ['no kid', { kid: undefined }, 'kid'],
    ['a kid that is a path', { kid: '../../dev/null' }, 'kid'],
    ['a kid that is a list', { kid: [key.keyId] }, 'kid'],
    ['a typ of something else', { typ: 'at+jwt' }, 'typ'],
  ])('%s', (_name, header, problem) => {
    expect(problemOf(token({ header }))).toContain(problem)
  })

  it('an HMAC with the public key as its secret', () => {
    const signedPart = token({ header: { alg: 'HS256' } })
      .split('.')
      .slice(0, 2)
      .join('.')
    const mac = createHmac('sha256', key.raw).update(signedPart).digest('base64url')
    expect(problemOf(`${signedPart}.${mac}`)).toContain('alg EdDSA')
  })
})

describe('refuses claims that no gateway makes', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['no sub', { sub: undefined }, 'sub'],
    ['a sub that is no id', { sub: 'gateway' }, 'sub'],
    ['an upper-case sub', { sub: gatewayId.toUpperCase().replaceAll(/\d/g, 'A') }, 'sub'],
    ['no aud', { aud: undefined }, 'aud'],
    ['an empty list of aud', { aud: [] }, 'aud'],
    ['an aud of numbers', { aud: [1] }, 'aud'],
    ['nine aud', { aud: Array.from({ length: 9 }, () => 'a') }, 'aud'],
    ['no iat', { iat: undefined }, 'iat and exp'],
    ['exp as text', { exp: String(iat + 60) }, 'iat and exp'],
    ['fractions', { exp: iat + 0.5 }, 'iat and exp'],
    ['an exp beyond every calendar', { iat: 2 ** 52, exp: 2 ** 52 + 1 }, 'iat and exp'],
    ['61 seconds of life', { exp: iat + 61 }, '1 to 60 seconds'],
    ['an end before its beginning', { exp: iat - 1 }, '1 to 60 seconds'],
    ['an nbf of its own', { nbf: iat + 1 }, 'nbf'],
    ['no jti', { jti: undefined }, 'jti'],
    ['a short jti', { jti: 'abc' }, 'jti'],
    ['a jti with a NUL', { jti: 'abcdefghijklmnop\0' }, 'jti'],
    ['a jti with a newline', { jti: 'abcdefghijklmnop\n' }, 'jti'],
  ])('%s', (_name, claims, problem) => {
    expect(problemOf(token({ claims }))).toContain(problem)
  })
})

it.each([
  ['nothing', ''],
  ['two parts', 'a.b'],
  ['four parts', `${token()}.x`],
  ['padding', `${token()}==`],
  ['a space before', ` ${token()}`],
  ['a newline after', `${token()}\n`],
  ['a header that is a list', token().replace(/^[^.]*/, encodePart([]))],
  ['a header that is null', token().replace(/^[^.]*/, encodePart(null))],
  ['a header that is no UTF-8', token().replace(/^[^.]*/, Buffer.from([0xff, 0xfe]).toString('base64url'))],
  ['an empty signature', token().replace(/[^.]*$/, '')],
  ['a signature of 63 bytes', token().replace(/[^.]*$/, Buffer.alloc(63).toString('base64url'))],
  ['3 KB', token({ claims: { filler: 'x'.repeat(3000) } })],
])('refuses %s', (_name, text) => {
  expect(parseGatewayToken(text).ok).toBe(false)
})

it('answers any text without throwing and never accepts it', () => {
  const part = fc.oneof(
    fc.string(),
    fc.base64String(),
    fc.json().map((text) => Buffer.from(text).toString('base64url')),
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.tuple(part, part, part).map((parts) => parts.join('.')),
      ),
      (text) => {
        expect(parseGatewayToken(text).ok).toBe(false)
      },
    ),
  )
})

it('reads back whatever a gateway may sign, and what was signed byte for byte', () => {
  const audience = fc.string({ minLength: 1, maxLength: 40 })
  const second = fc.integer({ min: 0, max: 2 ** 39 })
  const arbitrary = fc.record({ audience, second, life: fc.integer({ min: 1, max: 60 }), sub: fc.uuid() })
  fc.assert(
    fc.property(arbitrary, ({ audience, second, life, sub }) => {
      const text = signGatewayToken(key, sub, audience, second * 1000, { claims: { exp: second + life } })
      const parsed = parseGatewayToken(text)
      if (!parsed.ok) throw new Error(parsed.problem)
      const { gatewayId, audiences, issuedAtSeconds, expiresAtSeconds, signedPart, signature } = parsed.token
      expect([gatewayId, ...audiences, issuedAtSeconds, expiresAtSeconds]).toEqual([
        sub,
        audience,
        second,
        second + life,
      ])
      expect(`${signedPart.toString()}.${signature.toString('base64url')}`).toBe(text)
    }),
  )
})

it('has no second spelling: a token with any one character changed is refused or says something else', () => {
  const text = token()
  const original = parseGatewayToken(text)
  const changed = fc.record({
    at: fc.nat(text.length - 1),
    by: fc.constantFrom('A', 'a', '0', '-', '_', '.', '=', '+', ' ', '\n'),
  })
  fc.assert(
    fc.property(changed, ({ at, by }) => {
      fc.pre(text[at] !== by)
      const parsed = parseGatewayToken(text.slice(0, at) + by + text.slice(at + 1))
      expect(parsed.ok && original.ok ? parsed.token : undefined).not.toEqual(original.ok && original.token)
    }),
    { numRuns: 500 },
  )
})
