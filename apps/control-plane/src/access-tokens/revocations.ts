import type { AuthMethod } from './access-token-settings.ts'

/** What a revocation reaches: the tokens created up to its moment. One token alone: see `ChangeRevocations`. */
export type RevocationTarget =
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
