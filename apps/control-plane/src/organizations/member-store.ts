/** A person in an organization. */
export interface Member {
  /** The membership's. */
  id: string
  organizationId: string
  userId: string
  email: string
  name: string
  /** Slug of a built-in or of a custom role. */
  role: string
  isDisabled: boolean
  createdAt: Date
  updatedAt: Date
  lastLoginAt: Date | null
}

export interface MemberPage {
  members: Member[]
  /** Of all pages. */
  totalCount: number
}

export interface MemberChange {
  role?: string | undefined
  isDisabled?: boolean | undefined
}

/** Names a member, and the role that the change was judged by. */
export interface JudgedMember {
  id: string
  organizationId: string
  role: string
}

export type MemberOutcome =
  | { kind: 'done'; member: Member }
  | { kind: 'unknown' }
  /** Nothing was changed, because nobody could have administered the organization afterwards. */
  | { kind: 'last-admin' }
  /** Nothing was changed: the role is another by now, so that whoever asks was judged by the wrong one. */
  | { kind: 'role-changed' }

/** A member of another organization is as unknown as one that does not exist. Ids are UUIDs, addresses lower case. */
export interface MemberStore {
  /** Oldest first. */
  list(
    organizationId: string,
    page: { offset: number; limit: number; search?: string | undefined },
  ): Promise<MemberPage>
  findMembership(organizationId: string, membershipId: string): Promise<Member | undefined>
  findMember(organizationId: string, userId: string): Promise<Member | undefined>
  /** Undefined unless the person is a member, and neither the membership nor the account is disabled. */
  roleOfEnabled(organizationId: string, userId: string): Promise<string | undefined>
  /** Those of the addresses that belong to members, in no order. */
  findMembersByEmail(organizationId: string, emails: readonly string[]): Promise<readonly Member[]>
  /** Undefined where the person is a member already. */
  add(member: { organizationId: string; userId: string; role: string }): Promise<Member | undefined>
  update(member: JudgedMember, change: MemberChange): Promise<MemberOutcome>
  remove(member: JudgedMember): Promise<MemberOutcome>
}
