import type { ClientSecret, FreshSecret } from './client-secret.ts'

export interface NewClientSecret extends Pick<FreshSecret, 'prefix' | 'hash'> {
  universalAuthId: string
  description: string
  numUsesLimit: number
  ttlSeconds: number
}

/** Secrets of client ids. A secret without an expiry ends by revocation alone. Ids are UUIDs. */
export interface ClientSecretStore {
  create(secret: NewClientSecret): Promise<ClientSecret>
  /** Those that are not revoked, oldest first. */
  list(universalAuthId: string): Promise<ClientSecret[]>
  /** Revoked ones too. */
  find(universalAuthId: string, id: string): Promise<ClientSecret | undefined>
  /** Undefined when there is none, or it is revoked already. */
  revoke(universalAuthId: string, id: string): Promise<ClientSecret | undefined>
  /**
   * Counts so many uses in one atomic statement and says how many of them there were: fewer where the secret had not so
   * many left, none where it was revoked or has expired. Whoever revokes it meanwhile comes either before or after.
   */
  use(id: string, uses: number): Promise<number>
  /** Removes at most `rowsMax` secrets that ended long ago, by revocation or expiry; says how many. */
  deleteEnded(rowsMax: number): Promise<number>
}
