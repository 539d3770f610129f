import type { AccessTokenUseStore } from '../access-token-use-store.ts'

export type CountedUses = AccessTokenUseStore & { of(tokenId: string): number }

/** Counts in memory; forgets nothing. */
export function createCountedUses(): CountedUses {
  const counts = new Map<string, number>()
  const of = (tokenId: string) => counts.get(tokenId) ?? 0
  return {
    of,
    async use({ tokenId, limit }) {
      if (of(tokenId) >= limit) return false
      counts.set(tokenId, of(tokenId) + 1)
      return true
    },
    countOf: async (tokenId) => of(tokenId),
    keepUntil: async (tokenId) => of(tokenId),
    deleteExpired: async () => 0,
  }
}
