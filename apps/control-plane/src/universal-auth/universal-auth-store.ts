import type { UniversalAuth, UniversalAuthSettings } from './universal-auth.ts'

export interface NewUniversalAuth {
  identityId: string
  organizationId: string
  settings: UniversalAuthSettings
  /** Made as a part of the identity, before anybody asked for it. By default false. */
  cameWithIdentity?: boolean
}

export type CreateUniversalAuthOutcome =
  | { kind: 'created'; auth: UniversalAuth }
  | { kind: 'already-attached' }
  /** The identity was deleted meanwhile. */
  | { kind: 'identity-gone' }

/** Universal Auths. Ids are UUIDs. */
export interface UniversalAuthStore {
  find(identityId: string): Promise<UniversalAuth | undefined>
  create(auth: NewUniversalAuth): Promise<CreateUniversalAuthOutcome>
  /** Within a change: until it ends nobody else changes, or adds secrets to, the same Universal Auth. */
  findToChange(identityId: string): Promise<UniversalAuth | undefined>
  update(id: string, settings: UniversalAuthSettings): Promise<UniversalAuth>
  /** What was there, or undefined. Its secrets and lockouts go with it. */
  remove(identityId: string): Promise<UniversalAuth | undefined>
}
