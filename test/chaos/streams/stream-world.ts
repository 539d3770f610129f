import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { heartbeatDefaults } from '@postern/protocol'
import { GatewayStreams } from '../../../apps/control-plane/src/tunnel/streams/gateway-streams.ts'
import { createOpenStream } from '../../../apps/control-plane/src/tunnel/streams/open-stream.ts'
import type { GatewaySession } from '../../../apps/control-plane/src/tunnel/gateway-session.ts'
import { createTunnelEndpoint } from '../../../apps/control-plane/src/tunnel/tunnel-endpoint.ts'
import { silentObserver } from '../../../apps/control-plane/src/tunnel/tunnel-observer.ts'
import { TunnelRegistry } from '../../../apps/control-plane/src/tunnel/tunnel-registry.ts'
import { answerOf, endChild } from '../start-tunnel-server.ts'
import { startRelay, type RelayProcess } from '../relay/start-relay.ts'
import { isBare, openBareStreams, type BareStreams } from './bare-streams.ts'

/** What the far end of a stream does: sends without end, takes all there is, or never reads. */
export type BulkEnd = 'sends' | 'takes' | 'waits'

/** Where each is. */
export type BulkPorts = Record<BulkEnd, number>

/**
 * The control plane's end of tunnels and streams in this process, a gateway in another, a relay between them in a third,
 * and the hosts that streams lead to in a fourth: the product's own code at both ends, without login and database around it.
 */
export interface StreamWorld extends AsyncDisposable {
  relay: RelayProcess
  tunnel: GatewaySession
  /** A stream through the gateway to a host that does this. */
  openBulk(end: BulkEnd): Promise<Duplex>
  /** Through the same relay, to a process that does nothing else. */
  openBare(inFlightBytes: number): Promise<BareStreams>
  /** What the gateway's process holds in memory. */
  readFarBytes(): Promise<number>
}

const elapsed = (): number => performance.now()
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const gateway = { gatewayId: 'far-side', organizationId: 'organization', keyId: 'far-side' }
const target = { kind: 'gateway', gatewayId: gateway.gatewayId } as const
const hostsFile = fileURLToPath(new URL('stream-hosts-process.ts', import.meta.url))
const farSideFile = fileURLToPath(new URL('stream-far-side.ts', import.meta.url))

export async function createStreamWorld(): Promise<StreamWorld> {
  await using building = new AsyncDisposableStack()
  const registry = new TunnelRegistry({ elapsed })
  const streams = new GatewayStreams({
    log: silent,
    elapsed,
    pingIntervalMs: heartbeatDefaults.pingIntervalMs,
  })
  const server = await serveTunnels(building, registry, streams)
  const { port } = server.address() as AddressInfo
  const relay = await startRelay({ host: '127.0.0.1', port })
  building.defer(() => relay.close())
  const hosts = fork(hostsFile)
  building.defer(() => endChild(hosts))
  const ports = await answerOf<BulkPorts>(hosts)
  const far = fork(farSideFile, [`http://${relay.address}`, ...Object.values(ports).map(String)])
  building.defer(() => endChild(far))
  const tunnel = await firstTunnel(registry)
  const openStream = createOpenStream({
    streams,
    tunnelsOf: (gatewayId) => registry.tunnelsOf(gatewayId),
    membersOf: () => Promise.resolve({ memberIds: [gateway.gatewayId], admits: () => true }),
    isOut: () => false,
    random: Math.random,
  })
  const stack = building.move()
  return {
    relay,
    tunnel,
    openBulk(end) {
      const address = { host: '127.0.0.1', port: ports[end] }
      return openStream(target, gateway.organizationId, address, AbortSignal.timeout(10_000))
    },
    openBare: (inFlightBytes) => openBareStreams(server, `http://${relay.address}`, inFlightBytes),
    async readFarBytes() {
      const answered = once(far, 'message')
      far.send('memory')
      const [bytes] = (await answered) as [number]
      return bytes
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function serveTunnels(
  building: AsyncDisposableStack,
  registry: TunnelRegistry,
  streams: GatewayStreams,
): Promise<Server> {
  const server = createServer()
  const endpoint = createTunnelEndpoint({
    registry,
    authenticateGateway: () => Promise.resolve({ ok: true, ...gateway }),
    rotateGatewayKey: () => Promise.resolve({ code: 'unavailable', keyId: '', detail: '' }),
    acceptStreams: (dialler, hello) => streams.admit(dialler, hello),
    replicaId: 'near-side',
    log: silent,
    observer: silentObserver,
  })
  server.on('upgrade', (request, socket, head) => {
    if (!isBare(request)) endpoint.handleUpgrade(request, socket, head)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  building.defer(async () => {
    await streams.close()
    await endpoint.close()
    server.close()
  })
  return server
}

async function firstTunnel(registry: TunnelRegistry): Promise<GatewaySession> {
  for (;;) {
    const [tunnel] = registry.tunnelsOf(gateway.gatewayId)
    if (tunnel !== undefined) return tunnel
    await sleep(20)
  }
}
