// The control plane's end of tunnels with TLS in process, and nothing else: what its memory and its processor time are
// spent on is tunnels. The parent asks by message; the first message says where it listens.
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { openChoosing } from '../../apps/control-plane/src/gateway-pools/choosing/open-choosing.ts'
import { silentReviewObserver } from '../../apps/control-plane/src/gateway-pools/choosing/review-observer.ts'
import {
  createReviewThroughPool,
  membersOfGateway,
} from '../../apps/control-plane/src/gateway-pools/review-through-pool.ts'
import { createTunnelEndpoint } from '../../apps/control-plane/src/tunnel/tunnel-endpoint.ts'
import { silentObserver } from '../../apps/control-plane/src/tunnel/tunnel-observer.ts'
import { TunnelRegistry } from '../../apps/control-plane/src/tunnel/tunnel-registry.ts'
import type { ReviewTally, TunnelServerFigures, TunnelServerQuestion } from './start-tunnel-server.ts'

const [start] = (await once(process, 'message')) as [{ certificate: string; privateKey: string }]
const budgetMs = 10_000
const elapsed = (): number => performance.now()
const silentLog = { info: () => undefined, warn: () => undefined, error: () => undefined }
const ends: Record<string, number> = {}
const registry = new TunnelRegistry({ elapsed })
const choosing = openChoosing({ elapsed, observer: silentReviewObserver })
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
  observer: {
    ...silentObserver,
    tunnelClosed: (_tunnel, { end }) => {
      ends[end] = (ends[end] ?? 0) + 1
    },
  },
  elapsed,
  handshakesMax: 1_000,
  handshakesPerSecond: 100_000,
})
const server = createServer({ cert: start.certificate, key: start.privateKey })
server.on('upgrade', endpoint.handleUpgrade)
server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 })
await once(server, 'listening')
const { port } = server.address() as AddressInfo
process.send?.({ origin: `wss://localhost:${port}` })

process.on('message', (asked: TunnelServerQuestion) => void answer(asked))
process.once('disconnect', () => process.exit(0))

async function answer(asked: TunnelServerQuestion): Promise<void> {
  if (typeof asked === 'string') process.send?.(await figures(asked))
  else if ('patientReviews' in asked) process.send?.(await askReviews(asked.patientReviews, () => budgetMs))
  else process.send?.(await askReviews(asked.cancelledReviews, () => Math.random() * 40))
}

async function figures(asked: 'memory' | 'processor'): Promise<TunnelServerFigures> {
  const { user, system } = process.cpuUsage()
  // Twice, with a turn between: what the first pass frees holds handles whose own memory the second one frees.
  for (let passes = asked === 'memory' ? 2 : 0; passes > 0; passes--) {
    globalThis.gc?.()
    await sleep(50)
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  const resources: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1
  return {
    tunnels: registry.size,
    rssBytes: rss,
    heapBytes: heapUsed,
    externalBytes: external,
    userMicros: user,
    systemMicros: system,
    resources,
    ends: { ...ends },
  }
}

/** Reviews by the gateway `steady`, each of which its caller gives up after a while. */
async function askReviews(count: number, patienceMs: () => number): Promise<ReviewTally> {
  const reviewer = createReviewThroughPool({
    target: { kind: 'gateway', gatewayId: 'steady' },
    organizationId: 'organization',
    state: choosing,
    tunnels: registry,
    members: membersOfGateway('steady'),
  })
  const tally: ReviewTally = { reviewed: 0, misdirected: 0, failures: {} }
  let started = 0
  const caller = async (): Promise<void> => {
    while (started < count) {
      const token = `token.${(started += 1)}.x`
      const giveUp = new AbortController()
      const timer = setTimeout(() => giveUp.abort(), patienceMs())
      const outcome = await reviewer.review({ token, audiences: [], budgetMs, signal: giveUp.signal })
      clearTimeout(timer)
      if (outcome.kind === 'failed')
        tally.failures[outcome.detail] = (tally.failures[outcome.detail] ?? 0) + 1
      else if (outcome.verdict.authenticated && outcome.verdict.username === `of ${token}`)
        tally.reviewed += 1
      else tally.misdirected += 1
    }
  }
  await Promise.all(Array.from({ length: 64 }, caller))
  return tally
}
