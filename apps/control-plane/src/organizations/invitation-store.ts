import type { Maker } from '../permissions/maker.ts'

export const invitationAgeSecondsMax = 7 * 86_400

export interface Invitation {
  id: string
  organizationId: string
  email: string
  role: string
  createdAt: Date
  expiresAt: Date
}

/** What its token opens. */
export interface FoundInvitation extends Invitation {
  /** Null for one of an earlier version. */
  madeBy: Maker | null
  organization: { id: string; name: string; slug: string }
  /** Whether the address has an account in the instance. */
  hasAccount: boolean
}

/** Those that expired are as if they were not there. All times are the database's. */
export interface InvitationStore {
  /**
   * One for each address: the link of the one that it replaces is dead. Undefined where the address has another one:
   * whoever asks was not judged by that.
   */
  create(invitation: {
    organizationId: string
    email: string
    role: string
    tokenHash: Buffer
    madeBy: Maker
    /** Its id. */
    replaces: string | undefined
  }): Promise<Invitation | undefined>
  findPending(
    organizationId: string,
    by: { invitationId: string } | { email: string },
  ): Promise<Invitation | undefined>
  find(tokenHash: Buffer): Promise<FoundInvitation | undefined>
  /** Spends it: of any number of calls at once one gets it. */
  take(tokenHash: Buffer): Promise<Invitation | undefined>
  list(
    organizationId: string,
    page: { offset: number; limit: number },
  ): Promise<{ invitations: Invitation[]; totalCount: number }>
  /** Undefined where there is none. */
  revoke(organizationId: string, invitationId: string): Promise<Invitation | undefined>
  deleteExpired(rowsMax: number): Promise<number>
}
