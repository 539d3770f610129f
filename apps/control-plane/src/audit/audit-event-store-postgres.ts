import { CompiledQuery, type Kysely } from 'kysely'
import { DatabaseUnreachable } from '../database/database-unreachable.ts'
import type { Schema } from '../database/schema.ts'
import type { AppendOutcome, AuditEventStore, AuditSearch, StoredAuditEvent } from './audit-event-store.ts'

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
         "actorKind", "actorId", "identityId", "projectId", "ipAddress", details::jsonb
  from durable, json_to_recordset($1::json) as added (
    "occurredAt" timestamptz, "organizationId" uuid, "requestId" text, event text, outcome text, reason text,
    "actorKind" text, "actorId" text, "identityId" uuid, "projectId" uuid, "ipAddress" text, details text)`

export function createAuditEventStorePostgres(database: Kysely<Schema>): AuditEventStore {
  return {
    async append(rows) {
      try {
        await database.executeQuery(CompiledQuery.raw(appendSql, [JSON.stringify(rows)]))
        return { kind: 'committed' }
      } catch (error) {
        return outcomeOf(error)
      }
    },

    find: (search) => find(database, search),
  }
}

function outcomeOf(error: unknown): AppendOutcome {
  if (error instanceof DatabaseUnreachable) return { kind: 'not-reached', error }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  // SQLSTATE classes 22 and 23: data exception, integrity constraint violation.
  if (/^2[23][0-9A-Z]{3}$/.test(code)) return { kind: 'row-refused', error }
  return { kind: 'unknown', error }
}

async function find(database: Kysely<Schema>, search: AuditSearch): Promise<StoredAuditEvent[]> {
  const { organizationId, requestId, identityId, event, outcome, since, until, beforeId } = search
  const rows = await database
    .selectFrom('audit_events')
    .selectAll()
    .where((eb) => {
      const isOwn = eb('organization_id', '=', organizationId)
      return eb.and([
        requestId === undefined ? isOwn : eb.or([isOwn, eb('organization_id', 'is', null)]),
        ...(requestId === undefined ? [] : [eb('request_id', '=', requestId)]),
        ...(identityId === undefined ? [] : [eb('identity_id', '=', identityId)]),
        ...(event === undefined ? [] : [eb('event', '=', event)]),
        ...(outcome === undefined ? [] : [eb('outcome', '=', outcome)]),
        ...(since === undefined ? [] : [eb('occurred_at', '>=', since)]),
        ...(until === undefined ? [] : [eb('occurred_at', '<', until)]),
        ...(beforeId === undefined ? [] : [eb('id', '<', beforeId)]),
      ])
    })
    .orderBy('id', 'desc')
    .limit(search.limit)
    .execute()
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
    ipAddress: row.ip_address,
    details: row.details,
  }))
}
