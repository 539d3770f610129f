// The control plane's end of tunnels with TLS in process, and nothing else: what its memory and its processor time are
// spent on is tunnels. The parent asks by message; the first message says where it listens.
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTunnelEndpoint } from '../../apps/control-plane/src/tunnel/tunnel-endpoint.ts'
import { silentObserver } from '../../apps/control-plane/src/tunnel/tunnel-observer.ts'
import { TunnelRegistry } from '../../apps/control-plane/src/tunnel/tunnel-registry.ts'
import type { TunnelServerFigures, TunnelServerQuestion, TunnelServerStart } from './start-tunnel-server.ts'

const [start] = (await once(process, 'message')) as [TunnelServerStart]
const elapsed = (): number => performance.now()
const silentLog = { info: () => undefined, warn: () => undefined, error: () => undefined }
const registry = new TunnelRegistry({ elapsed })
const endpoint = createTunnelEndpoint({
  registry,
  // The bearer of these gateways is `<gateway id>.x.x`.
  authenticateGateway: async ({ bearer }) => {
    const gatewayId = bearer?.split('.', 1)[0] ?? ''
    return { ok: true, gatewayId, organizationId: 'organization', keyId: `key-of-${gatewayId}` }
  },
  rotateGatewayKey: async () => ({ code: 'refused', keyId: '', detail: '' }),
  replicaId: 'measured',
  log: silentLog,
  observer: silentObserver,
  elapsed,
  handshakesMax: start.handshakesPerSecondMax,
  handshakesPerSecondMax: start.handshakesPerSecondMax,
})
const server = createServer({ cert: start.certificate, key: start.privateKey })
server.on('upgrade', endpoint.handleUpgrade)
server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 })
await once(server, 'listening')
const { port } = server.address() as AddressInfo
process.send?.({ origin: `wss://localhost:${port}` })

process.on('message', (asked: TunnelServerQuestion) => void tell(asked))
process.once('disconnect', () => process.exit(0))

async function tell(asked: TunnelServerQuestion): Promise<void> {
  const { user, system } = process.cpuUsage()
  // Twice, with a turn between: what the first pass frees holds handles whose own memory the second one frees.
  for (let pass = 0; asked === 'memory' && pass < 2; pass++) {
    globalThis.gc?.()
    await sleep(50)
  }
  const figures: TunnelServerFigures = {
    tunnels: registry.size,
    rssBytes: process.memoryUsage().rss,
    heapBytes: process.memoryUsage().heapUsed,
    externalBytes: process.memoryUsage().external,
    userMicros: user,
    systemMicros: system,
  }
  process.send?.(figures)
}
