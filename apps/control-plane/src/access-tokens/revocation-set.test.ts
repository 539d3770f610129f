import { describe, expect, it } from 'vitest'
import { type RevocableToken, RevocationSet } from './revocation-set.ts'

const token: RevocableToken = {
  tokenId: 'token',
  identityId: 'identity',
  authMethod: 'kubernetes-auth',
  organizationId: 'organization',
  clientSecretId: 'client-secret',
  createdAtMs: 1000,
}

describe('a set of revocations', () => {
  it.each([
    [999, false],
    [1000, true],
    [1001, true],
  ])('T41: of an identity at %d ms covers a token created at 1000 ms: %s', (revokedAtMs, expected) => {
    const set = new RevocationSet()
    set.add({ scope: 'identity', identityId: 'identity', revokedAtMs, expiresAtMs: 5000 })
    expect(set.covers(token)).toBe(expected)
  })

  it('keeps the later of two revocations, in whatever order they are heard of', () => {
    for (const times of [
      [500, 1500],
      [1500, 500],
    ]) {
      const set = new RevocationSet()
      for (const revokedAtMs of times) {
        set.add({ scope: 'organization', organizationId: 'organization', revokedAtMs, expiresAtMs: 5000 })
      }
      expect(set.covers(token)).toBe(true)
      expect(set.size).toBe(1)
    }
  })

  it('T41: of a client secret covers the tokens that it led to, and no others', () => {
    const set = new RevocationSet()
    set.add({ scope: 'client-secret', clientSecretId: 'client-secret', revokedAtMs: 1000, expiresAtMs: 5000 })
    expect(set.covers(token)).toBe(true)
    expect(set.covers({ ...token, createdAtMs: 1001 })).toBe(false)
    expect(set.covers({ ...token, clientSecretId: 'another' })).toBe(false)
    expect(set.covers({ ...token, clientSecretId: '' })).toBe(false)
  })

  it('does not take an identity for an organization of the same id', () => {
    const set = new RevocationSet()
    set.add({ scope: 'organization', organizationId: 'identity', revokedAtMs: 2000, expiresAtMs: 5000 })
    set.add({ scope: 'token', tokenId: 'identity', revokedAtMs: 2000, expiresAtMs: 5000 })
    expect(set.covers(token)).toBe(false)
  })

  it('forgets what has expired', () => {
    const set = new RevocationSet()
    set.add({ scope: 'token', tokenId: 'token', revokedAtMs: 1000, expiresAtMs: 5000 })
    set.removeExpired(4999)
    expect(set.covers(token)).toBe(true)
    set.removeExpired(5000)
    expect(set.covers(token)).toBe(false)
    expect(set.size).toBe(0)
  })
})
