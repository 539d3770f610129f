import { type Kysely, sql } from 'kysely'

/**
 * How long an organization keeps its audit events, and the indexes that they are found by:
 * - `audit_events_by_time`: an organization's list, newest first, of any span of time; what is too old to be kept
 * - `audit_events_of_identity`: the same of one identity, rare events among many logins included
 * - `audit_events_of_project`: the same of one project; logins have none and pay nothing for it
 * - `audit_events_by_request` (of 0001): one request, as explain asks for
 */
const statements: readonly string[] = [
  `alter table organizations add column audit_retention_days integer check (audit_retention_days > 0)`,
  `alter table audit_events add column project_id uuid`,
  `drop index audit_events_of_organization`,
  `create index audit_events_by_time on audit_events (organization_id, occurred_at desc, id desc)`,
  `create index audit_events_of_identity on audit_events (identity_id, occurred_at desc, id desc)
     where identity_id is not null`,
  `create index audit_events_of_project on audit_events (project_id, occurred_at desc, id desc)
     where project_id is not null`,
]

export async function up(database: Kysely<never>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database)
}
