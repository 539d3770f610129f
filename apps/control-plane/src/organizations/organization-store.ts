export interface Organization {
  id: string
  name: string
  slug: string
}

export interface OrganizationDetails extends Organization {
  /** Of people who are invited without one. */
  defaultMemberRole: string
  createdAt: Date
  updatedAt: Date
}

/** What is absent stays. */
export interface OrganizationChange {
  name?: string | undefined
  slug?: string | undefined
  defaultMemberRole?: string | undefined
}

export type OrganizationOutcome =
  | { kind: 'done'; organization: OrganizationDetails }
  | { kind: 'unknown' }
  | { kind: 'slug-taken' }

/** The rows that make an instance usable. Ids are made by the caller, who signs a token for one of them before. */
export interface FirstRows {
  organization: { id: string; name: string; slug: string; wrappedKey: Buffer }
  user: { id: string; email: string; name?: string; passwordHash: string }
  identity: { id: string; name: string }
}

export interface OrganizationStore {
  find(organizationId: string): Promise<Organization | undefined>
  read(organizationId: string): Promise<OrganizationDetails | undefined>
  /** Those that the person is an enabled member of, oldest membership first; 1,000 at most. */
  listOf(userId: string): Promise<OrganizationDetails[]>
  update(organizationId: string, change: OrganizationChange): Promise<OrganizationOutcome>
  /** True once and for ever after the first organization exists. */
  isBootstrapped(): Promise<boolean>
  /**
   * All rows or none, and only where there is no organization yet: of any number of calls at once, on any number of
   * replicas, one is done. User and identity become admins.
   */
  bootstrap(rows: FirstRows): Promise<'done' | 'already-bootstrapped'>
}
