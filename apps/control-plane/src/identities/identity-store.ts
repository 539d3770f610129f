import type { AuthMethod } from '../access-tokens/access-token-settings.ts'

import type { CustomRole } from '../organization-roles/organization-role-store.ts'

export interface MetadataEntry {
  id: string
  key: string
  value: string
}

export interface Identity {
  id: string
  organizationId: string
  /** Of the project that owns it; null: the organization does. */
  projectId: string | null
  name: string
  /** Slug of a built-in or of a custom role. */
  role: string
  /** Null where the role is a built-in one. */
  customRole: CustomRole | null
  hasDeleteProtection: boolean
  isDisabled: boolean
  /** What is attached to it, not what it last used. */
  authMethods: AuthMethod[]
  /** Those of them that keep some address out at the moment. */
  activeLockoutAuthMethods: AuthMethod[]
  lastLoginAuthMethod: AuthMethod | null
  lastLoginAt: Date | null
  createdAt: Date
  updatedAt: Date
  metadata: MetadataEntry[]
}

export interface NewIdentity {
  organizationId: string
  /** Of the project that is to own it. */
  projectId?: string | undefined
  name: string
  role: string
  hasDeleteProtection: boolean
  metadata: readonly Omit<MetadataEntry, 'id'>[]
}

/** What is absent stays; metadata is replaced as a whole. */
export interface IdentityChange {
  name?: string | undefined
  role?: string | undefined
  hasDeleteProtection?: boolean | undefined
  isDisabled?: boolean | undefined
  metadata?: readonly Omit<MetadataEntry, 'id'>[] | undefined
}

/** All that is named must hold. */
export interface SearchedText {
  /** Whatever its case. */
  contains?: string | undefined
  equals?: string | undefined
  isOneOf?: readonly string[] | undefined
}

export interface SearchedTerms {
  name?: SearchedText | undefined
  role?: SearchedText | undefined
}

export interface IdentitySearch extends SearchedTerms {
  /** At least one of them holds too; undefined: nothing more is asked. */
  anyOf?: readonly SearchedTerms[] | undefined
  orderBy: 'name' | 'role' | 'createdAt'
  isDescending: boolean
  offset: number
  limit: number
}

export interface IdentityPage {
  identities: Identity[]
  /** Of all pages. */
  totalCount: number
}

/** Names an identity, and the role that the change was judged by. */
export type JudgedIdentity = Pick<Identity, 'id' | 'organizationId' | 'role'>

export type ChangeOutcome =
  | { kind: 'done'; identity: Identity }
  | { kind: 'unknown' }
  /** Nothing was changed, because nobody could have administered the organization afterwards. */
  | { kind: 'last-admin' }
  /** Nothing was changed: the role is another by now, so that whoever asks was judged by the wrong one. */
  | { kind: 'role-changed' }
export type DeleteOutcome = ChangeOutcome | { kind: 'protected' }

export interface LastLogin {
  identityId: string
  authMethod: AuthMethod
  at: Date
}

/** An identity of another organization is as unknown as one that does not exist. Ids are UUIDs. */
export interface IdentityStore {
  create(identity: NewIdentity): Promise<Identity>
  find(identityId: string, organizationId: string): Promise<Identity | undefined>
  /** Those of them that there are, in no order. */
  findMany(identityIds: readonly string[], organizationId: string): Promise<readonly Identity[]>
  /** Oldest first; only those that a project owns where one is named. */
  list(
    organizationId: string,
    page: {
      offset: number
      limit: number
      search?: string | undefined
      projectId?: string | undefined
    },
  ): Promise<IdentityPage>
  search(organizationId: string, search: IdentitySearch): Promise<IdentityPage>
  update(identity: JudgedIdentity, change: IdentityChange): Promise<ChangeOutcome>
  delete(identity: JudgedIdentity): Promise<DeleteOutcome>
  /** For logins and tokens, where the organization is not known before. */
  findById(identityId: string): Promise<IdentityCore | undefined>
  /** One statement. Unknown identities and logins older than the last one are passed over. */
  recordLastLogins(logins: readonly LastLogin[]): Promise<void>
}

/** What a login and a request need to know about an identity. */
export interface IdentityCore {
  id: string
  organizationId: string
  name: string
  role: string
  isDisabled: boolean
  hasDeleteProtection: boolean
}
