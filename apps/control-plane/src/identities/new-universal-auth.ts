import { defaultUniversalAuthSettings } from '../universal-auth/universal-auth.ts'
import type { NewUniversalAuth } from '../universal-auth/universal-auth-store.ts'

/** What a new identity comes with: it can log in as soon as somebody makes a client secret. */
export function universalAuthOfNew(identity: { id: string; organizationId: string }): NewUniversalAuth {
  const { id: identityId, organizationId } = identity
  return { identityId, organizationId, settings: defaultUniversalAuthSettings, cameWithIdentity: true }
}
