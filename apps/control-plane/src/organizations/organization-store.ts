export interface Organization {
  id: string
  name: string
  slug: string
}

/** The rows that make an instance usable. Ids are made by the caller, who signs a token for one of them before. */
export interface FirstRows {
  organization: { id: string; name: string; slug: string; wrappedKey: Buffer }
  user: { id: string; email: string; passwordHash: string }
  identity: { id: string; name: string }
}

export interface OrganizationStore {
  find(organizationId: string): Promise<Organization | undefined>
  /** True once and for ever after the first organization exists. */
  isBootstrapped(): Promise<boolean>
  /**
   * All rows or none, and only where there is no organization yet: of any number of calls at once, on any number of
   * replicas, one is done. User and identity become admins.
   */
  bootstrap(rows: FirstRows): Promise<'done' | 'already-bootstrapped'>
}
