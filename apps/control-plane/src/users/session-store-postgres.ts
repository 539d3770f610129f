import { type Kysely, sql } from 'kysely'
import type { Schema } from '../database/schema.ts'
import {
  type ListedSession,
  type NewSession,
  type Session,
  type SessionStore,
  sessionAgeSecondsMax,
  sessionIdleSecondsMax,
  sessionsPerPersonMax,
} from './session-store.ts'

const idle = sql.lit(`${String(sessionIdleSecondsMax)} seconds`)
const isAlive = sql<boolean>`user_sessions.expires_at > now()
  and user_sessions.last_used_at > now() - interval ${idle}`

export function createSessionStorePostgres(database: Kysely<Schema>): SessionStore {
  return {
    find: (tokenHash) => find(database, tokenHash),
    create: (session) => create(database, session),
    select: (selection) => select(database, selection),
    rotate: async (sessionId, newTokenHash) => {
      await database
        .updateTable('user_sessions')
        .set({ token_hash: newTokenHash, last_used_at: sql`now()` })
        .where('id', '=', sessionId)
        .execute()
    },
    list: (userId) => list(database, userId),
    end: async (userId, sessionId) => {
      const { numDeletedRows } = await database
        .deleteFrom('user_sessions')
        .where('id', '=', sessionId)
        .where('user_id', '=', userId)
        .executeTakeFirstOrThrow()
      return numDeletedRows > 0n
    },
    endAll: async (userId, except) => {
      const { numDeletedRows } = await database
        .deleteFrom('user_sessions')
        .where('user_id', '=', userId)
        .$if(except !== undefined, (query) => query.where('id', '!=', except?.sessionId ?? ''))
        .executeTakeFirstOrThrow()
      return Number(numDeletedRows)
    },
    endInOrganization: async (userId, organizationId) => {
      const { numDeletedRows } = await database
        .deleteFrom('user_sessions')
        .where('user_id', '=', userId)
        .where((is) => is.or([is('organization_id', '=', organizationId), is('organization_id', 'is', null)]))
        .executeTakeFirstOrThrow()
      return Number(numDeletedRows)
    },
    deleteExpired: (rowsMax) => deleteExpired(database, rowsMax),
  }
}

interface Found {
  id: string
  user_id: string
  email: string
  name: string
  expires_at: Date
  organization_id: string | null
  role: string | null
  is_stale: boolean
}

/** One statement for each request of a person: nothing of it is remembered, so that who is disabled is out at once. */
async function find(database: Kysely<Schema>, tokenHash: Buffer): Promise<Session | undefined> {
  const { rows } = await sql<Found>`/* prepared: find-user-session */
    select user_sessions.id, user_sessions.user_id, users.email, users.name, user_sessions.expires_at,
           user_sessions.organization_id, organization_members.role,
           user_sessions.last_used_at < now() - interval '1 minute' as is_stale
      from user_sessions
      join users on users.id = user_sessions.user_id and not users.is_disabled
      left join organization_members on organization_members.organization_id = user_sessions.organization_id
       and organization_members.user_id = user_sessions.user_id and not organization_members.is_disabled
     where user_sessions.token_hash = ${tokenHash} and ${isAlive}
       and (user_sessions.organization_id is null or organization_members.id is not null)`.execute(database)
  const [row] = rows
  if (row === undefined) return undefined
  if (row.is_stale) await touch(database, row.id)
  return sessionOf(row)
}

/** At most one write a minute for each session. */
async function touch(database: Kysely<Schema>, sessionId: string): Promise<void> {
  await database
    .updateTable('user_sessions')
    .set({ last_used_at: sql`now()` })
    .where('id', '=', sessionId)
    .execute()
}

function sessionOf(row: Found): Session {
  const { organization_id: organizationId, role } = row
  return {
    id: row.id,
    userId: row.user_id,
    email: row.email,
    name: row.name,
    expiresAt: row.expires_at,
    ...(organizationId !== null && role !== null && { membership: { organizationId, role } }),
  }
}

async function create(
  database: Kysely<Schema>,
  { userId, tokenHash, ipAddress, userAgent }: NewSession,
): Promise<{ id: string; expiresAt: Date }> {
  const { rows } = await sql<{ id: string; expires_at: Date }>`
    with surplus as (
      delete from user_sessions where id in (
        select id from user_sessions where user_id = ${userId}
         order by last_used_at desc offset ${sessionsPerPersonMax - 1})
    )
    insert into user_sessions (user_id, token_hash, ip_address, user_agent, expires_at)
    values (${userId}, ${tokenHash}, ${ipAddress}, ${userAgent},
            now() + interval ${sql.lit(`${String(sessionAgeSecondsMax)} seconds`)})
    returning id, expires_at`.execute(database)
  const [row] = rows
  if (row === undefined) throw new Error('a session was not inserted')
  return { id: row.id, expiresAt: row.expires_at }
}

async function select(
  database: Kysely<Schema>,
  { id, tokenHash, newTokenHash, organizationId }: Parameters<SessionStore['select']>[0],
): Promise<boolean> {
  // The membership is locked before the session, as whoever removes a member does: neither waits for the other in a circle.
  const { rows } = await sql`
    with membership as materialized (
      select from organization_members
        join user_sessions on user_sessions.user_id = organization_members.user_id and user_sessions.id = ${id}
       where organization_members.organization_id = ${organizationId} and not organization_members.is_disabled
         for key share of organization_members
    )
    update user_sessions set organization_id = ${organizationId}, token_hash = ${newTokenHash}, last_used_at = now()
     where id = ${id} and token_hash = ${tokenHash} and ${isAlive}
       and exists (select from membership)
    returning id`.execute(database)
  return rows.length > 0
}

async function list(database: Kysely<Schema>, userId: string): Promise<ListedSession[]> {
  const rows = await database
    .selectFrom('user_sessions')
    .select(['id', 'organization_id', 'ip_address', 'user_agent', 'created_at', 'last_used_at', 'expires_at'])
    .where('user_id', '=', userId)
    .where(isAlive)
    .orderBy('last_used_at', 'desc')
    .orderBy('id')
    .limit(sessionsPerPersonMax)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    organizationId: row.organization_id,
    ipAddress: row.ip_address,
    userAgent: row.user_agent,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
  }))
}

async function deleteExpired(database: Kysely<Schema>, rowsMax: number): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from user_sessions where id in (
      select id from user_sessions
       where expires_at < now() or last_used_at < now() - interval ${idle}
       limit ${rowsMax} for update skip locked)`.execute(database)
  return Number(numAffectedRows)
}
