import { widerMarkerLifetimeSeconds } from './marker-lifetime.ts'
import type { RevocationStore, RevocationSubject } from './revocation-store.ts'

/** Revocations within a change: its markers are committed with the change or not at all. */
export interface ChangeRevocations {
  /**
   * Reaches what was created until now. A login under way may still read the old state until the commit: revoke the same
   * (`Revocations`) after it, which reaches that login too, and holds in this process at once.
   */
  mark(subject: Exclude<RevocationSubject, { scope: 'token' }>): Promise<void>
}

/** @param store one that writes in the change's transaction */
export function createChangeRevocations(store: Pick<RevocationStore, 'add'>): ChangeRevocations {
  return {
    mark: async (subject) => {
      await store.add(subject, widerMarkerLifetimeSeconds)
    },
  }
}
