import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { AccessTokenUseStore } from './access-token-use-store.ts'

const inAnHour = () => new Date(Date.now() + 3_600_000)
const longAgo = () => new Date(Date.now() - 2 * 3_600_000)

/** What every store of uses must do. */
export function describeAccessTokenUseStore(storeOf: () => AccessTokenUseStore): void {
  describe('an access token use store', () => {
    it('T38: lets exactly 5 of 200 parallel uses pass when the limit is 5', async () => {
      const tokenId = randomUUID()
      const passed = await Promise.all(
        Array.from({ length: 200 }, () => storeOf().use({ tokenId, limit: 5, expiresAt: inAnHour() })),
      )
      expect(passed.filter(Boolean)).toHaveLength(5)
      expect(await storeOf().countOf(tokenId)).toBe(5)
      expect(await storeOf().keepUntil(tokenId, inAnHour())).toBe(5)
    })

    it('counts each token by itself', async () => {
      const use = { limit: 1, expiresAt: inAnHour() }
      expect(await storeOf().use({ tokenId: randomUUID(), ...use })).toBe(true)
      expect(await storeOf().use({ tokenId: randomUUID(), ...use })).toBe(true)
    })

    it('has counted nothing for a token that was never used', async () => {
      expect(await storeOf().keepUntil(randomUUID(), inAnHour())).toBe(0)
      expect(await storeOf().countOf(randomUUID())).toBe(0)
    })

    it('forgets the count of an expired token, and no other', async () => {
      const [expired, living] = [randomUUID(), randomUUID()]
      await storeOf().use({ tokenId: expired, limit: 9, expiresAt: longAgo() })
      await storeOf().use({ tokenId: living, limit: 9, expiresAt: inAnHour() })
      expect(await storeOf().deleteExpired(1000)).toBeGreaterThanOrEqual(1)
      expect(await storeOf().keepUntil(expired, inAnHour())).toBe(0)
      expect(await storeOf().keepUntil(living, inAnHour())).toBe(1)
    })

    it('keeps the count of a renewed token, whichever of its JWTs is used last', async () => {
      const tokenId = randomUUID()
      await storeOf().use({ tokenId, limit: 9, expiresAt: longAgo() })
      await storeOf().keepUntil(tokenId, inAnHour())
      await storeOf().use({ tokenId, limit: 9, expiresAt: longAgo() })
      await storeOf().deleteExpired(1000)
      expect(await storeOf().keepUntil(tokenId, longAgo())).toBe(2)
    })

    it('removes no more rows at once than it was asked to', async () => {
      for (let n = 0; n < 3; n += 1) {
        await storeOf().use({ tokenId: randomUUID(), limit: 9, expiresAt: longAgo() })
      }
      expect(await storeOf().deleteExpired(2)).toBe(2)
    })
  })
}
