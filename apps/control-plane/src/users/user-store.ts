export interface User {
  id: string
  email: string
  name: string
  createdAt: Date
  lastLoginAt: Date | null
}

/** For sign-ins alone: has what no reply may hold. */
export interface UserCredentials {
  id: string
  email: string
  name: string
  passwordHash: string
  isDisabled: boolean
  /** Oldest first. */
  memberships: readonly { organizationId: string; isDisabled: boolean }[]
}

export interface NewUser {
  email: string
  name: string
  passwordHash: string
}

/** Addresses are lower case. */
export interface UserStore {
  find(userId: string): Promise<User | undefined>
  findCredentials(by: { email: string } | { userId: string }): Promise<UserCredentials | undefined>
  /** Undefined where the address has an account. */
  create(user: NewUser): Promise<User | undefined>
  rename(userId: string, name: string): Promise<User | undefined>
  /** False where the hash is another by now: somebody changed the password meanwhile. */
  changePassword(userId: string, change: { from: string; to: string }): Promise<boolean>
  setPassword(userId: string, passwordHash: string): Promise<void>
  /** False where the hash is another by now. */
  recordLogin(userId: string, passwordHash: string): Promise<boolean>
}
