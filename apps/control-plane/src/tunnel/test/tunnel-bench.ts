import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openChoosing } from '../../gateway-pools/choosing/open-choosing.ts'
import { silentReviewObserver } from '../../gateway-pools/choosing/review-observer.ts'
import { createReviewThroughPool, membersOfGateway } from '../../gateway-pools/review-through-pool.ts'
import type { TokenReviewer } from '../../login/token-reviewer.ts'
import { joinTunnels } from '../remote/join-tunnels.ts'
import { openRemoteTunnels, type RemoteTimings, type RemoteTunnels } from '../remote/open-remote-tunnels.ts'
import type { RemoteObserver } from '../remote/remote-observer.ts'
import type { TunnelBus } from '../remote/tunnel-bus.ts'
import { createTunnelEndpoint, type TunnelEndpoint, type TunnelEndpointOptions } from '../tunnel-endpoint.ts'
import { silentObserver, type TunnelObserver } from '../tunnel-observer.ts'
import { TunnelRegistry } from '../tunnel-registry.ts'

/** Where the bench is one of several replicas. */
export interface BenchReplica {
  bus: TunnelBus
  replicaId: string
  streamAddress?: () => string | undefined
  timings?: Partial<RemoteTimings>
  observer?: Partial<RemoteObserver>
}

const elapsed = (): number => performance.now()

/** The control plane's end of tunnels on a real server, with every gateway's bearer `<gateway id>.x.y` believed. */
export class TunnelBench {
  readonly registry: TunnelRegistry
  readonly remote: RemoteTunnels | undefined
  readonly events: string[] = []
  readonly log: { message: string; fields: object }[] = []
  readonly url: string
  readonly endpoint: TunnelEndpoint
  readonly #server: Server
  readonly #choosing = openChoosing({ elapsed, observer: silentReviewObserver })

  private constructor(
    server: Server,
    options: Partial<TunnelEndpointOptions>,
    replica: BenchReplica | undefined,
  ) {
    this.#server = server
    this.remote =
      replica &&
      openRemoteTunnels({ ...replica, observer: { ...silentObserver, ...replica.observer }, elapsed })
    this.registry = new TunnelRegistry({ elapsed, ...(this.remote && { watch: this.remote.watch }) })
    const { port } = server.address() as AddressInfo
    this.url = `ws://127.0.0.1:${port}/api/v3/gateways/tunnel`
    const note = (fields: object, message: string): void => {
      this.log.push({ fields, message })
    }
    const observer: TunnelObserver = {
      ...silentObserver,
      tunnelOpened: () => this.events.push('opened'),
      tunnelClosed: (_, { end }) => this.events.push(`closed: ${end}`),
      tunnelDrained: (reason) => this.events.push(`drained: ${reason}`),
      instanceDuplicated: () => this.events.push('duplicated'),
      upgradeRefused: (code) => this.events.push(`refused: ${code}`),
      answerDiscarded: (reason) => this.events.push(`discarded: ${reason}`),
    }
    this.endpoint = createTunnelEndpoint({
      registry: this.registry,
      authenticateGateway: async ({ bearer }) => {
        const gatewayId = bearer?.split('.')[0] ?? ''
        return { ok: true, gatewayId, organizationId: 'organization', keyId: `key-of-${gatewayId}` }
      },
      rotateGatewayKey: async () => ({ code: 'refused', keyId: '', detail: 'not here' }),
      replicaId: 'replica-1',
      log: { info: note, warn: note, error: note },
      observer,
      ...options,
    })
    server.on('upgrade', this.endpoint.handleUpgrade)
  }

  static async start(
    options: Partial<TunnelEndpointOptions> = {},
    replica?: BenchReplica,
  ): Promise<TunnelBench> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new TunnelBench(server, options, replica)
  }

  reviewer(gatewayId: string, returnWaitMs = 2000): TokenReviewer {
    return createReviewThroughPool({
      target: { kind: 'gateway', gatewayId },
      organizationId: 'organization',
      state: this.#choosing,
      tunnels: this.remote === undefined ? this.registry : joinTunnels(this.registry, this.remote.table),
      members: membersOfGateway(gatewayId),
      returnWaitMs,
    })
  }

  async stop(): Promise<void> {
    this.#choosing.close()
    await this.endpoint.close()
    this.remote?.close()
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }
}
