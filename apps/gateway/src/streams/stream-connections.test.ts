import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { finished } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  features,
  FrameSocket,
  gatewayLimits,
  protocolLimits,
  StreamSession,
  type WelcomeFrame,
} from '@postern/protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { ReachControlPlane, Wanted } from '../tunnel/reach-control-plane.ts'
import { createDialHost } from './dial-host.ts'
import { createServeStream } from './serve-stream.ts'
import { StreamConnections } from './stream-connections.ts'

const ticket = new Uint8Array(16).fill(9)
const welcome: WelcomeFrame = {
  kind: 'welcome',
  minorVersion: 2,
  features: features.reviews | features.streams,
  replicaId: 'replica-1',
  serverTimeMs: 0,
  pingIntervalMs: 3000,
  limits: {
    frameBytesMax: protocolLimits.frameBytesMax,
    tokenBytesMax: protocolLimits.tokenBytesMax,
    ...gatewayLimits,
  },
}
const superseded = { code: 'superseded', message: 'not here', permanent: false }

/** The control plane's ends of what the gateway has dialled. */
let sessions: StreamSession[]
/** Messages that the gateway has sent. */
let received: number
/** What the gateway is welcomed with. */
let greeting: WelcomeFrame
let listener: WebSocketServer
let connections: StreamConnections
let wanted: Wanted[]
let refusals: string[]
/** What the next dials come to; then they are welcome. */
let obstacles: Awaited<ReturnType<ReachControlPlane>>[]
let host: Server
let accepted: Socket[]

beforeEach(async () => {
  sessions = []
  wanted = []
  refusals = []
  obstacles = []
  greeting = welcome
  received = 0
  accepted = []
  listener = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await once(listener, 'listening')
  listener.on('connection', (webSocket, request) => {
    webSocket.on('message', () => (received += 1))
    const session = new StreamSession({
      channel: new FrameSocket(webSocket, request.socket, 'server'),
      pingIntervalMs: 3000,
      elapsed: () => performance.now(),
      idleMs: 60_000,
    })
    session.start()
    sessions.push(session)
  })
  host = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    accepted.push(socket)
  })
  host.listen(0, '127.0.0.1')
  await once(host, 'listening')
  connections = openConnections()
})
afterEach(async () => {
  await connections.close()
  for (const session of sessions) session.close('shutting-down', '')
  for (const socket of accepted) socket.destroy()
  listener.close()
  host.close()
})

const portOf = (server: { address: () => unknown }): number => (server.address() as AddressInfo).port

function openConnections(dialMsMax = 4_000): StreamConnections {
  return new StreamConnections({
    reach,
    serveStream: createServeStream({
      allowedHosts: [
        { host: '127.0.0.1', port: portOf(host) },
        { host: '127.0.0.1', port: 1 },
        { host: '192.0.2.1', port: 443 },
      ],
      dialHost: createDialHost({ msMax: dialMsMax }),
      onRefused: (target, code, detail) => refusals.push(`${target} ${code} ${detail}`),
    }),
    elapsed: () => performance.now(),
    log: { info: () => undefined, warn: () => undefined },
  })
}

async function reach(dial: Wanted): ReturnType<ReachControlPlane> {
  wanted.push(dial)
  const obstacle = obstacles.shift()
  if (obstacle !== undefined) return obstacle
  const webSocket = new WebSocket(`ws://127.0.0.1:${portOf(listener)}`, { perMessageDeflate: false })
  const upgraded = Promise.withResolvers<Duplex>()
  webSocket.once('upgrade', (response: IncomingMessage) => upgraded.resolve(response.socket))
  const socket = new FrameSocket(webSocket, await upgraded.promise, 'client')
  return { kind: 'welcomed', socket, welcome: greeting, keyId: 'key-1' }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not there yet')
  return value
}

/** The control plane's end, after the gateway has answered its call. */
async function called(): Promise<StreamSession> {
  connections.dial(ticket)
  return vi.waitFor(() => present(sessions.at(-1)))
}

async function openToHost(): Promise<[Duplex, Socket]> {
  const session = await called()
  const stream = await session.open({ host: '127.0.0.1', port: portOf(host) })
  return [stream, await vi.waitFor(() => present(accepted[0]))]
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no rejection',
    (error: unknown) => error,
  )
}

async function readAll(stream: Duplex): Promise<string> {
  let text = ''
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await finished(stream, { writable: false })
  return text
}

describe('a call for streams', () => {
  test('is answered by a connection of its own, with the ticket', async () => {
    await called()
    expect(wanted).toMatchObject([{ purpose: 'streams', ticket, slot: 0 }])
  })

  test.each([1, 0xffff_ffff])(
    'keeps to its own bounds when pings are asked for every %i ms',
    async (asked) => {
      greeting = { ...welcome, pingIntervalMs: asked }
      const session = await called()
      await sleep(120)
      expect(session.isOpen).toBe(true)
      expect(received).toBeLessThan(40)
    },
  )

  test('is tried again where another replica answered, or the clock or the key was wrong, not for ever', async () => {
    obstacles = [
      { kind: 'refused', refusal: superseded },
      { kind: 'clock-off', offsetMs: 1, refusal: superseded },
      { kind: 'key-replaced', refusal: superseded },
    ]
    await called()
    expect(wanted.map(({ clockCorrected }) => clockCorrected)).toEqual([false, false, true, true])

    wanted = []
    obstacles = Array.from({ length: 20 }, () => ({ kind: 'refused', refusal: superseded }) as const)
    connections.dial(ticket)
    await vi.waitFor(() => expect(connections.size).toBe(1))
    expect(wanted).toHaveLength(5)
  })

  test('is not answered any more when there are enough connections', async () => {
    for (let count = 0; count < 10; count++) connections.dial(ticket)
    await vi.waitFor(() => expect(sessions).toHaveLength(4))
    expect(wanted).toHaveLength(4)
  })

  test('is answered for one that has carried nothing, when there are enough', async () => {
    for (let count = 0; count < 4; count++) connections.dial(ticket)
    await vi.waitFor(() => expect(sessions).toHaveLength(4))
    connections.dial(ticket)
    await vi.waitFor(() => expect(sessions).toHaveLength(5))
    expect(connections.size).toBe(4)
    await vi.waitFor(() => expect(sessions.filter(({ isOpen }) => isOpen)).toHaveLength(4))
  })
})

describe('a stream through a gateway', () => {
  test('carries bytes both ways, and each half-close', async () => {
    const [stream, socket] = await openToHost()
    stream.end('the question')
    const question = readAll(socket)
    expect(await question).toBe('the question')
    expect(stream.destroyed).toBe(false)
    socket.end('the answer')
    expect(await readAll(stream)).toBe('the answer')
    await vi.waitFor(() => expect(connections.openStreams).toBe(0))
  })

  test.each([
    ['127.0.0.2', undefined],
    ['localhost', undefined],
    ['127.0.0.1', 6443],
    ['169.254.169.254', 80],
  ])('T47: leads nowhere that the configuration does not allow: %s:%s', async (name, port) => {
    const session = await called()
    const target = { host: name, port: port ?? portOf(host) }
    expect(await rejection(session.open(target))).toMatchObject({
      reason: 'host-not-allowed',
      message: expect.stringContaining(`add it to its POSTERN_ALLOWED_KUBERNETES_HOSTS`),
    })
    expect(accepted).toEqual([])
    expect(refusals).toHaveLength(1)
  })

  test('to a closed port is refused with the reason', async () => {
    const session = await called()
    expect(await rejection(session.open({ host: '127.0.0.1', port: 1 }))).toMatchObject({
      reason: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  test('T28: to a host that does not answer ends with its time', async () => {
    await connections.close()
    connections = openConnections(1)
    const session = await called()
    const error = await rejection(session.open({ host: '192.0.2.1', port: 443 }))
    // Where the network itself refuses the address, it may do so sooner.
    expect(error).toMatchObject({ reason: expect.stringMatching(/^(timeout|unreachable)$/) })
  })

  test('breaks with the connection to the host, and breaks it', async () => {
    const [stream, socket] = await openToHost()
    const failure = rejection(finished(stream))
    socket.resetAndDestroy()
    expect(await failure).toMatchObject({ reason: 'closed' })

    accepted = []
    const [other, otherSocket] = await openToHost()
    const closed = once(otherSocket.resume(), 'end')
    other.destroy()
    await closed
    expect(connections.openStreams).toBe(0)
  })

  test('leaves no connection to the host when the gateway stops, or the control plane is gone', async () => {
    const [, socket] = await openToHost()
    const closed = once(socket.resume(), 'end')
    await connections.close()
    await closed

    connections = openConnections()
    accepted = []
    sessions = []
    const [, other] = await openToHost()
    const otherClosed = once(other.resume(), 'end')
    sessions.at(-1)?.close('shutting-down', '')
    await otherClosed
    await vi.waitFor(() => expect(connections.size).toBe(0))
  })

  test('given up while the gateway dials is not dialled on', async () => {
    const session = await called()
    const abort = new AbortController()
    const error = rejection(session.open({ host: '127.0.0.1', port: portOf(host) }, abort.signal))
    abort.abort(new Error('enough'))
    expect(await error).toMatchObject({ message: 'enough' })
    await vi.waitFor(() => expect(connections.openStreams).toBe(0))
  })
})
