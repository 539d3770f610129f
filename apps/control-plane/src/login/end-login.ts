import type { AuditEvent } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ApiError } from '../http/api-error.ts'
import { paceRefusal } from './pace-refusal.ts'

/** For metrics. */
export interface ObservedLogin {
  outcome: 'success' | 'denied' | 'failed'
  /** Absent for a success. */
  reason?: string
  durationMs: number
}

export interface EndLoginDependencies {
  auditLog: AuditLog
  /** Once for each login, when it has ended. */
  observeLogin?: (login: ObservedLogin) => void
  nowMs: () => number
  sleep: (ms: number) => Promise<void>
}

interface Attempt {
  readonly stopwatch: { readonly elapsedMs: number }
}

/** A check that throws is a bug, or a database that is gone: where the audit log can be written, the login is in it. */
export async function orRecordCrash<Value>(
  { auditLog, observeLogin, nowMs }: EndLoginDependencies,
  attempt: Attempt & { crashEvent(at: Date): AuditEvent },
  checks: () => Promise<Value>,
): Promise<Value> {
  try {
    return await checks()
  } catch (error) {
    observeLogin?.({ outcome: 'failed', reason: 'internal-error', durationMs: attempt.stopwatch.elapsedMs })
    await auditLog.record(attempt.crashEvent(new Date(nowMs())))
    throw error
  }
}

/** Resolves once the login is in the audit log. */
export async function endAdmitted<Issued>(
  { auditLog, observeLogin, nowMs }: EndLoginDependencies,
  attempt: Attempt & { successEvent(at: Date, issued: Issued): AuditEvent },
  issued: Issued,
  recordLastLogin: (at: Date) => void,
): Promise<void> {
  const at = new Date(nowMs())
  await auditLog.record(attempt.successEvent(at, issued))
  recordLastLogin(at)
  observeLogin?.({ outcome: 'success', durationMs: attempt.stopwatch.elapsedMs })
}

export interface Refusal {
  outcome: 'denied' | 'failed'
  reason: string
  /** Undefined: not written down. */
  event: ((at: Date) => AuditEvent) | undefined
  /** It ends on a step of time, so that how long it took tells nothing of its reason. */
  isPaced: boolean
  error: ApiError
}

export async function endRefused(
  { auditLog, observeLogin, nowMs, sleep }: EndLoginDependencies,
  { stopwatch }: Attempt,
  { outcome, reason, event, isPaced, error }: Refusal,
): Promise<never> {
  if (event !== undefined) await auditLog.record(event(new Date(nowMs())))
  observeLogin?.({ outcome, reason, durationMs: stopwatch.elapsedMs })
  if (isPaced) await paceRefusal(stopwatch.elapsedMs, sleep)
  throw error
}
