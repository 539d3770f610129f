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
  organization: { id: string; name: string; slug: string }
  /** Whether the address has an account in the instance. */
  hasAccount: boolean
}

/** Those that expired are as if they were not there. All times are the database's. */
export interface InvitationStore {
  /** One for each address: the link of an earlier one is dead. */
  create(invitation: {
    organizationId: string
    email: string
    role: string
    tokenHash: Buffer
  }): Promise<Invitation>
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
