import { createAccessTokenVerifier } from '../verify-access-token.ts'
import { createTokenFixture, tokenRequest } from './access-token-fixtures.ts'
import { createCountedUses } from './counted-uses.ts'

export interface WarmCheckFigures {
  checks: number
  /** Of one check, on one core: the median of rounds of a thousand. */
  microsPerCheck: number
}

const checksPerRound = 1000

/**
 * How long it takes to verify a token that was verified before, as each request does it: signature and claims are
 * remembered; its key, expiry, revocation (among many markers) and address are judged anew. Nothing else is running.
 */
export async function measureWarmCheck({
  rounds = 300,
  tokens = 1000,
  markers = 10_000,
} = {}): Promise<WarmCheckFigures> {
  const fixture = await createTokenFixture()
  for (let marker = 0; marker < markers; marker += 1) {
    fixture.revoked.add({
      scope: 'token',
      tokenId: crypto.randomUUID(),
      revokedAtMs: 0,
      expiresAtMs: Infinity,
    })
  }
  const verifier = createAccessTokenVerifier({ checkToken: fixture.checkToken, uses: createCountedUses() })
  const issued = await Promise.all(
    Array.from({ length: tokens }, async () => (await fixture.issuer.issue(tokenRequest())).accessToken),
  )
  const roundsMicros: number[] = []
  // The first rounds fill the memory and warm the code.
  for (let round = -rounds; round < rounds; round += 1) {
    const beganAtMs = performance.now()
    for (let check = 0; check < checksPerRound; check += 1) {
      await verifier.verify(issued[check % tokens] ?? '', '198.51.100.1')
    }
    if (round >= 0) roundsMicros.push(((performance.now() - beganAtMs) * 1000) / checksPerRound)
  }
  const sorted = roundsMicros.toSorted((one, other) => one - other)
  return {
    checks: rounds * checksPerRound,
    microsPerCheck: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
  }
}
