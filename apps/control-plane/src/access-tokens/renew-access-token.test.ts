import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { createRenewAccessToken, renewalError } from './renew-access-token.ts'
import { createRevokeAccessToken } from './revoke-access-token.ts'
import type { AuditEvent } from '../audit/audit-event.ts'
import type { RevocationMarker } from './revocation-store.ts'
import {
  type TokenFixture,
  claimsIn,
  createTokenFixture,
  markedTokens,
  tokenRequest,
} from './test/access-token-fixtures.ts'
import { type CountedUses, createCountedUses } from './test/counted-uses.ts'

const clientIp = '198.51.100.1'

describe('renewing an access token', () => {
  let fixture: TokenFixture
  let uses: CountedUses
  let identity: { isDisabled: boolean } | undefined
  beforeEach(async () => {
    fixture = await createTokenFixture()
    uses = createCountedUses()
    identity = { isDisabled: false }
  })
  const renew = (token: string, ip = clientIp) =>
    createRenewAccessToken({
      checkToken: fixture.checkToken,
      uses,
      findIdentity: async () => identity,
      keys: fixture.keys,
      clock: fixture.clock,
    })(token, ip)
  const pass = (seconds: number) => fixture.clock.set(fixture.clock.nowMs() + seconds * 1000)
  async function renewed(token: string) {
    const renewal = await renew(token)
    if (renewal.kind !== 'renewed') throw new Error(`not renewed: ${renewal.refusal}`)
    return renewal.issued
  }

  it('T40: gives a new JWT of the same token with a later expiry', async () => {
    const { accessToken, tokenId } = await fixture.issuer.issue(tokenRequest())
    pass(1800)
    const issued = await renewed(accessToken)
    expect(issued).toMatchObject({ expiresInSeconds: 3600, maxTtlSeconds: 86_400, tokenId })
    const [before, after] = [claimsIn(accessToken), claimsIn(issued.accessToken)]
    expect(after).toEqual({ ...before, iat: Number(before['iat']) + 1800, exp: Number(before['exp']) + 1800 })
    expect(fixture.readToken(issued.accessToken).kind).toBe('authentic')
  })

  it('T40: never passes creation + maximum TTL, however often, and ends with a plain refusal', async () => {
    const { accessToken } = await fixture.issuer.issue(tokenRequest({ ttlSeconds: 600, maxTtlSeconds: 1500 }))
    const createdAt = Number(claimsIn(accessToken)['iat'])
    pass(500)
    const second = await renewed(accessToken)
    expect(second.expiresInSeconds).toBe(600)
    pass(500)
    const third = await renewed(second.accessToken)
    expect(third.expiresInSeconds).toBe(500)
    expect(claimsIn(third.accessToken)['exp']).toBe(createdAt + 1500)
    pass(100)
    expect(await renew(third.accessToken)).toMatchObject({ kind: 'refused', refusal: 'budget-exhausted' })
    expect(renewalError('budget-exhausted')).toMatchObject({
      code: 'Unauthorized',
      message: expect.stringContaining('maximum lifetime'),
    })
  })

  it('T40: for any settings and moments, the expiry only grows and stays within every bound', async () => {
    const seconds = fc.integer({ min: 1, max: 5000 })
    await fc.assert(
      fc.asyncProperty(
        seconds,
        fc.integer({ min: 0, max: 20_000 }),
        fc.array(seconds),
        async (ttl, max, waits) => {
          const request = tokenRequest({ ttlSeconds: ttl, maxTtlSeconds: max })
          let token = (await fixture.issuer.issue(request)).accessToken
          const { iat } = claimsIn(token)
          for (const wait of waits) {
            pass(wait)
            const renewal = await renew(token)
            if (renewal.kind === 'refused') return
            const exp = Number(claimsIn(renewal.issued.accessToken)['exp'])
            expect(exp).toBeGreaterThan(Number(claimsIn(token)['exp']))
            expect(exp - Number(iat)).toBeLessThanOrEqual(max === 0 ? Infinity : max)
            token = renewal.issued.accessToken
          }
        },
      ),
    )
  })

  it('T40: with a period gives that much again, however old the token is', async () => {
    const settings = { ttlSeconds: 60, maxTtlSeconds: 60, periodSeconds: 3600 }
    let token = (await fixture.issuer.issue(tokenRequest(settings))).accessToken
    for (let renewals = 0; renewals < 50; renewals += 1) {
      pass(3000)
      const issued = await renewed(token)
      expect(issued).toMatchObject({ expiresInSeconds: 3600, maxTtlSeconds: 1_000_000_000 })
      token = issued.accessToken
    }
    pass(3600)
    expect(await renew(token)).toMatchObject({ refusal: 'expired' })
  })

  it('cannot extend a token whose TTL is its maximum TTL', async () => {
    const settings = { ttlSeconds: 2_592_000, maxTtlSeconds: 2_592_000 }
    const { accessToken } = await fixture.issuer.issue(tokenRequest(settings))
    pass(86_400)
    expect(await renew(accessToken)).toMatchObject({ refusal: 'budget-exhausted' })
  })

  it('in the second of the login waits for the next one, so that the expiry is later', async () => {
    fixture.clock.set(Math.floor(fixture.clock.nowMs() / 1000) * 1000 + 950)
    const { accessToken } = await fixture.issuer.issue(tokenRequest())
    const issued = await renewed(accessToken)
    expect(Number(claimsIn(issued.accessToken)['exp']) - Number(claimsIn(accessToken)['exp'])).toBe(1)
    expect(issued.expiresInSeconds).toBe(3600)
  })

  it('T40: refuses an expired, a revoked and an exhausted token', async () => {
    const expired = await fixture.issuer.issue(tokenRequest())
    pass(3600)
    expect(await renew(expired.accessToken)).toEqual({ kind: 'refused', refusal: 'expired' })

    const revoked = await fixture.issuer.issue(tokenRequest())
    const { tokenId } = revoked
    fixture.revoked.add({ scope: 'token', tokenId, revokedAtMs: 0, expiresAtMs: Infinity })
    expect(await renew(revoked.accessToken)).toMatchObject({ refusal: 'revoked' })

    const exhausted = await fixture.issuer.issue(tokenRequest({ numUsesLimit: 1 }))
    await uses.use({ tokenId: exhausted.tokenId, limit: 1, expiresAt: new Date() })
    pass(60)
    expect(await renew(exhausted.accessToken)).toMatchObject({ refusal: 'exhausted' })
  })

  it('spends no use', async () => {
    const { accessToken, tokenId } = await fixture.issuer.issue(tokenRequest({ numUsesLimit: 3 }))
    pass(60)
    await renewed(accessToken)
    expect(uses.of(tokenId)).toBe(0)
  })

  it('T46: refuses the token of a disabled or deleted identity', async () => {
    const { accessToken } = await fixture.issuer.issue(tokenRequest())
    pass(60)
    identity = { isDisabled: true }
    expect(await renew(accessToken)).toMatchObject({ refusal: 'identity-disabled' })
    identity = undefined
    expect(await renew(accessToken)).toMatchObject({ refusal: 'identity-unknown' })
    expect(renewalError('identity-unknown')).toMatchObject({ code: 'Unauthorized' })
    expect(renewalError('identity-disabled')).toMatchObject({ code: 'Unauthorized' })
  })

  it('T35: refuses an address that is not trusted, so that a stolen token cannot be kept alive', async () => {
    const { accessToken } = await fixture.issuer.issue(tokenRequest())
    pass(60)
    expect(await renew(accessToken, '198.51.100.1:80')).toMatchObject({ refusal: 'address-not-trusted' })
    expect(renewalError('address-not-trusted')).toMatchObject({ code: 'Forbidden' })
  })

  it('is reached by a revocation that another replica made before it', async () => {
    const request = tokenRequest()
    const { accessToken, tokenId } = await fixture.issuer.issue(request)
    pass(60)
    const issued = await renewed(accessToken)
    fixture.revoked.add({ scope: 'token', tokenId, revokedAtMs: 0, expiresAtMs: Infinity })
    expect(await fixture.checkToken(issued.accessToken, clientIp)).toMatchObject({ refusal: 'revoked' })
  })
})

describe('revoking an access token', () => {
  it.each([
    ['its TTL, which a renewal may just have started anew', { ttlSeconds: 600, maxTtlSeconds: 0 }, 700],
    ['the end of its budget', { ttlSeconds: 600, maxTtlSeconds: 650 }, 650],
    ['its period', { ttlSeconds: 60, maxTtlSeconds: 120, periodSeconds: 900 }, 1000],
    ['90 days, where it is not limited', { ttlSeconds: 0, maxTtlSeconds: 0 }, 7_776_100],
  ])('keeps the marker for %s', async (_what, settings, expectedSeconds) => {
    const fixture = await createTokenFixture()
    const createdAtMs = fixture.clock.nowMs()
    const learnt: RevocationMarker[] = []
    const recorded: AuditEvent[] = []
    const revokeToken = createRevokeAccessToken({
      readToken: fixture.readToken,
      revocations: {
        covers: (token) => fixture.revoked.covers(token),
        learn: (marker) => void learnt.push(marker),
      },
      commit: (change) =>
        change({ revocations: markedTokens, audit: { record: async (event) => void recorded.push(event) } }),
      clock: fixture.clock,
    })
    const origin = { requestId: 'request-1', ipAddress: '198.51.100.1' }
    const { accessToken, tokenId } = await fixture.issuer.issue(tokenRequest(settings))
    fixture.clock.set(createdAtMs + 100_000)
    expect(await revokeToken(accessToken, origin)).toMatchObject({ kind: 'revoked' })
    const expiresAtMs = (expectedSeconds - 100) * 1000
    expect(learnt).toEqual([{ scope: 'token', tokenId, revokedAtMs: 0, expiresAtMs }])
    fixture.revoked.add({ scope: 'token', tokenId, revokedAtMs: 0, expiresAtMs: Infinity })
    expect(await revokeToken(accessToken, origin)).toMatchObject({ kind: 'already-revoked' })
    expect([learnt.length, recorded.length]).toEqual([1, 1])
    expect(await revokeToken('junk', origin)).toEqual({ kind: 'refused', refusal: 'malformed' })
  })
})
