import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { encodeFrame } from '@postern/protocol'
import { createCertificateAuthority } from '@postern/testing/certificate-authority'
import { WebSocketServer, type WebSocket } from 'ws'
import { openChoosing } from '../../apps/control-plane/src/gateway-pools/choosing/open-choosing.ts'
import { silentReviewObserver } from '../../apps/control-plane/src/gateway-pools/choosing/review-observer.ts'
import {
  createReviewThroughPool,
  membersOfGateway,
} from '../../apps/control-plane/src/gateway-pools/review-through-pool.ts'
import { createTunnelEndpoint } from '../../apps/control-plane/src/tunnel/tunnel-endpoint.ts'
import { silentObserver } from '../../apps/control-plane/src/tunnel/tunnel-observer.ts'
import { TunnelRegistry } from '../../apps/control-plane/src/tunnel/tunnel-registry.ts'

export interface TunnelBenchOptions {
  /** How long each figure is measured. */
  seconds: number
  tls: boolean
}

/** One call of what is measured. */
type Call = () => Promise<void>

interface Figures {
  perSecond: number
  /** Processor time of a call on each side: what remains comparable when others use the machine. */
  cpuMicros: { near: number; far: number }
  p50Ms: number
  p99Ms: number
}

const inFlight = 64
const warmUpCalls = 60_000
/** A bound service-account token of Kubernetes 1.30 has about this many characters. */
const token = 'x'.repeat(960)
const audiences = ['https://kubernetes.default.svc']
const gateway = { ok: true, gatewayId: 'bench', organizationId: 'bench', keyId: 'bench' } as const

/** Prints `{"bench":"tunnel",…}`; `baseline` is a bare WebSocket with messages of the same sizes in the same run. */
export async function benchTunnel({ seconds, tls }: TunnelBenchOptions): Promise<void> {
  const server = await startServer(tls)
  const baseline = await benchEcho(server, seconds)
  const { many, one } = await benchReviews(server, seconds)
  server.http.close()
  const figures = {
    bench: 'tunnel',
    inFlight,
    reviewsPerSecond: Math.round(many.perSecond),
    p50Ms: many.p50Ms,
    p99Ms: many.p99Ms,
    oneInFlight: {
      reviewsPerSecond: Math.round(one.perSecond),
      p50Ms: one.p50Ms,
      p99Ms: one.p99Ms,
      cpuMicrosPerReview: { controlPlane: one.cpuMicros.near, gateway: one.cpuMicros.far },
      bareEcho: baseline.oneInFlight,
      p50OfBareEcho: Number((one.p50Ms / baseline.oneInFlight.p50Ms).toFixed(2)),
    },
    cpuMicrosPerReview: { controlPlane: many.cpuMicros.near, gateway: many.cpuMicros.far },
    baseline,
    ofBaseline: Number((many.perSecond / baseline.echoesPerSecond).toFixed(2)),
    tls,
    tokenBytes: token.length,
    secondsEach: seconds,
    node: process.version,
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}

interface BenchServer {
  http: Server
  /** `https://localhost:port`, or http. */
  origin: string
  /** PEM; empty without TLS. */
  ca: string
}

async function startServer(tls: boolean): Promise<BenchServer> {
  const authority = await createCertificateAuthority('tunnel bench')
  const leaf = await authority.issue()
  const http = tls ? createTlsServer({ cert: leaf.certificate, key: leaf.privateKey }) : createServer()
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  return {
    http,
    origin: `${tls ? 'https' : 'http'}://localhost:${port}`,
    ca: tls ? authority.certificate : '',
  }
}

async function benchReviews(server: BenchServer, seconds: number): Promise<{ many: Figures; one: Figures }> {
  const elapsed = (): number => performance.now()
  const registry = new TunnelRegistry({ elapsed })
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const endpoint = createTunnelEndpoint({
    registry,
    authenticateGateway: async () => gateway,
    rotateGatewayKey: async () => ({ code: 'refused', keyId: '', detail: '' }),
    replicaId: 'bench',
    log,
    observer: silentObserver,
  })
  server.http.on('upgrade', endpoint.handleUpgrade)
  const far = startFarSide('gateway', server.origin, server.ca, 0)
  while (registry.tunnelsOf(gateway.gatewayId).length === 0)
    await registry.waitForTunnel(gateway.gatewayId, 1000, undefined)

  const choosing = openChoosing({ elapsed, observer: silentReviewObserver })
  const { gatewayId, organizationId } = gateway
  const reviewer = createReviewThroughPool({
    target: { kind: 'gateway', gatewayId },
    organizationId,
    state: choosing,
    tunnels: registry,
    members: membersOfGateway(gatewayId),
  })
  const review: Call = async () => {
    const outcome = await reviewer.review({ token, audiences, budgetMs: 10_000 })
    if (outcome.kind !== 'reviewed' || !outcome.verdict.authenticated)
      throw new Error(JSON.stringify(outcome))
  }
  const figures = await measureBoth(review, seconds, far)
  choosing.close()
  await endpoint.close()
  server.http.removeListener('upgrade', endpoint.handleUpgrade)
  await stop(far)
  return figures
}

interface Baseline {
  echoesPerSecond: number
  p50Ms: number
  /** The floor of a review that is alone: there and back over the same kind of socket, and nothing done with it. */
  oneInFlight: { p50Ms: number; cpuMicros: Figures['cpuMicros'] }
  cpuMicros: Figures['cpuMicros']
}

async function benchEcho(server: BenchServer, seconds: number): Promise<Baseline> {
  const requestBytes = encodeFrame({
    kind: 'review-token',
    requestId: 1_000_000,
    nonce: new Uint8Array(16),
    token,
    audiences,
    deadlineMs: 10_000,
    attempt: 1,
  }).length
  const answerBytes = 220
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  const connected = Promise.withResolvers<WebSocket>()
  server.http.once('upgrade', (request, socket, head) => {
    webSockets.handleUpgrade(request, socket, head, connected.resolve)
  })
  const far = startFarSide('echo', server.origin.replace('http', 'ws'), server.ca, answerBytes)
  const webSocket = await connected.promise
  const waiting = new Map<number, () => void>()
  webSocket.on('message', (message: Buffer) => {
    const number = message.readUInt32LE(0)
    waiting.get(number)?.()
    waiting.delete(number)
  })
  let last = 0
  const request = Buffer.alloc(requestBytes)
  const echo: Call = () =>
    new Promise((resolve) => {
      last += 1
      const numbered = Buffer.from(request)
      numbered.writeUInt32LE(last, 0)
      waiting.set(last, resolve)
      webSocket.send(numbered)
    })
  const { many, one } = await measureBoth(echo, seconds, far)
  webSocket.terminate()
  await stop(far)
  return {
    echoesPerSecond: Math.round(many.perSecond),
    p50Ms: many.p50Ms,
    oneInFlight: { p50Ms: one.p50Ms, cpuMicros: one.cpuMicros },
    cpuMicros: many.cpuMicros,
  }
}

async function measureBoth(
  call: Call,
  seconds: number,
  far: ChildProcess,
): Promise<{ many: Figures; one: Figures }> {
  await warmUp(call)
  const many = await measure(call, inFlight, seconds, far)
  const one = await measure(call, 1, Math.min(3, seconds), far)
  return { many, one }
}

/** The same number of calls whatever else the machine does, so that both processes run optimized code. */
async function warmUp(call: Call): Promise<void> {
  let left = warmUpCalls
  const caller = async (): Promise<void> => {
    while (left-- > 0) await call()
  }
  await Promise.all(Array.from({ length: inFlight }, caller))
}

async function measure(
  call: Call,
  concurrency: number,
  seconds: number,
  far: ChildProcess,
): Promise<Figures> {
  const latencies: number[] = []
  const cpuBefore = { near: ownCpuMicros(), far: await cpuMicrosOf(far) }
  const startedAt = performance.now()
  const endsAt = startedAt + seconds * 1000
  const caller = async (): Promise<void> => {
    for (let now = performance.now(); now < endsAt;) {
      await call()
      const after = performance.now()
      latencies.push(after - now)
      now = after
    }
  }
  await Promise.all(Array.from({ length: concurrency }, caller))
  const elapsedSeconds = (performance.now() - startedAt) / 1000
  const sorted = Float64Array.from(latencies).toSorted()
  const at = (share: number): number => Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(3))
  const each = (micros: number): number => Number((micros / latencies.length).toFixed(1))
  const cpuMicros = {
    near: each(ownCpuMicros() - cpuBefore.near),
    far: each((await cpuMicrosOf(far)) - cpuBefore.far),
  }
  return { perSecond: latencies.length / elapsedSeconds, cpuMicros, p50Ms: at(0.5), p99Ms: at(0.99) }
}

function ownCpuMicros(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

async function cpuMicrosOf(child: ChildProcess): Promise<number> {
  const answered = once(child, 'message')
  child.send('cpu')
  const [micros] = (await answered) as [number]
  return micros
}

function startFarSide(mode: 'gateway' | 'echo', url: string, ca: string, answerBytes: number): ChildProcess {
  return fork(join(import.meta.dirname, 'tunnel-far-side.ts'), [mode, url, ca, String(answerBytes)])
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.disconnect()
  await exited
}
