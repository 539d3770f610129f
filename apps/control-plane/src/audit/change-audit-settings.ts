import type { AuditLogSettings } from '@postern/api-contract/audit-logs'
import { ApiError } from '../http/api-error.ts'
import { auditActorOf } from '../permissions/actor.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import type { AuditLog } from './audit-log.ts'
import type { AuditRetentionStore } from './audit-retention-store.ts'
import type { ChangeAudit } from './change-audit.ts'
import { type ChangeOrigin, orTellDenied } from './denied-attempt.ts'

type Settings = Pick<AuditRetentionStore, 'find' | 'set'>

export interface AuditSettingsDependencies {
  retention: Settings
  commit: <Result>(
    change: (within: { auditRetention: Settings; audit: ChangeAudit }) => Promise<Result>,
  ) => Promise<Result>
  auditLog: AuditLog
  /** What the instance keeps at most. */
  retentionDaysMax: number
  now: () => Date
}

export interface AuditSettings {
  read(origin: ChangeOrigin): Promise<AuditLogSettings>
  change(origin: ChangeOrigin, change: { retentionDays: number | null }): Promise<AuditLogSettings>
}

export function createAuditSettings(dependencies: AuditSettingsDependencies): AuditSettings {
  const { retention, retentionDaysMax } = dependencies
  return {
    read: async ({ actor }) => {
      requirePermission(actor, 'read', 'audit-log')
      return settingsOf(await retention.find(actor.organizationId), retentionDaysMax)
    },
    change: (origin, { retentionDays }) => {
      const attempt = { event: 'audit-retention-changed', details: { retentionDays } } as const
      return orTellDenied(dependencies, origin, attempt, () => change(dependencies, origin, retentionDays))
    },
  }
}

async function change(
  { commit, now, retentionDaysMax }: AuditSettingsDependencies,
  { actor, requestId, ipAddress }: ChangeOrigin,
  retentionDays: number | null,
): Promise<AuditLogSettings> {
  requirePermission(actor, 'edit', 'organization')
  if (retentionDays !== null && retentionDays > retentionDaysMax) {
    throw new ApiError('BadRequest', `This instance keeps events for ${retentionDaysMax} days at most`)
  }
  const { organizationId } = actor
  await commit(async ({ auditRetention, audit }) => {
    const before = (await auditRetention.find(organizationId)) ?? null
    if (!(await auditRetention.set(organizationId, retentionDays))) throw organizationGone()
    await audit.record({
      occurredAt: now(),
      organizationId,
      requestId,
      event: 'audit-retention-changed',
      outcome: 'success',
      actor: auditActorOf(actor),
      ipAddress,
      details: { retentionDays, before },
    })
  })
  return settingsOf(retentionDays, retentionDaysMax)
}

function settingsOf(retentionDays: number | null | undefined, retentionDaysMax: number): AuditLogSettings {
  if (retentionDays === undefined) throw organizationGone()
  const effectiveRetentionDays = Math.min(retentionDays ?? retentionDaysMax, retentionDaysMax)
  return { retentionDays, effectiveRetentionDays, retentionDaysMax }
}

function organizationGone(): ApiError {
  return new ApiError('NotFound', 'Your organization no longer exists')
}
