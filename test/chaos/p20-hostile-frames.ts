import { createHash, generateKeyPairSync } from 'node:crypto'
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { decodeFrame, type Frame, type ReviewTokenFrame } from '@postern/protocol'
import { createServiceAccountFolder } from '@postern/testing/service-account-folder'
import { startStandInProcess } from '@postern/testing/stand-in-process'
import { FakeControlPlane, type FakeTunnel } from '../../apps/gateway/src/tunnel/test/fake-control-plane.ts'
import { createHostileBytes } from '../../packages/protocol/fuzz/hostile-bytes.ts'
import type { Experiment, ExperimentSize } from './experiment.ts'
import { startTwin } from './peer/start-twin.ts'
import { connectPlainGateway, type PlainGateway } from './plain-gateway.ts'
import { startTunnelServer, type TunnelServer } from './start-tunnel-server.ts'

export const hostileFrames: Experiment = {
  name: 'P20',
  asked:
    'hostile frames, 10,000,000 cases: 0 crashes, at most 1 MiB a tunnel, only the tunnel closed that they came by, on both sides',
  async run(size, say) {
    say('hostile bytes are decoded')
    const decoding = await fuzzDecoder(amounts[size].cases)
    say('hostile gateways')
    const controlPlane = await attackControlPlane(size)
    say('a hostile control plane')
    const gateway = await attackGateway(size)
    return {
      measured: { decoding, controlPlane, gateway },
      ok: decoding.crashes === 0 && controlPlane.ok && gateway.ok,
    }
  },
}

const amounts = {
  quick: { cases: 60_000, tunnels: 100, reviews: 1_000, floodMs: 2_000, gatewayMs: 6_000 },
  full: { cases: 10_000_000, tunnels: 5_000, reviews: 50_000, floodMs: 30_000, gatewayMs: 60_000 },
} as const

const bytesPerTunnelMax = 1024 * 1024
const floodingTunnels = 32
/** Longer than what the control plane gives a peer to close its end. */
const closedWithinMs = 10_000
const fuzzFile = fileURLToPath(new URL('../../packages/protocol/fuzz/decode-frame.fuzz.ts', import.meta.url))

async function fuzzDecoder(cases: number): Promise<{ cases: number; crashes: number; seconds: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, [fuzzFile, String(cases), '20'])
  const { crashes, seconds } = JSON.parse(stdout) as { crashes: number; seconds: number }
  return { cases, crashes, seconds }
}

interface ControlPlaneFigures {
  ok: boolean
  hostileTunnels: number
  hostileFrames: number
  /** Sent bytes that are no frame, and lived on. */
  notClosed: number
  /** Closed before that, for frames that make no sense there: the control plane may. */
  closedForFrames: number
  steadyLost: boolean
  failedReviews: number
  misdirected: number
  bytesPerTunnel: number
}

/** Gateways that have a tunnel and send what they like, beside one that reviews. */
async function attackControlPlane(size: ExperimentSize): Promise<ControlPlaneFigures> {
  const server = await startTunnelServer()
  try {
    const steady = { isLost: false }
    await connectPlainGateway({
      ...server,
      gatewayId: 'steady',
      instanceId: 'steady',
      review: answerHonestly,
      onClose: () => (steady.isLost = true),
    })
    await server.askReviews(100)
    const before = await server.figures('memory')
    const reviewing = server.askReviews(amounts[size].reviews)
    const attacked = await sendUntilClosed(server, amounts[size].tunnels)
    const during = await reviewing
    const bytesPerTunnel = await flood(server, amounts[size].floodMs, before.heapBytes + before.externalBytes)
    const last = await server.askReviews(100)
    const failedReviews = [during, last].flatMap(({ failures }) => Object.values(failures))
    const misdirected = during.misdirected + last.misdirected
    const isWell = !steady.isLost && failedReviews.length === 0 && misdirected === 0
    return {
      ok: isWell && attacked.notClosed === 0 && bytesPerTunnel <= bytesPerTunnelMax,
      ...attacked,
      steadyLost: steady.isLost,
      failedReviews: failedReviews.reduce((sum, count) => sum + count, 0),
      misdirected,
      bytesPerTunnel,
    }
  } finally {
    await server.stop()
  }
}

/** Each tunnel sends frames that make no sense there, and then hostile bytes until some are no frame. */
async function sendUntilClosed(
  server: TunnelServer,
  tunnels: number,
): Promise<Pick<ControlPlaneFigures, 'hostileTunnels' | 'hostileFrames' | 'notClosed' | 'closedForFrames'>> {
  const nextBytes = createHostileBytes(20)
  const senseless = soundFrames(2_000)
  const figures = { hostileTunnels: 0, hostileFrames: 0, notClosed: 0, closedForFrames: 0 }
  const attack = async (): Promise<void> => {
    while (figures.hostileTunnels < tunnels) {
      const name = `hostile-${(figures.hostileTunnels += 1)}`
      const closed = Promise.withResolvers<void>()
      const { webSocket } = await connectPlainGateway({
        ...server,
        gatewayId: name,
        instanceId: name,
        onClose: () => closed.resolve(),
      })
      const start = (figures.hostileTunnels * 20) % senseless.length
      for (const frame of senseless.slice(start, start + 20)) webSocket.send(frame)
      if (await closesWithin(closed.promise, 20)) figures.closedForFrames += 1
      figures.hostileFrames += 20 + sendUntilMalformed(nextBytes, (bytes) => webSocket.send(bytes))
      if (!(await closesWithin(closed.promise, closedWithinMs))) figures.notClosed += 1
      webSocket.terminate()
    }
  }
  await Promise.all(Array.from({ length: 8 }, attack))
  return figures
}

/** How many. */
function sendUntilMalformed(nextBytes: () => Uint8Array, send: (bytes: Uint8Array) => void): number {
  for (let count = 1; ; count += 1) {
    const bytes = nextBytes()
    send(bytes)
    if (decodeFrame(bytes).kind === 'malformed') return count
  }
}

/** Frames that are frames, as fast as they go, by peers that read nothing: what the control plane keeps of each tunnel. */
async function flood(server: TunnelServer, ms: number, bytesBefore: number): Promise<number> {
  const frames = soundFrames(400)
  const peers: PlainGateway[] = []
  for (let index = 0; index < floodingTunnels; index += 1) {
    const name = `flooding-${index}`
    peers.push(await connectPlainGateway({ ...server, gatewayId: name, instanceId: name }))
  }
  for (const { webSocket } of peers) webSocket.pause()
  const endAt = performance.now() + ms
  while (performance.now() < endAt) {
    for (const { webSocket } of peers) {
      const isTaken = webSocket.bufferedAmount < 256 * 1024
      for (const frame of isTaken ? frames : [])
        if (webSocket.readyState === webSocket.OPEN) webSocket.send(frame)
    }
    await sleep(5)
  }
  const { heapBytes, externalBytes } = await server.figures('memory')
  for (const { webSocket } of peers) webSocket.terminate()
  return Math.max(0, Math.round((heapBytes + externalBytes - bytesBefore) / floodingTunnels))
}

/** Hostile bytes that are frames all the same, and none that asks for the tunnel's end. */
function soundFrames(count: number): Uint8Array[] {
  const nextBytes = createHostileBytes(21)
  const frames: Uint8Array[] = []
  while (frames.length < count) {
    const bytes = nextBytes()
    const { kind } = decodeFrame(bytes)
    if (!['malformed', 'go-away', 'drain', 'hello'].includes(kind)) frames.push(bytes)
  }
  return frames
}

interface GatewayFigures {
  ok: boolean
  hostileTunnels: number
  notClosed: number
  reviews: number
  failedReviews: number
}

/** A gateway process with one honest tunnel, and one whose far end sends what it likes whenever it comes. */
async function attackGateway(size: ExperimentSize): Promise<GatewayFigures> {
  const cluster = await startStandInProcess()
  const account = { namespace: 'postern', name: 'postern-gateway' }
  await cluster.createServiceAccount(account.namespace, account.name)
  await cluster.grantTokenReview(account.namespace, account.name)
  const folder = await createServiceAccountFolder({ cluster, ...account })
  const controlPlane = await FakeControlPlane.start()
  const { privateKey } = generateKeyPairSync('ed25519')
  const twin = await startTwin({
    url: controlPlane.url,
    kubernetesUrl: cluster.url,
    serviceAccountFolder: folder.path,
    instanceId: 'attacked',
    credential: {
      gatewayId: 'attacked',
      keyId: 'key',
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
  })
  try {
    return await attackSecondTunnel(controlPlane, amounts[size].gatewayMs)
  } finally {
    await twin.close()
    await controlPlane.stop()
    await folder.close()
    await cluster.close()
  }
}

async function attackSecondTunnel(controlPlane: FakeControlPlane, ms: number): Promise<GatewayFigures> {
  const honest = await controlPlane.tunnel(0)
  const nextBytes = createHostileBytes(22)
  const figures = { hostileTunnels: 0, notClosed: 0, reviews: 0, failedReviews: 0 }
  const endAt = performance.now() + ms
  const attacking = attackEach(controlPlane, nextBytes, figures, endAt)
  while (performance.now() < endAt) {
    if (!(await isReviewed(honest, (figures.reviews += 1)))) figures.failedReviews += 1
    await sleep(20)
  }
  await attacking
  const isWell = !honest.isClosed && figures.failedReviews === 0 && figures.notClosed === 0
  return { ok: isWell && figures.hostileTunnels > 1, ...figures }
}

async function attackEach(
  controlPlane: FakeControlPlane,
  nextBytes: () => Uint8Array,
  figures: Pick<GatewayFigures, 'hostileTunnels' | 'notClosed'>,
  endAt: number,
): Promise<void> {
  for (let index = 1; performance.now() < endAt;) {
    const tunnel = controlPlane.tunnels[index]
    if (tunnel === undefined || tunnel.of('hello').length === 0) {
      await sleep(10)
      continue
    }
    index += 1
    figures.hostileTunnels += 1
    for (const frame of soundFrames(50)) tunnel.sendBytes(frame)
    sendUntilMalformed(nextBytes, (bytes) => tunnel.sendBytes(bytes))
    if (!(await closesWithin(tunnel.closed(), closedWithinMs))) figures.notClosed += 1
  }
}

async function isReviewed(tunnel: FakeTunnel, requestId: number): Promise<boolean> {
  const nonce = createHash('md5').update(String(requestId)).digest()
  const token = `token-${requestId}`
  tunnel.send({ kind: 'review-token', requestId, nonce, token, audiences: [], deadlineMs: 5_000, attempt: 1 })
  const answered = tunnel.until(
    () => tunnel.isClosed || tunnel.of('token-reviewed').some((frame) => frame.requestId === requestId),
  )
  return (await closesWithin(answered, 5_000)) && !tunnel.isClosed
}

async function closesWithin(closed: Promise<void>, ms: number): Promise<boolean> {
  const impatient = new AbortController()
  const late = sleep(ms, false, { signal: impatient.signal }).catch(() => false)
  const isClosed = await Promise.race([closed.then(() => true), late])
  impatient.abort()
  return isClosed
}

function answerHonestly(review: ReviewTokenFrame, send: (frame: Frame) => void): void {
  send({
    kind: 'token-reviewed',
    requestId: review.requestId,
    nonce: review.nonce,
    tokenSha256: createHash('sha256').update(review.token).digest(),
    authenticated: true,
    username: `of ${review.token}`,
    uid: '1',
    groups: [],
    audiences: [],
    error: '',
  })
}
