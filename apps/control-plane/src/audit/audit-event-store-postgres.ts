import {
  CompiledQuery,
  type Expression,
  type ExpressionBuilder,
  type Kysely,
  type SqlBool,
  sql,
} from 'kysely'
import { DatabaseUnreachable } from '../database/database-unreachable.ts'
import type { Schema } from '../database/schema.ts'
import { isUndone, sqlStateOf } from '../database/sql-state.ts'
import type { AppendOutcome, AuditEventStore, AuditSearch, StoredAuditEvent } from './audit-event-store.ts'
import type { AuditRow } from './encode-audit-event.ts'

/**
 * One statement for any number of rows, which are one JSON parameter: arrays for `unnest` cost the driver a third more
 * of this process's time. It raises `synchronous_commit` for its own transaction: a database that is set to acknowledge
 * before the disk has the commit would lose what a login has been told is written down.
 */
const appendSql = `/* prepared: append-audit-events */
  with durable as materialized (
    select set_config(
      'synchronous_commit',
      case when current_setting('synchronous_commit') in ('off', 'local') then 'on'
           else current_setting('synchronous_commit') end,
      true)
  )
  insert into audit_events (occurred_at, organization_id, request_id, event, outcome, reason,
                            actor_kind, actor_id, identity_id, project_id, ip_address, details)
  select "occurredAt", "organizationId", "requestId", event, outcome, reason,
         "actorKind", "actorId", "identityId", "projectId", "ipAddress", details
  from durable, json_to_recordset($1::json) as added (
    "occurredAt" timestamptz, "organizationId" uuid, "requestId" text, event text, outcome text, reason text,
    "actorKind" text, "actorId" text, "identityId" uuid, "projectId" uuid, "ipAddress" text, details jsonb)`

export function createAuditEventStorePostgres(database: Kysely<Schema>): AuditEventStore {
  return {
    async append(rows) {
      try {
        await database.executeQuery(CompiledQuery.raw(appendSql, [`[${rows.map(jsonOf).join(',')}]`]))
        return { kind: 'committed' }
      } catch (error) {
        return outcomeOf(error)
      }
    },

    find: (search) => find(database, search),
  }
}

/** The details are JSON already: as a text within JSON they would be quoted here and unquoted in the server. */
function jsonOf(row: AuditRow): string {
  return `${JSON.stringify({ ...row, details: undefined }).slice(0, -1)},"details":${row.details}}`
}

function outcomeOf(error: unknown): AppendOutcome {
  if (error instanceof DatabaseUnreachable || isUndone(error) !== undefined) {
    return { kind: 'not-reached', error }
  }
  // SQLSTATE classes 22 and 23: data exception, integrity constraint violation.
  if (/^2[23]/.test(sqlStateOf(error) ?? '')) return { kind: 'row-refused', error }
  return { kind: 'unknown', error }
}

async function find(database: Kysely<Schema>, search: AuditSearch): Promise<StoredAuditEvent[]> {
  const rows = await searchQuery(database, search).execute()
  return rows.map((row) => ({
    id: row.id,
    occurredAt: row.occurred_at,
    organizationId: row.organization_id,
    requestId: row.request_id,
    event: row.event,
    outcome: row.outcome,
    reason: row.reason,
    actor: { kind: row.actor_kind, id: row.actor_id },
    identityId: row.identity_id,
    projectId: row.project_id,
    ipAddress: row.ip_address,
    details: row.details,
  }))
}

/** Every search of an organization is ordered as `audit_events_by_time` is, so that a page reads no more than its rows. */
export function searchQuery(database: Kysely<Schema>, search: AuditSearch) {
  return database
    .selectFrom('audit_events')
    .selectAll()
    .where((eb) => eb.and(conditionsOf(eb, search)))
    .orderBy('occurred_at', 'desc')
    .orderBy('id', 'desc')
    .limit(search.limit)
}

type Conditions = ExpressionBuilder<Schema, 'audit_events'>

function conditionsOf(eb: Conditions, search: AuditSearch): Expression<SqlBool>[] {
  const { requestId, target, events, since, until, after } = search
  const isOwn = eb('organization_id', '=', search.organizationId)
  const equal = [
    ['identity_id', search.identityId],
    ['project_id', search.projectId],
    ['actor_kind', search.actorKind],
    ['actor_id', search.actorId],
    ['outcome', search.outcome],
    ['reason', search.reason],
    ['ip_address', search.ipAddress],
    ['request_id', requestId],
  ] as const
  return [
    requestId === undefined ? isOwn : eb.or([isOwn, eb('organization_id', 'is', null)]),
    ...equal.flatMap(([column, value]) => (value === undefined ? [] : [eb(column, '=', value)])),
    ...(target === undefined ? [] : [isAbout(eb, target)]),
    ...(events === undefined ? [] : [eb('event', 'in', events)]),
    ...(since === undefined ? [] : [eb('occurred_at', '>=', since)]),
    ...(until === undefined ? [] : [eb('occurred_at', '<', until)]),
    ...(after === undefined
      ? []
      : [
          sql<SqlBool>`(occurred_at, id) < (${after.occurredAt.toISOString()}::timestamptz, ${after.id}::int8)`,
        ]),
  ]
}

function isAbout(eb: Conditions, target: string): Expression<SqlBool> {
  return eb.or([
    eb('identity_id', '=', target),
    eb('project_id', '=', target),
    sql<SqlBool>`exists (select from jsonb_each_text(details) as detail where detail.value = ${target})`,
  ])
}
