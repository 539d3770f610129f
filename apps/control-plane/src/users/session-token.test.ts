import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createSecretToken, hashSecretToken, isSecretToken } from './secret-token.ts'
import { createSessionToken, dressSessionToken, sessionTokenIn } from './session-token.ts'

const hints = {
  sessionId: 'session-1',
  userId: 'user-1',
  organizationId: 'org-1',
  expiresAt: new Date('2030-01-01T00:00:00.900Z'),
}

it('a dressed token is read by clients as a JWT, with a time in whole seconds', () => {
  const token = createSessionToken()
  const parts = dressSessionToken(token, hints).split('.')
  expect(parts).toHaveLength(3)
  const [header, claims] = parts
    .slice(0, 2)
    .map((part): unknown => JSON.parse(Buffer.from(part, 'base64url').toString()))
  expect(header).toEqual({ alg: 'none', typ: 'JWT' })
  expect(claims).toEqual({
    authTokenType: 'accessToken',
    userId: 'user-1',
    tokenVersionId: 'session-1',
    organizationId: 'org-1',
    exp: 1_893_456_000,
  })
  expect(parts[2]).toBe(token)
})

it('a token is found again however it is dressed', () => {
  fc.assert(
    fc.property(fc.string(), (prefix) => {
      const token = createSessionToken()
      expect(sessionTokenIn(token)).toBe(token)
      expect(sessionTokenIn(`${prefix}.${token}`)).toBe(token)
    }),
  )
})

it('nothing else is taken for a session’s token', () => {
  const token = createSessionToken()
  const others = [
    '',
    'pst_',
    token.slice(0, -1),
    `${token}A`,
    `${token}.`,
    `${token}.x`,
    token.toUpperCase(),
    createSecretToken('pinv_'),
    createSecretToken('prst_'),
    `e30.e30.${'A'.repeat(86)}`,
  ]
  expect(others.filter((text) => sessionTokenIn(text) !== undefined)).toEqual([])
})

it('tokens differ, are known by their prefix, and are kept as SHA-256', () => {
  const [one, other] = [createSecretToken('pinv_'), createSecretToken('pinv_')]
  expect(one).not.toBe(other)
  expect([isSecretToken(one, 'pinv_'), isSecretToken(one, 'prst_')]).toEqual([true, false])
  expect(hashSecretToken('abc').toString('hex')).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})
