import { beforeEach, describe, expect, it } from 'vitest'
import {
  type TokenFixture,
  claimsIn,
  createTokenFixture,
  issuerUrl,
  tokenRequest,
} from './test/access-token-fixtures.ts'
import { parseTrustedIp } from './trusted-ips.ts'

describe('an issued access token', () => {
  let fixture: TokenFixture
  beforeEach(async () => {
    fixture = await createTokenFixture()
  })

  it('carries what the contract’s clients decode, and whole numbers only (T40)', async () => {
    fixture.clock.set(1_900_000_000_123)
    const request = tokenRequest({ numUsesLimit: 7 })
    const issued = await fixture.issuer.issue(request)
    const { identityId, organizationId } = request
    expect(claimsIn(issued.accessToken)).toEqual({
      iss: issuerUrl,
      sub: identityId,
      jti: issued.tokenId,
      iat: 1_900_000_000,
      exp: 1_900_003_600,
      identityId,
      identityName: 'payments',
      authMethod: 'kubernetes-auth',
      orgId: organizationId,
      rootOrgId: organizationId,
      parentOrgId: organizationId,
      clientSecretId: '',
      identityAccessTokenId: issued.tokenId,
      authTokenType: 'identityAccessToken',
      accessTokenTTL: 3600,
      accessTokenMaxTTL: 86_400,
      accessTokenPeriod: 0,
      creationEpoch: 1_900_000_000,
      creationEpochMs: 1_900_000_000_123,
      numUsesLimit: 7,
      ipRestrictionEnabled: false,
      identityAuth: { kubernetes: { namespace: 'shop', name: 'payments' } },
    })
    expect(issued).toMatchObject({ expiresInSeconds: 3600, maxTtlSeconds: 86_400 })
  })

  it.each([
    [
      { ttlSeconds: 0, maxTtlSeconds: 0 },
      { expiresInSeconds: 7_776_000, maxTtlSeconds: 1_000_000_000 },
    ],
    [
      { ttlSeconds: 2_592_000, maxTtlSeconds: 2_592_000 },
      { expiresInSeconds: 2_592_000, maxTtlSeconds: 2_592_000 },
    ],
    [
      { ttlSeconds: 315_360_000, maxTtlSeconds: 315_360_000 },
      { expiresInSeconds: 7_776_000, maxTtlSeconds: 315_360_000 },
    ],
    [
      { ttlSeconds: 0, maxTtlSeconds: 60 },
      { expiresInSeconds: 60, maxTtlSeconds: 60 },
    ],
  ])('under %j is announced as %j', async (settings, expected) => {
    expect(await fixture.issuer.issue(tokenRequest(settings))).toMatchObject(expected)
  })

  it('is revoked by when what it rests on was read, and lives from when it was made', async () => {
    fixture.clock.set(1_900_000_001_100)
    const request = { ...tokenRequest(), createdAtMs: 1_900_000_000_200 }
    expect(claimsIn((await fixture.issuer.issue(request)).accessToken)).toMatchObject({
      iat: 1_900_000_001,
      exp: 1_900_003_601,
      creationEpoch: 1_900_000_001,
      creationEpochMs: 1_900_000_000_200,
    })
  })

  it('says so when addresses are restricted', async () => {
    const office = parseTrustedIp('203.0.113.0/24')
    if ('problem' in office) throw new Error(office.problem)
    const { accessToken } = await fixture.issuer.issue(tokenRequest({ trustedIps: [office] }))
    expect(claimsIn(accessToken)['ipRestrictionEnabled']).toBe(true)
  })

  it('has an id of its own each time', async () => {
    const request = tokenRequest()
    const [one, two] = await Promise.all([fixture.issuer.issue(request), fixture.issuer.issue(request)])
    expect(one.tokenId).not.toBe(two.tokenId)
  })
})
