import { runStatement } from '../../../apps/control-plane/src/database/test/run-statement.ts'

/** Of these logins, how many the audit log has as successful. */
export async function countCommitted(databaseUrl: string, requestIds: readonly string[]): Promise<number> {
  const [row] = await runStatement(
    databaseUrl,
    "select count(distinct request_id)::int as found from audit_events where request_id = any($1) and outcome = 'success'",
    [requestIds],
  )
  return Number(row?.['found'])
}
