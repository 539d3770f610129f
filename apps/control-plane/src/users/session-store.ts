/** Ends when it was not used for so long … */
export const sessionIdleSecondsMax = 12 * 3600
/** … and in any case so long after the sign-in. */
export const sessionAgeSecondsMax = 30 * 86_400
/** Of one person; whoever signs in once more ends the one that was not used for longest. */
export const sessionsPerPersonMax = 50

/** A session that lives: neither it nor its person is at its end. */
export interface Session {
  id: string
  userId: string
  email: string
  name: string
  expiresAt: Date
  /** Absent until one was selected. */
  membership?: { organizationId: string; role: string }
}

export interface NewSession {
  userId: string
  tokenHash: Buffer
  ipAddress: string
  userAgent: string
}

export interface ListedSession {
  id: string
  organizationId: string | null
  ipAddress: string
  userAgent: string
  createdAt: Date
  lastUsedAt: Date
  expiresAt: Date
}

/** All times are the database's. */
export interface SessionStore {
  /** Undefined once it is over, its person is disabled, or the person left or is disabled in its organization. */
  find(tokenHash: Buffer): Promise<Session | undefined>
  /** Not bound to an organization yet. */
  create(session: NewSession): Promise<{ id: string; expiresAt: Date }>
  /**
   * Binds it and gives it a new token; the old one is dead. False where the session is over, or the person is not an
   * enabled member.
   */
  select(session: {
    id: string
    tokenHash: Buffer
    newTokenHash: Buffer
    organizationId: string
  }): Promise<boolean>
  /** A new token for it; the old one is dead. */
  rotate(sessionId: string, newTokenHash: Buffer): Promise<void>
  /** Those that live, last used first. */
  list(userId: string): Promise<ListedSession[]>
  /** False where the person has no such session. */
  end(userId: string, sessionId: string): Promise<boolean>
  /** How many. */
  endAll(userId: string, except?: { sessionId: string }): Promise<number>
  /** Those in the organization, and those that are in none. */
  endInOrganization(userId: string, organizationId: string): Promise<number>
  deleteExpired(rowsMax: number): Promise<number>
}
