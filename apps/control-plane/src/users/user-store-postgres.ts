import { type Kysely, type Selectable, sql } from 'kysely'
import { jsonArrayFrom } from 'kysely/helpers/postgres'
import type { Schema } from '../database/schema.ts'
import type { NewUser, User, UserCredentials, UserStore } from './user-store.ts'

const columns = ['id', 'email', 'name', 'created_at', 'last_login_at'] as const
type Row = Pick<Selectable<Schema['users']>, (typeof columns)[number]>

export function createUserStorePostgres(database: Kysely<Schema>): UserStore {
  return {
    find: async (userId) =>
      userOf(await database.selectFrom('users').select(columns).where('id', '=', userId).executeTakeFirst()),
    findCredentials: (by) => findCredentials(database, by),
    create: (user) => create(database, user),
    rename: async (userId, name) =>
      userOf(
        await database
          .updateTable('users')
          .set({ name, updated_at: sql`now()` })
          .where('id', '=', userId)
          .returning(columns)
          .executeTakeFirst(),
      ),
    changePassword: async (userId, { from, to }) => {
      const { numUpdatedRows } = await database
        .updateTable('users')
        .set({ password_hash: to, updated_at: sql`now()` })
        .where('id', '=', userId)
        .where('password_hash', '=', from)
        .executeTakeFirstOrThrow()
      return numUpdatedRows > 0n
    },
    setPassword: async (userId, passwordHash) => {
      await database
        .updateTable('users')
        .set({ password_hash: passwordHash, updated_at: sql`now()` })
        .where('id', '=', userId)
        .execute()
    },
    recordLogin: async (userId, passwordHash) => {
      const { numUpdatedRows } = await database
        .updateTable('users')
        .set({ last_login_at: sql`now()` })
        .where('id', '=', userId)
        .where('password_hash', '=', passwordHash)
        .executeTakeFirstOrThrow()
      return numUpdatedRows > 0n
    },
  }
}

async function findCredentials(
  database: Kysely<Schema>,
  by: { email: string } | { userId: string },
): Promise<UserCredentials | undefined> {
  // Whatever a stranger types, PostgreSQL can look for it: its texts have no NUL, and so has no address.
  if ('email' in by && by.email.includes('\0')) return undefined
  const row = await database
    .selectFrom('users')
    .select(['users.id', 'users.email', 'users.name', 'users.password_hash', 'users.is_disabled'])
    .select((expression) =>
      jsonArrayFrom(
        expression
          .selectFrom('organization_members')
          .select([
            'organization_members.organization_id as organizationId',
            'organization_members.is_disabled as isDisabled',
          ])
          .whereRef('organization_members.user_id', '=', 'users.id')
          .orderBy('organization_members.created_at'),
      ).as('memberships'),
    )
    .where((expression) =>
      'email' in by ? expression('users.email', '=', by.email) : expression('users.id', '=', by.userId),
    )
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { id, email, name, memberships } = row
  return { id, email, name, passwordHash: row.password_hash, isDisabled: row.is_disabled, memberships }
}

async function create(
  database: Kysely<Schema>,
  { email, name, passwordHash }: NewUser,
): Promise<User | undefined> {
  return userOf(
    await database
      .insertInto('users')
      .values({ email, name, password_hash: passwordHash })
      .onConflict((conflict) => conflict.column('email').doNothing())
      .returning(columns)
      .executeTakeFirst(),
  )
}

function userOf(row: Row | undefined): User | undefined {
  if (row === undefined) return undefined
  const { id, email, name } = row
  return { id, email, name, createdAt: row.created_at, lastLoginAt: row.last_login_at }
}
