import { type Kysely, sql } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { Maker } from '../permissions/maker.ts'
import {
  type PasswordReset,
  type PasswordResetStore,
  passwordResetAgeSecondsMax,
} from './password-reset-store.ts'

export function createPasswordResetStorePostgres(database: Kysely<Schema>): PasswordResetStore {
  return {
    create: (reset) => create(database, reset),
    find: async (tokenHash) => {
      const { rows } = await sql<Found>`${selectWorking(tokenHash)}`.execute(database)
      return resetOf(rows[0])
    },
    take: async (tokenHash) => {
      const { rows } = await sql<Found>`
        with working as (${selectWorking(tokenHash)})
        delete from password_resets using working where password_resets.id = working.id
        returning working.*`.execute(database)
      return resetOf(rows[0])
    },
    revoke: async (userId, organizationId) => {
      await database
        .deleteFrom('password_resets')
        .where('user_id', '=', userId)
        .$if(organizationId !== undefined, (query) =>
          query.where('organization_id', '=', organizationId ?? ''),
        )
        .execute()
    },
    deleteExpired: async (rowsMax) => {
      const { numAffectedRows = 0n } = await sql`
        delete from password_resets where id in (
          select id from password_resets where expires_at < now() limit ${rowsMax} for update skip locked)`.execute(
        database,
      )
      return Number(numAffectedRows)
    },
  }
}

interface Found {
  user_id: string
  email: string
  organization_id: string
  role: string
  made_by_kind: Maker['kind'] | null
  made_by_id: string | null
}

function selectWorking(tokenHash: Buffer) {
  return sql`
    select password_resets.id, users.id as user_id, users.email, password_resets.organization_id, own.role,
           password_resets.made_by_kind, password_resets.made_by_id
      from password_resets
      join organization_members own on own.organization_id = password_resets.organization_id
       and own.user_id = password_resets.user_id and not own.is_disabled
      join users on users.id = password_resets.user_id and not users.is_disabled
     where password_resets.token_hash = ${tokenHash} and password_resets.expires_at > now()
       and not exists (select from organization_members other
                        where other.user_id = users.id and other.organization_id <> own.organization_id)
       and not exists (select from project_members
                        where project_members.user_id = users.id
                          and project_members.updated_at > password_resets.created_at)
       and not exists (select from organization_roles
                        where organization_roles.organization_id = own.organization_id
                          and organization_roles.slug = own.role
                          and organization_roles.updated_at > password_resets.created_at)
       and not exists (select from project_members
                         join project_member_roles on project_member_roles.project_member_id = project_members.id
                         join project_roles on project_roles.id = project_member_roles.custom_role_id
                        where project_members.user_id = users.id
                          and project_roles.updated_at > password_resets.created_at)`
}

async function create(
  database: Kysely<Schema>,
  { organizationId, userId, role, tokenHash, madeBy }: Parameters<PasswordResetStore['create']>[0],
): Promise<{ expiresAt: Date } | undefined> {
  // Locks the membership: whoever gives the person another role at the same time waits, and then ends this link.
  const { rows } = await sql<{ expires_at: Date }>`
    insert into password_resets (organization_id, user_id, token_hash, made_by_kind, made_by_id, expires_at)
    select own.organization_id, own.user_id, ${tokenHash}, ${madeBy.kind}, ${madeBy.id}::uuid,
           now() + interval ${sql.lit(`${String(passwordResetAgeSecondsMax)} seconds`)}
      from organization_members own
     where own.organization_id = ${organizationId} and own.user_id = ${userId} and own.role = ${role}
       and not own.is_disabled
       and not exists (select from organization_members other
                        where other.user_id = own.user_id and other.organization_id <> own.organization_id)
       for share of own
    on conflict (organization_id, user_id) do update
       set token_hash = excluded.token_hash, expires_at = excluded.expires_at, created_at = now(),
           made_by_kind = excluded.made_by_kind, made_by_id = excluded.made_by_id
    returning expires_at`.execute(database)
  const [row] = rows
  return row === undefined ? undefined : { expiresAt: row.expires_at }
}

function resetOf(row: Found | undefined): PasswordReset | undefined {
  if (row === undefined) return undefined
  const { email, role, made_by_kind: kind, made_by_id: id } = row
  const madeBy = kind === null || id === null ? null : { kind, id }
  return { userId: row.user_id, email, organizationId: row.organization_id, role, madeBy }
}
