import { beforeEach, describe, expect, it } from 'vitest'
import { ApiError } from '../http/api-error.ts'
import type { RevocationSubject } from './revocation-store.ts'
import { type TokenFixture, createTokenFixture, tokenRequest } from './test/access-token-fixtures.ts'
import { type CountedUses, createCountedUses } from './test/counted-uses.ts'
import { TrustedIpLookup } from './trusted-ip-lookup.ts'
import { type AccessTokenVerifier, createAccessTokenVerifier } from './verify-access-token.ts'

const clientIp = '198.51.100.1'

describe('verifying an access token', () => {
  let fixture: TokenFixture
  let uses: CountedUses
  let verifier: AccessTokenVerifier
  beforeEach(async () => {
    fixture = await createTokenFixture()
    uses = createCountedUses()
    verifier = createAccessTokenVerifier({ checkToken: fixture.checkToken, uses })
  })

  it('tells whose token it is', async () => {
    const request = tokenRequest()
    const { accessToken, tokenId } = await fixture.issuer.issue(request)
    expect(await verifier.verify(accessToken, clientIp)).toEqual({
      tokenId,
      identityId: request.identityId,
      identityName: 'payments',
      organizationId: request.organizationId,
      authMethod: 'kubernetes-auth',
      expiresAt: new Date(fixture.clock.nowMs() + 3_600_000),
    })
  })

  it('refuses junk and expired tokens with 401', async () => {
    const { accessToken } = await fixture.issuer.issue(tokenRequest())
    await expect(verifier.verify(`${accessToken}x`, clientIp)).rejects.toMatchObject({ code: 'Unauthorized' })
    fixture.clock.set(fixture.clock.nowMs() + 3_600_000)
    await expect(verifier.verify(accessToken, clientIp)).rejects.toMatchObject({
      code: 'Unauthorized',
      message: 'The access token has expired: log in again',
    })
  })

  it('spends no use where whoever it belongs to is not admitted, and admits nobody by a token that is refused', async () => {
    const request = tokenRequest({ numUsesLimit: 1 })
    const { accessToken } = await fixture.issuer.issue(request)
    const admitted: string[] = []
    const refusing = (): never => {
      throw new ApiError('RateLimitExceeded', 'slow down')
    }
    await expect(verifier.verify(accessToken, clientIp, refusing)).rejects.toMatchObject({
      code: 'RateLimitExceeded',
    })
    const admit = (identityId: string): void => void admitted.push(identityId)
    await verifier.verify(accessToken, clientIp, admit)
    await expect(verifier.verify(`${accessToken}x`, clientIp, admit)).rejects.toMatchObject({
      code: 'Unauthorized',
    })
    expect(admitted).toEqual([request.identityId])
  })

  it('T41: refuses what a revocation of any scope covers, and nothing that was created after it', async () => {
    const request = tokenRequest()
    const { identityId, organizationId } = request
    const before = await fixture.issuer.issue(request)
    const revokedAtMs = fixture.clock.nowMs()
    const subjects: RevocationSubject[] = [
      { scope: 'token', tokenId: before.tokenId },
      { scope: 'identity', identityId },
      { scope: 'auth-method', identityId, authMethod: 'kubernetes-auth' },
      { scope: 'organization', organizationId },
    ]
    for (const subject of subjects) {
      const { accessToken } = await fixture.issuer.issue(request)
      const token = subject.scope === 'token' ? before.accessToken : accessToken
      fixture.revoked.add({ ...subject, revokedAtMs, expiresAtMs: revokedAtMs + 1000 })
      await expect(verifier.verify(token, clientIp)).rejects.toMatchObject({
        code: 'Unauthorized',
        message: 'The access token has been revoked: log in again',
      })
      fixture.revoked.removeExpired(revokedAtMs + 1000)
      expect((await verifier.verify(token, clientIp)).identityId).toBe(identityId)
      fixture.revoked.add({ ...subject, revokedAtMs, expiresAtMs: revokedAtMs + 1000 })
      fixture.clock.set(revokedAtMs + 1)
      const after = await fixture.issuer.issue(request)
      expect((await verifier.verify(after.accessToken, clientIp)).tokenId).toBe(after.tokenId)
      fixture.revoked.removeExpired(revokedAtMs + 1000)
      fixture.clock.set(revokedAtMs)
    }
  })

  it('spares the other identities, auth methods and organizations', async () => {
    const { accessToken } = await fixture.issuer.issue(tokenRequest())
    const other = tokenRequest()
    const times = { revokedAtMs: fixture.clock.nowMs(), expiresAtMs: Infinity }
    fixture.revoked.add({ ...times, scope: 'identity', identityId: other.identityId })
    fixture.revoked.add({ ...times, scope: 'organization', organizationId: other.organizationId })
    const { identityId } = await verifier.verify(accessToken, clientIp)
    fixture.revoked.add({ ...times, scope: 'auth-method', identityId, authMethod: 'token-auth' })
    expect((await verifier.verify(accessToken, clientIp)).identityId).toBe(identityId)
  })

  it('answers 503 with Retry-After, not a guess, when revocations are not known', async () => {
    const { accessToken } = await fixture.issuer.issue(tokenRequest())
    fixture.feed.isFresh = false
    await expect(verifier.verify(accessToken, clientIp)).rejects.toMatchObject({
      code: 'ServiceUnavailable',
      retryAfterSeconds: 1,
    })
  })

  it('counts uses, and refuses the one too many with 401', async () => {
    const { accessToken, tokenId } = await fixture.issuer.issue(tokenRequest({ numUsesLimit: 2 }))
    await verifier.verify(accessToken, clientIp)
    await verifier.verify(accessToken, clientIp)
    await expect(verifier.verify(accessToken, clientIp)).rejects.toMatchObject({
      code: 'Unauthorized',
      message: expect.stringContaining('used as often'),
    })
    expect(uses.of(tokenId)).toBe(2)
  })

  it('T39: refuses an untrusted address with 403 and spends no use', async () => {
    const { accessToken, tokenId } = await fixture.issuer.issue(tokenRequest({ numUsesLimit: 1 }))
    fixture.trusted.list = [{ ipAddress: '203.0.113.0', type: 'ipv4', prefix: 24 }]
    for (const ip of [clientIp, 'unknown', '']) {
      await expect(verifier.verify(accessToken, ip)).rejects.toMatchObject({ code: 'Forbidden' })
    }
    expect(uses.of(tokenId)).toBe(0)
    await verifier.verify(accessToken, '203.0.113.9')
    expect(uses.of(tokenId)).toBe(1)
  })

  it('refuses the tokens of an auth method that is gone', async () => {
    const { accessToken } = await fixture.issuer.issue(tokenRequest())
    fixture.trusted.list = undefined
    await expect(verifier.verify(accessToken, clientIp)).rejects.toMatchObject({ code: 'Unauthorized' })
  })

  it('says nothing of the token in any refusal (T31)', async () => {
    const { accessToken } = await fixture.issuer.issue(tokenRequest())
    fixture.trusted.list = []
    const refusals = await Promise.all(
      [`${accessToken}x`, accessToken].map(async (token) => {
        const error: unknown = await verifier.verify(token, clientIp).catch((refused: unknown) => refused)
        return String(error) + JSON.stringify(error)
      }),
    )
    for (const part of accessToken.split('.')) {
      for (const refusal of refusals) expect(refusal).not.toContain(part.slice(0, 16))
    }
  })
})

describe('trusted addresses', () => {
  it('are those of now, for tokens that were issued under others', async () => {
    const fixture = await createTokenFixture()
    const { accessToken } = await fixture.issuer.issue(tokenRequest())
    const kind = async (ip: string) => (await fixture.checkToken(accessToken, ip)).kind
    fixture.trusted.list = [{ ipAddress: '203.0.113.0', type: 'ipv4', prefix: 24 }]
    expect([await kind(clientIp), await kind('203.0.113.9')]).toEqual(['refused', 'good'])
    fixture.trusted.list = [{ ipAddress: '198.51.100.0', type: 'ipv4', prefix: 24 }]
    expect([await kind(clientIp), await kind('203.0.113.9')]).toEqual(['good', 'refused'])
  })

  it('that cannot be read trust nobody', async () => {
    const lookup = new TrustedIpLookup(() => Promise.reject(new Error('no database')))
    await expect(lookup.trustOf('identity', 'kubernetes-auth', clientIp)).rejects.toThrow('no database')
  })
})
