import { refusals } from '@postern/api-contract/error-envelope'
import { tunnelPath } from '@postern/protocol'
import { z } from 'zod'
import { ApiError } from '../http/api-error.ts'
import type { HttpServer } from '../http/http-server.ts'

/** Upgrades never come here (`tunnel-endpoint.ts` has them): this answers what a proxy makes of one that it drops. */
export function registerTunnelRoutes(server: HttpServer): void {
  server.get(
    tunnelPath,
    {
      schema: {
        operationId: 'openTunnel',
        tags: ['Gateways'],
        security: [],
        summary: 'Open a tunnel',
        description:
          'For gateways alone, which come by an upgrade to WebSocket. A request without one is refused.',
        response: { 101: z.undefined().describe('The tunnel is open'), ...refusals(426) },
      },
    },
    async (_request, reply) => {
      // RFC 9110 §15.5.22 and §7.8. Of `upgrade` alone Node would keep the connection open, whatever the client wants.
      void reply.header('upgrade', 'websocket').header('connection', 'upgrade, close')
      throw new ApiError(
        'UpgradeRequired',
        'Tunnels are opened here by an upgrade to WebSocket, and this request asks for none. If a gateway sent it, a ' +
          'proxy or load balancer on the way dropped the upgrade: have it pass the headers Upgrade and Connection',
      )
    },
  )
}
