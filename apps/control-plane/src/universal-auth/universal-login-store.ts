import type { UniversalAuth } from './universal-auth.ts'

/** What a login finds under a client id. By the database's clock, at one moment. */
export interface FoundClient {
  auth: UniversalAuth
  organizationSlug: string
  isSourceLockedOut: boolean
  /** Secrets of this client id that begin like the presented one. */
  candidates: readonly SecretCandidate[]
}

export interface SecretCandidate {
  id: string
  hash: Buffer
  isRevoked: boolean
  isExpired: boolean
  numUses: number
  numUsesLimit: number
}

export interface UniversalLoginStore {
  /** One statement. A secret that another replica made or revoked just now counts. */
  findClient(query: { clientId: string; prefix: string; source: string }): Promise<FoundClient | undefined>
}
