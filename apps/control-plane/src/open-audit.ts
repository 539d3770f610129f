import type { FastifyBaseLogger } from 'fastify'
import { startRemovingExpiredRows } from './access-tokens/remove-expired-rows.ts'
import type { AuditEventStore } from './audit/audit-event-store.ts'
import type { AuditLog } from './audit/audit-log.ts'
import { registerAuditLogRoutes } from './audit/audit-log-routes.ts'
import type { AuditRetentionStore } from './audit/audit-retention-store.ts'
import { registerAuditSettingsRoutes } from './audit/audit-settings-routes.ts'
import { type AuditSettingsDependencies, createAuditSettings } from './audit/change-audit-settings.ts'
import type { Config } from './config.ts'
import type { GatewayStore } from './gateways/gateway-store.ts'
import type { HttpServer } from './http/http-server.ts'
import { createExplainLogin } from './login/explain-login.ts'
import { registerExplainLoginRoutes } from './login/explain-login-routes.ts'
import {
  createSimulateKubernetesLogin,
  type SimulateKubernetesLoginDependencies,
} from './login/simulate-kubernetes-login.ts'
import { registerSimulateLoginRoutes } from './login/simulate-login-routes.ts'
import { type Authenticate, auditActorOf } from './permissions/actor.ts'
import { hasPermission, requirePermission } from './permissions/require-permission.ts'

export interface AuditOptions extends Pick<
  SimulateKubernetesLoginDependencies,
  'identities' | 'kubernetesAuths' | 'rightsOf'
> {
  config: Pick<Config, 'auditRetentionDays'>
  stores: {
    auditEvents: AuditEventStore
    auditRetention: AuditRetentionStore
    gateways: Pick<GatewayStore, 'findGateway'>
  }
  commit: AuditSettingsDependencies['commit']
  auditLog: AuditLog
  authenticate: Authenticate
  logger: FastifyBaseLogger
  now: () => Date
}

/** Up to 20,000 rows each time: 650 a second, every second of the year. */
const removalIntervalMs = 30_000
/** Three months are made ahead, and one that cannot be removed now, because of whoever reads it, goes the next time. */
const monthsIntervalMs = 10 * 60_000

/** What is read of the audit log: lists, settings, explanations; and the end of what is too old. */
export function openAudit(options: AuditOptions) {
  const { config, stores, commit, auditLog, authenticate, logger, now, identities } = options
  const retentionDaysMax = config.auditRetentionDays
  const upkeep = startRemovingExpiredRows({
    removals: [(rowsMax) => stores.auditRetention.removeOld(retentionDaysMax, rowsMax)],
    intervalMs: removalIntervalMs,
    onFailed: (error) => logger.warn({ err: error }, 'old audit events not removed'),
  })
  const months = keepMonths(options)
  const auditSettings = createAuditSettings({
    retention: stores.auditRetention,
    commit,
    auditLog,
    retentionDaysMax,
    now,
  })
  const explainLogin = createExplainLogin({
    events: stores.auditEvents,
    findIdentityName: async (identityId, organizationId) => {
      const identity = await identities.findIdentity(identityId)
      return identity?.organizationId === organizationId ? identity.name : undefined
    },
    findGatewayName: async (gatewayId, organizationId) =>
      (await stores.gateways.findGateway(gatewayId, organizationId))?.name,
  })
  const simulate = createSimulateKubernetesLogin(options)
  return {
    registerRoutes: (server: HttpServer): void => {
      registerAuditLogRoutes(server, { authenticate, events: stores.auditEvents })
      registerAuditSettingsRoutes(server, { authenticate, auditSettings })
      registerExplainLoginRoutes(server, { authenticateAuditor: auditorOf(authenticate), explainLogin })
      registerSimulateLoginRoutes(server, { authenticateReader: readerOf(authenticate), simulate })
    },
    close: () => Promise.all([upkeep.close(), months.close()]),
  }
}

function keepMonths({ stores, config, logger }: AuditOptions): { close(): Promise<void> } {
  const { auditRetention } = stores
  const keep = async (what: string, change: () => Promise<string[]>): Promise<number> => {
    const tables = await change()
    if (tables.length > 0) logger.info({ tables }, what)
    return 0
  }
  return startRemovingExpiredRows({
    removals: [
      () => keep('added months of the audit log', () => auditRetention.addMonths()),
      () =>
        keep('removed months of the audit log', () => auditRetention.dropMonths(config.auditRetentionDays)),
    ],
    intervalMs: monthsIntervalMs,
    onFailed: (error) => logger.warn({ err: error }, 'months of the audit log neither added nor removed'),
  })
}

function auditorOf(authenticate: Authenticate): Authenticate {
  return async (request) => {
    const actor = await authenticate(request)
    requirePermission(actor, 'read', 'audit-log')
    return actor
  }
}

/** Whoever may see an identity, or change how it logs in, may ask what its rules mean. */
function readerOf(authenticate: Authenticate) {
  return async (request: Parameters<Authenticate>[0]) => {
    const actor = await authenticate(request)
    if (!hasPermission(actor, 'edit-auth', 'identities')) requirePermission(actor, 'read', 'identities')
    return { organizationId: actor.organizationId, actor: auditActorOf(actor) }
  }
}
