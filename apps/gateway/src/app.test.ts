import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeFrame, encodeFrame, tunnelPath, tunnelSubprotocol, type Frame } from '@postern/protocol'
import { startKubernetesStandIn, type KubernetesStandIn } from '@postern/testing/kubernetes-stand-in'
import { createServiceAccountFolder } from '@postern/testing/service-account-folder'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { createGateway, type Gateway } from './app.ts'
import { configFrom, type GatewayConfig } from './config.ts'
import { startEnrolmentServer, type EnrolmentServer } from './test/enrolment-server.ts'
import { systemTiming } from './tunnel/timing.ts'

const account = { namespace: 'postern', name: 'postern-gateway' }
let cluster: KubernetesStandIn
let folder: Awaited<ReturnType<typeof createServiceAccountFolder>>
let controlPlane: EnrolmentServer
let sockets: WebSocketServer
let tunnels: WebSocket[]
let received: Frame[]
let refuseTunnel: boolean
let logged: string[]
let gateways: Gateway[]
let stateFolder: string

beforeAll(async () => {
  cluster = await startKubernetesStandIn()
  await cluster.createServiceAccount(account.namespace, account.name)
  await cluster.createServiceAccount('payments', 'api')
  await cluster.grantTokenReview(account.namespace, account.name)
  folder = await createServiceAccountFolder({ cluster, ...account })
})
afterAll(async () => {
  await folder.close()
  await cluster.close()
})

beforeEach(async () => {
  ;[tunnels, received, logged, gateways, refuseTunnel] = [[], [], [], [], false]
  stateFolder = await mkdtemp(join(tmpdir(), 'gateway-'))
  controlPlane = await startEnrolmentServer(['enrol-canary'])
  sockets = new WebSocketServer({
    server: controlPlane.server,
    path: tunnelPath,
    handleProtocols: () => tunnelSubprotocol,
  })
  sockets.on('connection', (socket) => {
    tunnels.push(socket)
    socket.on('message', (bytes: Buffer) => greet(socket, bytes))
  })
})
afterEach(async () => {
  for (const gateway of gateways) await gateway.close()
  for (const socket of tunnels) socket.terminate()
  sockets.close()
  await controlPlane.close()
  await rm(stateFolder, { recursive: true })
})

function greet(socket: WebSocket, bytes: Buffer): void {
  const frame = decodeFrame(bytes)
  if (frame.kind === 'malformed' || frame.kind === 'unknown') throw new Error(frame.kind)
  received.push(frame)
  if (frame.kind === 'drain') socket.send(encodeFrame({ kind: 'drained' }))
  if (frame.kind !== 'hello') return
  const { minorVersion, features, limits, slot } = frame
  const refusal: Frame = {
    kind: 'refusal',
    code: 'revoked',
    message: 'revoked',
    retryAfterMs: 0,
    permanent: true,
  }
  const welcome: Frame = {
    kind: 'welcome',
    minorVersion,
    features,
    limits,
    replicaId: `replica-${slot}`,
    serverTimeMs: Date.now(),
    pingIntervalMs: 3_000,
  }
  socket.send(encodeFrame(refuseTunnel ? refusal : welcome))
}

function start(environment: Record<string, string> = {}): Gateway {
  const log = (fields: object, message: string): void =>
    void logged.push(`${message} ${JSON.stringify(fields)}`)
  const gateway = createGateway(configOf(environment), {
    log: { info: log, warn: log, error: log },
    timing: systemTiming,
    version: '0.0.0-test',
  })
  gateways.push(gateway)
  return gateway
}

function hellos(): number {
  return received.filter(({ kind }) => kind === 'hello').length
}

function configOf(environment: Record<string, string>): GatewayConfig {
  const outcome = configFrom(
    {
      POSTERN_URL: controlPlane.origin,
      POSTERN_KUBERNETES_URL: cluster.url,
      POSTERN_SERVICE_ACCOUNT_FOLDER: folder.path,
      POSTERN_CREDENTIAL: `file:${join(stateFolder, 'credential.json')}`,
      POSTERN_LISTEN: '127.0.0.1:0',
      POSTERN_ENROLMENT_TOKEN: 'enrol-canary',
      ...environment,
    },
    {},
  )
  if (outcome.kind === 'problems') throw new Error(outcome.problems.join('\n'))
  return outcome.config
}

async function health(port: number, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return { status: response.status, text: await response.text() }
}

describe('a gateway', () => {
  it('enrols, opens its tunnel, and is ready', async () => {
    const gateway = start()
    const { healthPort } = await gateway.start()
    await vi.waitFor(
      async () => expect(await health(healthPort, '/readyz')).toMatchObject({ status: 200 }),
      10_000,
    )
    await vi.waitFor(
      () =>
        expect(gateway.state).toMatchObject({
          phase: 'serving',
          gatewayId: 'g-1',
          tunnels: [{ phase: 'connected' }, { phase: 'connected' }],
        }),
      10_000,
    )
    expect(received[0]).toMatchObject({
      kind: 'hello',
      slot: 0,
      software: expect.stringContaining('0.0.0-test'),
    })
  })

  it('reviews a token that comes through the tunnel, and counts it', async () => {
    const { healthPort } = await start().start()
    await vi.waitFor(() => expect(hellos()).toBe(2), 10_000)
    const token = await cluster.mintToken({ namespace: 'payments', name: 'api' })
    const nonce = Buffer.alloc(16, 7)
    const review: Frame = {
      kind: 'review-token',
      requestId: 1,
      nonce,
      token,
      audiences: [],
      deadlineMs: 5_000,
      attempt: 1,
    }
    tunnels[0]?.send(encodeFrame(review))
    await vi.waitFor(() => expect(received.map(({ kind }) => kind)).toContain('token-reviewed'), 10_000)
    const reviewed = received.find(({ kind }) => kind === 'token-reviewed')
    expect(reviewed).toMatchObject({ authenticated: true, username: 'system:serviceaccount:payments:api' })
    expect(reviewed?.kind === 'token-reviewed' && Buffer.from(reviewed.tokenSha256)).toEqual(
      createHash('sha256').update(token).digest(),
    )
    const metrics = await health(healthPort, '/metrics')
    expect(metrics.text).toContain('postern_gateway_reviews_total{result="authenticated"} 1')
    expect(metrics.text).toContain('postern_gateway_tunnels{phase="connected"} 2')
    expect(logged.join('\n')).not.toContain(token.slice(-20))
  })

  it('starts again from its credential, without the token', async () => {
    const first = start()
    await first.start()
    await vi.waitFor(() => expect(hellos()).toBe(2), 10_000)
    await first.close()
    await start({ POSTERN_ENROLMENT_TOKEN: '' }).start()
    await vi.waitFor(() => expect(hellos()).toBe(4), 10_000)
    expect(controlPlane.presented).toHaveLength(1)
  })

  it('says what is missing while it cannot enrol, and is alive', async () => {
    controlPlane.answerNext(...Array.from({ length: 50 }, () => ({ status: 503, body: '{}' })))
    const { healthPort } = await start().start()
    expect(await health(healthPort, '/readyz')).toEqual({
      status: 503,
      text: expect.stringContaining('"what":"credential"'),
    })
    expect(await health(healthPort, '/livez')).toMatchObject({ status: 200 })
    expect(await health(healthPort, '/secrets')).toMatchObject({ status: 404 })
  })

  it('ends with the remedy when its enrolment token is refused', async () => {
    const gateway = start({ POSTERN_ENROLMENT_TOKEN: 'used-canary' })
    const { healthPort } = await gateway.start()
    expect(await gateway.ended).toEqual({
      kind: 'refused',
      remedy: expect.stringContaining('create a new enrolment token'),
    })
    expect(await health(healthPort, '/readyz')).toMatchObject({ status: 503 })
    expect(logged.join('\n')).not.toContain('canary')
  })

  it('ends with a remedy when its tunnel is refused for good', async () => {
    refuseTunnel = true
    const gateway = start()
    await gateway.start()
    expect(await gateway.ended).toMatchObject({ kind: 'refused', remedy: expect.stringMatching(/\w/) })
    expect(gateway.state.phase).toBe('refused')
  })

  it('stops at any moment, and again', async () => {
    const neverStarted = start()
    await neverStarted.close()
    expect(await neverStarted.ended).toEqual({ kind: 'closed' })

    const serving = start()
    const { healthPort } = await serving.start()
    await vi.waitFor(() => expect(hellos()).toBe(2), 10_000)
    await Promise.all([serving.close(), serving.close()])
    expect(await serving.ended).toEqual({ kind: 'closed' })
    expect(serving.state).toEqual({ phase: 'closed' })
    await expect(health(healthPort, '/livez')).rejects.toThrow('fetch failed')
  })

  it('cannot start on an address that is taken, and names the remedy', async () => {
    const { healthPort } = await start().start()
    await expect(start({ POSTERN_LISTEN: `127.0.0.1:${healthPort}` }).start()).rejects.toThrow(
      /EADDRINUSE.*POSTERN_LISTEN/,
    )
  })

  it('cannot start without a service account, and names the file', async () => {
    await expect(start({ POSTERN_SERVICE_ACCOUNT_FOLDER: stateFolder }).start()).rejects.toThrow(
      /(token|ca\.crt) cannot be read \(ENOENT\).*POSTERN_SERVICE_ACCOUNT_FOLDER/,
    )
  })

  it('shares the credential in a Secret with others that start at the same moment', async () => {
    await cluster.allowSecret({
      namespace: account.namespace,
      serviceAccountName: account.name,
      secretName: 'postern-gateway',
    })
    const both = [
      start({ POSTERN_CREDENTIAL: 'secret:postern-gateway' }),
      start({ POSTERN_CREDENTIAL: 'secret:postern-gateway' }),
    ]
    await Promise.all(both.map((gateway) => gateway.start()))
    await vi.waitFor(() => expect(hellos()).toBe(4), 10_000)
    expect(new Set(controlPlane.presented).size).toBe(1)
  })
})
