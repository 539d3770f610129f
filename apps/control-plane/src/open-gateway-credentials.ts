import type { AuditLog } from './audit/audit-log.ts'
import type { ChangeAudit } from './audit/change-audit.ts'
import type { Commit } from './database/commit.ts'
import { createGatewayAdministration } from './gateways/administer-gateways.ts'
import { createEnrolGateway } from './gateways/enrol-gateway.ts'
import type { GatewayCredentialStore } from './gateways/gateway-credential-store.ts'
import type { GatewayStore } from './gateways/gateway-store.ts'
import type { LiveTunnels } from './gateways/live-tunnels.ts'

export interface GatewayCredentialsOptions {
  commit: Commit<{ gateways: GatewayStore; gatewayCredentials: GatewayCredentialStore; audit: ChangeAudit }>
  auditLog: AuditLog
  gateways: Pick<GatewayStore, 'findGateway'>
  tunnels: Pick<LiveTunnels, 'closeTunnelsOf'>
  now: () => Date
}

/** What operators do to gateways, and how gateways come by their keys. */
export function openGatewayCredentials(options: GatewayCredentialsOptions) {
  return {
    administration: createGatewayAdministration(options),
    enrolGateway: createEnrolGateway(options),
  }
}
