import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { StreamError, type StreamOpening, type StreamTarget } from '@postern/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AnsweringGateway, greet } from '../test/answering-gateway.ts'
import type { FakeGateway } from '../test/fake-gateway.ts'
import { connectStreamGateway, dialStreams, type FakeStreamConnection } from '../test/fake-stream-gateway.ts'
import { TunnelBench } from '../test/tunnel-bench.ts'
import { GatewayStreams } from './gateway-streams.ts'
import { createOpenStream, type OpenStream, type StreamMembers } from './open-stream.ts'

const address: StreamTarget = { host: '10.96.0.1', port: 6443 }
const pool = { kind: 'pool', gatewayPoolId: 'pool-1' } as const
const gatewayOne = { kind: 'gateway', gatewayId: 'gateway-1' } as const
let streams: GatewayStreams
let bench: TunnelBench
let openStream: OpenStream
let members: StreamMembers | undefined
let out: Set<string>

beforeEach(async () => {
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
  streams = new GatewayStreams({
    log: silent,
    elapsed: () => performance.now(),
    pingIntervalMs: 3000,
    ticketMs: 1000,
  })
  bench = await TunnelBench.start({ acceptStreams: (gateway, hello) => streams.admit(gateway, hello) })
  members = { memberIds: ['gateway-1', 'gateway-2'], admits: () => true }
  openStream = createOpenStream({
    streams,
    tunnelsOf: (gatewayId) => bench.registry.tunnelsOf(gatewayId),
    membersOf: async (target) =>
      target.kind === 'gateway' ? { memberIds: [target.gatewayId], admits: () => true } : members,
    isOut: ({ gatewayId }) => out.has(gatewayId),
    random: () => 0,
  })
  out = new Set()
})
afterEach(async () => {
  await streams.close()
  await bench.stop()
})

const open = (
  target: Parameters<OpenStream>[0],
  organizationId = 'organization',
  signal = AbortSignal.timeout(4000),
) => openStream(target, organizationId, address, signal)

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no rejection',
    (error: unknown) => error,
  )
}

const connect = (gatewayId: string, onOpen = greet(gatewayId)): Promise<AnsweringGateway> =>
  AnsweringGateway.connect(bench.url, gatewayId, onOpen)

describe('a raw stream through a gateway', () => {
  test('is carried by a second connection, called for once, whoever needs it first', async () => {
    const gateway = await connect('gateway-1')
    const opened = await Promise.all([open(gatewayOne), open(gatewayOne), open(pool)])
    for (const stream of opened) expect(String(await once(stream, 'data'))).toBe('gateway-1')
    expect([gateway.calls, streams.connectionCount]).toEqual([1, 1])
    expect(String(await once(await open(gatewayOne), 'data'))).toBe('gateway-1')
    expect(gateway.calls).toBe(1)
  })

  test('is asked for by name and port', async () => {
    const asked: StreamTarget[] = []
    await connect('gateway-1', (opening) => {
      asked.push({ host: opening.host, port: opening.port })
      opening.refuse('unreachable', 'ECONNREFUSED')
    })
    expect(await rejection(open(gatewayOne))).toMatchObject({ reason: 'unreachable' })
    expect(asked).toEqual([address])
  })

  test('goes through another member when one refuses, and says why when all do', async () => {
    const refuse = (opening: StreamOpening): void => opening.refuse('host-not-allowed', 'not here')
    await connect('gateway-1', refuse)
    expect(await rejection(open(pool))).toMatchObject({ reason: 'host-not-allowed' })
    await connect('gateway-2')
    expect(String(await once(await open(pool), 'data'))).toBe('gateway-2')
  })

  test('goes through a member that reviews leave alone only when there is no other', async () => {
    await connect('gateway-1')
    expect(String(await once(await open(pool), 'data'))).toBe('gateway-1')
    await connect('gateway-2')
    out.add('gateway-1')
    expect(String(await once(await open(pool), 'data'))).toBe('gateway-2')
    out.add('gateway-2')
    expect(String(await once(await open(pool), 'data'))).toMatch(/^gateway-/)
  })

  test('goes through another member when one does not answer the call', async () => {
    await connectStreamGateway(bench.url, 'gateway-1')
    expect(await rejection(open(gatewayOne))).toMatchObject({ reason: 'connection-lost' })
    await connect('gateway-2')
    expect(String(await once(await open(pool), 'data'))).toBe('gateway-2')
  })

  test('goes through another member at once when the tunnel dies by which the first was called', async () => {
    const patient = new GatewayStreams({
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      elapsed: () => performance.now(),
      pingIntervalMs: 3000,
      ticketMs: 60_000,
    })
    const gateway = await connectStreamGateway(bench.url, 'gateway-1')
    const [tunnel] = bench.registry.tunnelsOf('gateway-1')
    if (tunnel === undefined) throw new Error('not there')
    const opened = patient.open(tunnel, address, AbortSignal.timeout(20_000))
    await gateway.frames('dial-streams')
    gateway.webSocket.terminate()
    expect(await opened).toBeUndefined()
    await patient.close()
  })

  test('T48: never goes through a gateway of another organization', async () => {
    const gateway = await connect('gateway-1')
    expect(await rejection(open(gatewayOne, 'another'))).toMatchObject({ reason: 'connection-lost' })
    expect(gateway.calls).toBe(0)
  })

  test('T6: never goes through a member of another cluster', async () => {
    await connect('gateway-1')
    members = { memberIds: ['gateway-1'], admits: () => false }
    expect(await rejection(open(pool))).toBeInstanceOf(StreamError)
    members = undefined
    expect(await rejection(open(pool))).toMatchObject({ message: expect.stringContaining('no pool pool-1') })
  })

  test('P25: is not asked of a gateway that knows no streams', async () => {
    const gateway = await connectStreamGateway(bench.url, 'gateway-1', { features: 1 })
    expect(await rejection(open(gatewayOne))).toMatchObject({ reason: 'connection-lost' })
    expect(gateway.of('dial-streams')).toEqual([])
  })

  test('is given up with its caller, who need not wait for the gateway', async () => {
    await connectStreamGateway(bench.url, 'gateway-1')
    const abort = new AbortController()
    const error = rejection(open(gatewayOne, 'organization', abort.signal))
    abort.abort(new Error('enough'))
    expect(await error).toMatchObject({ message: 'enough' })
  })

  test('ends with the connection that carries it, and the next has a new one', async () => {
    const gateway = await connect('gateway-1', (opening) => void opening.accept())
    const stream = await open(gatewayOne)
    const failure = rejection(finished(stream))
    gateway.connections[0]?.socket.terminate()
    expect(await failure).toMatchObject({ reason: 'connection-lost' })
    await open(gatewayOne)
    expect(gateway.calls).toBe(2)
  })
})

describe('a connection for streams', () => {
  async function calledGateway(): Promise<{ gateway: FakeGateway; ticket: Uint8Array }> {
    const gateway = await connectStreamGateway(bench.url, 'gateway-1')
    void open(gatewayOne).catch(() => undefined)
    const [call] = await gateway.frames('dial-streams')
    return { gateway, ticket: call?.ticket ?? new Uint8Array(16) }
  }

  test.each<[string, (ticket: Uint8Array) => Promise<FakeStreamConnection>]>([
    [
      'whose ticket nobody has given',
      () => dialStreams(bench.url, 'gateway-1', new Uint8Array(16), greet('x')),
    ],
    [
      'of another gateway',
      (ticket) => dialStreams(bench.url, 'gateway-2', ticket, greet('x'), 'gateway-1-process'),
    ],
    [
      'of another process',
      (ticket) => dialStreams(bench.url, 'gateway-1', ticket, greet('x'), 'other-process'),
    ],
  ])('%s is refused, and spends nothing', async (_, dial) => {
    const { ticket } = await calledGateway()
    expect((await dial(ticket)).answer).toMatchObject({ kind: 'refusal', code: 'superseded' })
    expect((await dialStreams(bench.url, 'gateway-1', ticket, greet('x'))).answer.kind).toBe('welcome')
  })

  test('spends its ticket', async () => {
    const { ticket } = await calledGateway()
    await dialStreams(bench.url, 'gateway-1', ticket, greet('x'))
    expect((await dialStreams(bench.url, 'gateway-1', ticket, greet('x'))).answer.kind).toBe('refusal')
  })

  test('that comes too late is refused', async () => {
    const { ticket } = await calledGateway()
    await sleep(1100)
    expect((await dialStreams(bench.url, 'gateway-1', ticket, greet('x'))).answer.kind).toBe('refusal')
  })

  test('of a revoked gateway is closed with all its streams', async () => {
    const gateway = await connect('gateway-1', (opening) => void opening.accept())
    const other = await connect('gateway-2', (opening) => void opening.accept())
    const stream = await open(gatewayOne)
    await open({ kind: 'gateway', gatewayId: 'gateway-2' })
    const failure = rejection(finished(stream))
    expect(streams.connected()).toContainEqual({ gatewayId: 'gateway-1', keyId: 'key-of-gateway-1' })
    streams.closeStreamsOf('gateway-1', 'gateway-revoked', 'another key')
    expect(streams.connectionCount).toBe(2)
    streams.closeStreamsOf('gateway-1', 'gateway-revoked')
    expect(await failure).toMatchObject({ reason: 'connection-lost' })
    expect(await gateway.connections[0]?.ended).toMatchObject({ kind: 'told-to-leave', code: 'revoked' })
    expect(other.connections[0]?.session?.isOpen).toBe(true)
  })
})
