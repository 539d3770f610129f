import type { AuthMethod } from './access-token-settings.ts'

/**
 * What a revocation reaches. All but `token` reach the tokens created up to the moment of the revocation. `livesUntil`:
 * when the last JWT of the token id will have expired, if that is known.
 */
export type RevocationTarget =
  | { scope: 'token'; tokenId: string; organizationId: string; identityId: string; livesUntil?: Date }
  | { scope: 'identity'; organizationId: string; identityId: string }
  | { scope: 'auth-method'; organizationId: string; identityId: string; authMethod: AuthMethod }
  | { scope: 'client-secret'; organizationId: string; identityId: string; clientSecretId: string }
  | { scope: 'organization'; organizationId: string }

export interface Revocations {
  /**
   * Effective in this process when it resolves, in every other replica within a second. A login that begins after it
   * resolved is not reached. Call it after the change that it belongs to has been committed, with a marker of its own
   * (`ChangeRevocations`), so that no crash leaves the change without its revocation.
   */
  revoke(target: RevocationTarget): Promise<void>
}
