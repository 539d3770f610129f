import type { ChangeAudit } from '../audit/change-audit.ts'
import type { Commit } from '../database/commit.ts'
import { type PersonOrigin, personEvent } from './own-session.ts'
import type { User, UserStore } from './user-store.ts'

export interface RenameUserDependencies {
  commit: Commit<{ users: Pick<UserStore, 'rename'>; audit: ChangeAudit }>
  now: () => Date
}

/** Undefined where the account no longer exists. */
export type RenameUser = (origin: PersonOrigin, name: string) => Promise<User | undefined>

export function createRenameUser({ commit, now }: RenameUserDependencies): RenameUser {
  return (origin, name) =>
    commit(async ({ users, audit }) => {
      const user = await users.rename(origin.person.session.userId, name)
      await audit.record(personEvent(origin, 'user-updated', now(), { name }))
      return user
    })
}
