import { markerMarginSeconds, widerMarkerLifetimeSeconds } from './marker-lifetime.ts'
import type { RevocationMarker, RevocationStore, RevocationSubject } from './revocation-store.ts'

/** Revocations within a change: its markers are committed with the change or not at all. */
export interface ChangeRevocations {
  /**
   * Reaches what was created until now. A login under way may still read the old state until the commit: revoke the same
   * (`Revocations`) after it, which reaches that login too, and holds in this process at once.
   */
  mark(subject: Exclude<RevocationSubject, { scope: 'token' }>): Promise<void>
  /**
   * Reaches one token with all its renewals, whenever they were made. `lifetimeSeconds`: how long one of them may live.
   * The marker is for `RevocationFeed.learn`, once the change is committed.
   */
  markToken(tokenId: string, lifetimeSeconds: number): Promise<RevocationMarker>
}

/** @param store one that writes in the change's transaction */
export function createChangeRevocations(store: Pick<RevocationStore, 'add'>): ChangeRevocations {
  return {
    mark: async (subject) => {
      await store.add(subject, widerMarkerLifetimeSeconds)
    },
    markToken: async (tokenId, lifetimeSeconds) => {
      const markedSeconds = lifetimeSeconds + markerMarginSeconds
      const { databaseMs } = await store.add({ scope: 'token', tokenId }, markedSeconds)
      const revokedAtMs = Math.floor(databaseMs)
      return { scope: 'token', tokenId, revokedAtMs, expiresAtMs: revokedAtMs + markedSeconds * 1000 }
    },
  }
}
