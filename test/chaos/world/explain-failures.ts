import { expectOk } from '../../processes/postern-api.ts'
import type { TimedLogin } from '../load/login-load.ts'
import type { ChaosWorld } from './chaos-world.ts'

/** How many failed logins are looked up. */
const lookedUpMax = 5

/** Says what the audit log has on the first logins that failed: for the person who waits. */
export async function explainFailures(
  { platform }: Pick<ChaosWorld, 'platform'>,
  logins: readonly TimedLogin[],
  say: (line: string) => void,
): Promise<void> {
  const failed = logins.filter(({ outcome }) => outcome.status !== 200).slice(0, lookedUpMax)
  for (const { dueAt, latencyMs, outcome } of failed) {
    const requestId = /"reqId":"([\w-]+)"/.exec(outcome.problem)?.[1]
    const about = `failed login due at ${Math.round(dueAt)} ms, after ${Math.round(latencyMs)} ms: `
    if (requestId === undefined) say(`${about}${outcome.status} ${outcome.problem}`)
    else {
      const { auditLogs } = expectOk(await platform.admin.get(`/api/v1/audit-logs?requestId=${requestId}`))
      const [event] = Array.isArray(auditLogs) ? (auditLogs as Record<string, unknown>[]) : []
      say(`${about}${outcome.status} ${String(event?.['reason'])} ${JSON.stringify(event?.['details'])}`)
    }
  }
}
