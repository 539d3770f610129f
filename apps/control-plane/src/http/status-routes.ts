import { statusResponse } from '@postern/api-contract/status'
import type { HttpServer } from './http-server.ts'

/** Clients ask it to learn that they speak to the right kind of server; no credentials, no limit. */
export function registerStatusRoutes(server: HttpServer, { now }: { now: () => Date }): void {
  server.get(
    '/api/status',
    {
      config: { isProbe: true },
      schema: {
        operationId: 'getStatus',
        tags: ['Instance'],
        summary: 'Whether this is a Postern that answers, and which optional parts it has',
        response: { 200: statusResponse },
      },
    },
    () => ({
      date: now().toISOString(),
      message: 'Ok' as const,
      emailConfigured: false,
      inviteOnlySignup: true,
      redisConfigured: false,
      secretScanningConfigured: false,
      samlDefaultOrgSlug: null,
      auditLogStorageDisabled: false,
    }),
  )
}
