import type { Maker } from '../permissions/maker.ts'

export const passwordResetAgeSecondsMax = 86_400

/** Whose password a link sets anew. */
export interface PasswordReset {
  userId: string
  email: string
  /** Whose admin made the link. */
  organizationId: string
  /** The person's in the organization. */
  role: string
  /** Null for one of an earlier version. */
  madeBy: Maker | null
}

/**
 * A link works while the person is an enabled member of the organization whose admin made it, and of no other: nobody gets
 * into an organization by the hand of another one's admin. Nor after the person got other rights, by another role or by a
 * change of one that they have: whoever made the link was judged by those of then. All times are the database's.
 */
export interface PasswordResetStore {
  /** One for each member: the link before is dead. Undefined where a link would not work. */
  create(reset: {
    organizationId: string
    userId: string
    /** By which the maker was judged: where the person has another by now there is no link. */
    role: string
    tokenHash: Buffer
    madeBy: Maker
  }): Promise<{ expiresAt: Date } | undefined>
  find(tokenHash: Buffer): Promise<PasswordReset | undefined>
  /** Spends it: of any number of calls at once one gets it. */
  take(tokenHash: Buffer): Promise<PasswordReset | undefined>
  /** Of one organization, or all of the person's. */
  revoke(userId: string, organizationId?: string): Promise<void>
  deleteExpired(rowsMax: number): Promise<number>
}
