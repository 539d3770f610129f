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
   * Counts one use in one atomic statement; false when the secret was revoked, has expired, or had no use left. Whoever
   * revokes the secret meanwhile comes either before or after.
   */
  use(id: string): Promise<boolean>
  /** Removes at most `rowsMax` secrets that ended long ago, by revocation or expiry; says how many. */
  deleteEnded(rowsMax: number): Promise<number>
}
