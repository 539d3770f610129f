import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { finished } from 'node:stream/promises'
import type { StreamOpening, StreamTarget } from '@postern/protocol'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openReplicaStreams, type ReplicaStreams } from './open-replica-streams.ts'
import { dialReplica } from './replicas/dial-replica.ts'
import { GatewayStreams } from './tunnel/streams/gateway-streams.ts'
import { createOpenStream, type OpenStream } from './tunnel/streams/open-stream.ts'
import {
  readStreamAnswer,
  readStreamRequest,
  type RemoteStreamRequest,
  writeStreamRequest,
} from './tunnel/streams/remote-stream.ts'
import { RemoteCalls, type StrayConnection } from './tunnel/streams/remote-calls.ts'
import { AnsweringGateway, greet } from './tunnel/test/answering-gateway.ts'
import { connectStreamGateway, dialStreams } from './tunnel/test/fake-stream-gateway.ts'
import { BusHub, type HubBus } from './tunnel/test/bus-hub.ts'
import { TunnelBench } from './tunnel/test/tunnel-bench.ts'

const secret = createSecretKey(randomBytes(32))
const address: StreamTarget = { host: '10.96.0.1', port: 6443 }
const pool = { kind: 'pool', gatewayPoolId: 'pool-1' } as const
const gatewayOne = { kind: 'gateway', gatewayId: 'gateway-1' } as const
const soon = { timeout: 5_000, interval: 2 }
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const elapsed = (): number => performance.now()

interface Replica {
  bench: TunnelBench
  bus: HubBus
  streams: GatewayStreams
  hops: ReplicaStreams
  count: () => { incoming: number; outgoing: number }
  openStream: OpenStream
}

let hub: BusHub
let replicas: Replica[]
let events: string[]
let here: Replica
let there: Replica

beforeEach(async () => {
  hub = new BusHub()
  replicas = []
  events = []
  here = await start('here')
  there = await start('there')
})
afterEach(async () => {
  for (const { hops, streams, bench } of replicas) {
    await hops.close()
    await streams.close()
    await bench.stop()
  }
})

async function start(
  replicaId: string,
  {
    knows = secret,
    listens = true,
    idleMs = 60_000,
  }: { knows?: KeyObject; listens?: boolean; idleMs?: number } = {},
): Promise<Replica> {
  const bus = hub.join()
  let streamAddress = (): string | undefined => undefined
  const bench = await TunnelBench.start(
    { acceptStreams: (gateway, hello) => streams.admit(gateway, hello) },
    { bus, replicaId, streamAddress: () => streamAddress() },
  )
  const { remote, registry } = bench
  if (remote === undefined) throw new Error('a bench with a bus knows of others')
  let count = (): { incoming: number; outgoing: number } => ({ incoming: 0, outgoing: 0 })
  const hops: ReplicaStreams = openReplicaStreams({
    config: { replicaId, ...(listens ? { replicaListen: { host: '127.0.0.1', port: 0 } } : {}) },
    secret: knows,
    registry,
    table: remote.table,
    streams: () => streams,
    bus,
    logger: { ...silent, warn: (_, message) => events.push(`${replicaId} warns: ${message}`) },
    observer: {
      countStreamHopsBy: (given) => {
        count = given
      },
      streamHopFailed: (reason) => events.push(`${replicaId} failed: ${reason}`),
      streamHopRefused: (reason) => events.push(`${replicaId} refused: ${reason}`),
    },
    elapsed,
  })
  const streams = new GatewayStreams({
    log: silent,
    elapsed,
    pingIntervalMs: 3000,
    ticketMs: 1000,
    idleMs,
    strays: hops.strays,
  })
  streamAddress = () => hops.address()
  await hops.listen()
  const openStream = createOpenStream({
    streams,
    tunnelsOf: (gatewayId) => registry.tunnelsOf(gatewayId),
    others: hops.others,
    membersOf: async (target) => ({
      memberIds: target.kind === 'gateway' ? [target.gatewayId] : ['gateway-1', 'gateway-2'],
      admits: () => true,
    }),
    isOut: () => false,
    random: () => 0,
  })
  const replica = { bench, bus, streams, hops, count: () => count(), openStream }
  replicas.push(replica)
  return replica
}

/** A gateway with a tunnel to a replica, which the one here knows of. */
async function connect(
  replica: Replica,
  gatewayId: string,
  onOpen?: (opening: StreamOpening) => void,
  reached = replica,
): Promise<AnsweringGateway> {
  const gateway = await AnsweringGateway.connect(replica.bench.url, gatewayId, onOpen, reached.bench.url)
  const [tunnel] = replica.bench.registry.tunnelsOf(gatewayId)
  await vi.waitUntil(() => replica === here || knownHere(gatewayId).includes(tunnel?.tunnelId ?? ''), soon)
  return gateway
}

function knownHere(gatewayId: string): string[] {
  return here.bench.remote?.table.tunnelsOf(gatewayId).map(({ tunnelId }) => tunnelId) ?? []
}

const open = (
  target: Parameters<OpenStream>[0],
  organizationId = 'organization',
  signal = AbortSignal.timeout(6_000),
): Promise<Duplex> => here.openStream(target, organizationId, address, signal)

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no rejection',
    (error: unknown) => error,
  )
}

/** Gives back what it gets. */
function echo(opening: StreamOpening): void {
  const stream = opening.accept()
  stream?.pipe(stream)
}

describe('a raw stream through a gateway of another replica', () => {
  test('carries bytes both ways, each direction to its own end', async () => {
    await connect(there, 'gateway-1', echo)
    const stream = await open(gatewayOne)
    expect([here.count(), there.count()]).toEqual([
      { incoming: 0, outgoing: 1 },
      { incoming: 1, outgoing: 0 },
    ])
    const bytes = randomBytes(3_000_000)
    stream.end(bytes)
    expect((await buffer(stream)).equals(bytes)).toBe(true)
    await expect.poll(() => [here.count().outgoing, there.count().incoming]).toEqual([0, 0])
    expect(there.streams.streamCount).toBe(0)
  })

  test('holds the gateway back while nobody reads', async () => {
    const piece = Buffer.alloc(64 * 1024)
    let written = 0
    const write = async (stream: Duplex | undefined): Promise<void> => {
      for (; written < 800; written += 1) if (stream?.write(piece) === false) await once(stream, 'drain')
      stream?.end()
    }
    await connect(there, 'gateway-1', (opening) => void write(opening.accept()))
    const stream = await open(gatewayOne)
    let before = -1
    await expect
      .poll(() => [before === written, (before = written)][0], { interval: 200, timeout: 5_000 })
      .toBe(true)
    expect(written).toBeLessThan(400)
    expect((await buffer(stream)).length).toBe(800 * piece.length)
  })

  test('goes through a tunnel of this replica where there is one', async () => {
    await connect(there, 'gateway-1', greet('over there'))
    await connect(here, 'gateway-1', greet('right here'))
    expect(await text(await open(gatewayOne))).toBe('right here')
    expect(there.streams.connectionCount).toBe(0)
  })

  test('T47: leads where the configuration of the gateway itself allows, and nowhere else', async () => {
    const asked: StreamTarget[] = []
    await connect(there, 'gateway-1', ({ host, port, refuse }: StreamOpening) => {
      asked.push({ host, port })
      refuse('host-not-allowed', 'not in the list')
    })
    expect(await rejection(open(gatewayOne))).toMatchObject({
      reason: 'host-not-allowed',
      message: 'host-not-allowed: not in the list',
    })
    expect(asked).toEqual([address])
  })

  test('T48: never goes through a gateway of another organization', async () => {
    const gateway = await connect(there, 'gateway-1')
    expect(await rejection(open(gatewayOne, 'another'))).toMatchObject({ reason: 'connection-lost' })
    expect(await ask({ organizationId: 'another' })).toEqual({ kind: 'no-tunnel' })
    expect(await ask({ gatewayId: 'gateway-2' })).toEqual({ kind: 'no-tunnel' })
    expect(gateway.calls).toBe(0)
    expect(await ask({})).toEqual({ kind: 'opened' })
  })

  /** What the replica there answers whoever knows the secret. */
  async function ask(change: Partial<RemoteStreamRequest>): Promise<unknown> {
    const [host = '', port] = there.hops.address()?.split(':') ?? []
    const [tunnel] = there.bench.registry.tunnelsOf('gateway-1')
    const { answer, socket } = await dialReplica({
      to: { replicaId: 'there', host, port: Number(port) },
      replicaId: 'here',
      secret,
      request: writeStreamRequest({
        organizationId: 'organization',
        gatewayId: 'gateway-1',
        tunnelId: tunnel?.tunnelId ?? '',
        ...address,
        ...change,
      }),
      signal: AbortSignal.timeout(5_000),
    })
    socket.destroy()
    return readStreamAnswer(answer)
  }

  test('is asked for elsewhere when the tunnel is there no more, which is forgotten at once', async () => {
    const third = await start('third')
    const gateway = await connect(there, 'gateway-1')
    await connect(third, 'gateway-2')
    there.bus.disconnect()
    gateway.gateway.webSocket.terminate()
    await vi.waitFor(() => expect(there.bench.registry.size).toBe(0), soon)
    expect(knownHere('gateway-1')).toHaveLength(1)
    expect(await text(await open(pool))).toBe('gateway-2')
    expect([knownHere('gateway-1'), events]).toEqual([[], []])
  })

  test('is asked for elsewhere when the replica cannot be reached, which then comes last for a while', async () => {
    const third = await start('third')
    await connect(there, 'gateway-1')
    await connect(third, 'gateway-2')
    await there.hops.close()
    expect(await text(await open(pool))).toBe('gateway-2')
    expect(events).toEqual([
      'here failed: unreachable',
      expect.stringContaining('here warns: another replica'),
    ])
    expect(await text(await open(pool))).toBe('gateway-2')
    expect(events).toHaveLength(2)
    expect(await rejection(open(gatewayOne))).toMatchObject({
      reason: 'connection-lost',
      message: expect.stringContaining('there at 127.0.0.1:'),
    })
  })

  test('is not asked of a replica that opens none for others, and the error says what to set', async () => {
    const third = await start('third', { listens: false })
    await connect(third, 'gateway-1')
    expect(await rejection(open(gatewayOne))).toMatchObject({
      reason: 'connection-lost',
      message: expect.stringContaining('POSTERN_REPLICA_LISTEN'),
    })
    expect(events).toEqual([])
  })

  test('is not given to a process that does not know the instance secret', async () => {
    const stranger = await start('stranger', { knows: createSecretKey(randomBytes(32)) })
    const gateway = await connect(stranger, 'gateway-1')
    expect(await rejection(open(gatewayOne))).toMatchObject({ reason: 'connection-lost' })
    expect(events).toContain('here failed: not-proven')
    expect(gateway.calls).toBe(0)
  })

  test('is given up with its caller, and at the gateway too', async () => {
    const abort = new AbortController()
    const gone = Promise.withResolvers<void>()
    await connect(there, 'gateway-1', ({ signal }: StreamOpening) => {
      signal.addEventListener('abort', () => gone.resolve())
      abort.abort(new Error('enough'))
    })
    expect(await rejection(open(gatewayOne, 'organization', abort.signal))).toMatchObject({
      message: 'enough',
    })
    await gone.promise
    await expect.poll(() => [here.count().outgoing, there.count().incoming]).toEqual([0, 0])
  })

  test('breaks with the connection of a revoked gateway', async () => {
    await connect(there, 'gateway-1', echo)
    const failure = rejection(finished(await open(gatewayOne)))
    there.streams.closeStreamsOf('gateway-1', 'gateway-revoked')
    expect(await failure).toMatchObject({ code: 'ECONNRESET' })
  })

  test('breaks with the replica that holds the tunnel, and the gateway learns it', async () => {
    await connect(there, 'gateway-1', echo)
    const failure = rejection(finished(await open(gatewayOne)))
    await there.hops.close()
    expect(await failure).toMatchObject({ code: 'ECONNRESET' })
    await expect.poll(() => there.streams.streamCount).toBe(0)
  })

  test('breaks with the replica that asked for it', async () => {
    await connect(there, 'gateway-1', echo)
    const stream = await open(gatewayOne)
    await here.hops.close()
    expect(stream.destroyed).toBe(true)
    await expect.poll(() => here.count().outgoing).toBe(0)
    await expect.poll(() => [there.streams.streamCount, there.count().incoming]).toEqual([0, 0])
  })
})

describe('a connection for streams that reaches another replica than the one that called for it', () => {
  const connectionsOf = (...of: Replica[]): number[] => of.map(({ streams }) => streams.connectionCount)

  test('carries the streams of the one that called, and is called for once', async () => {
    const gateway = await connect(here, 'gateway-1', echo, there)
    const [one, other] = await Promise.all([open(gatewayOne), open(gatewayOne)])
    for (const stream of [one, other]) {
      const bytes = randomBytes(1_000_000)
      stream.end(bytes)
      expect((await buffer(stream)).equals(bytes)).toBe(true)
    }
    await open(gatewayOne)
    expect([gateway.calls, connectionsOf(here, there)]).toEqual([1, [0, 1]])
    expect(events).toEqual([])
  })

  test('carries those that a third replica asks of the one that called', async () => {
    const third = await start('third')
    await connect(there, 'gateway-1', echo, third)
    const stream = await open(gatewayOne)
    const bytes = randomBytes(1_000_000)
    stream.end(bytes)
    expect((await buffer(stream)).equals(bytes)).toBe(true)
    expect(connectionsOf(here, there, third)).toEqual([0, 0, 1])
  })

  test('is called for anew when it was closed for want of streams', async () => {
    const brief = await start('brief', { idleMs: 50 })
    const gateway = await connect(here, 'gateway-1', greet('again'), brief)
    const greeting = async (): Promise<string> => text((await open(gatewayOne)).end())
    expect(await greeting()).toBe('again')
    await expect.poll(() => connectionsOf(brief)).toEqual([0])
    expect(await greeting()).toBe('again')
    expect(gateway.calls).toBe(2)
  })

  test('is called for anew when its replica is gone', async () => {
    const gone = await start('gone')
    let reached = gone
    const gateway = await connectStreamGateway(here.bench.url, 'gateway-1')
    const answer = async (count: number): Promise<void> => {
      const call = (await gateway.frames('dial-streams', count)).at(-1)
      await dialStreams(reached.bench.url, 'gateway-1', call?.ticket ?? new Uint8Array(16), greet('still'))
    }
    void answer(1)
    expect(await text(await open(gatewayOne))).toBe('still')
    await gone.hops.close()
    reached = there
    void answer(2)
    expect(await text(await open(gatewayOne))).toBe('still')
    expect(connectionsOf(there)).toEqual([1])
  })

  test('is refused by one that opens no streams for others: the next dial may reach the right one', async () => {
    const third = await start('third', { listens: false })
    const { gateway, ticket, opened } = await call()
    const stray = await dialStreams(third.bench.url, 'gateway-1', ticket, greet('x'))
    expect(stray.answer).toMatchObject({ kind: 'refusal', code: 'superseded', permanent: false })
    await dialStreams(here.bench.url, 'gateway-1', ticket, greet('at last'))
    expect(await text(await opened)).toBe('at last')
    gateway.webSocket.terminate()
  })

  test('spends its ticket, which is good for that process of that gateway alone', async () => {
    const { ticket, opened } = await call()
    const dials = [
      await dialStreams(there.bench.url, 'gateway-2', ticket, greet('x'), 'gateway-1-process'),
      await dialStreams(there.bench.url, 'gateway-1', ticket, greet('x'), 'other-process'),
      await dialStreams(there.bench.url, 'gateway-1', new Uint8Array(16), greet('x')),
      await dialStreams(there.bench.url, 'gateway-1', ticket, greet('the one')),
      await dialStreams(there.bench.url, 'gateway-1', ticket, greet('x')),
      await dialStreams(here.bench.url, 'gateway-1', ticket, greet('x')),
    ]
    expect(dials.map(({ answer }) => answer.kind)).toEqual([
      'refusal',
      'refusal',
      'refusal',
      'welcome',
      'refusal',
      'refusal',
    ])
    expect(await text(await opened)).toBe('the one')
    expect(connectionsOf(here, there)).toEqual([0, 1])
  })

  test('T48: serves its own organization and gateway, and those who know its id', async () => {
    await connect(here, 'gateway-1', greet('x'), there)
    const asked: RemoteStreamRequest[] = []
    const [host = '', port] = there.hops.address()?.split(':') ?? []
    const serve = there.streams.openTaken.bind(there.streams)
    vi.spyOn(there.streams, 'openTaken').mockImplementation((named) => {
      asked.push({ ...named, ...address })
      return serve(named)
    })
    await open(gatewayOne)
    const [known] = asked
    if (known === undefined) throw new Error('nothing was asked')
    const ask = async (change: object): Promise<unknown> => {
      const { answer, socket } = await dialReplica({
        to: { replicaId: 'there', host, port: Number(port) },
        replicaId: 'here',
        secret,
        request: writeStreamRequest({ ...known, ...change }),
        signal: AbortSignal.timeout(5_000),
      })
      socket.destroy()
      return readStreamAnswer(answer)
    }
    for (const change of [
      { organizationId: 'another' },
      { gatewayId: 'gateway-2' },
      { connectionId: 'another' },
    ])
      expect(await ask(change)).toEqual({ kind: 'no-tunnel' })
    expect(await ask({})).toEqual({ kind: 'opened' })
    there.streams.leave()
    expect(await ask({})).toEqual({ kind: 'no-tunnel' })
  })

  test('is not taken from a replica that cannot be reached: its ticket stays good for the next dial', async () => {
    const unreachable = await start('unreachable')
    await unreachable.hops.close()
    const { gateway, ticket, opened } = await call()
    expect((await dialStreams(unreachable.bench.url, 'gateway-1', ticket, greet('x'))).answer.kind).toBe(
      'welcome',
    )
    const next = (await gateway.frames('dial-streams', 2)).at(-1)?.ticket ?? new Uint8Array(16)
    const stray = await dialStreams(unreachable.bench.url, 'gateway-1', next, greet('x'))
    expect(stray.answer).toMatchObject({ kind: 'refusal', code: 'superseded' })
    await dialStreams(here.bench.url, 'gateway-1', next, greet('at last'))
    expect(await text(await opened)).toBe('at last')
    expect(events).toEqual(['here failed: unreachable', expect.stringContaining('here warns: another')])
  })

  test('gives way to the next that the same replica calls for, unless it carries a stream', async () => {
    const gateway = await connect(here, 'gateway-1', echo, there)
    const forgetOnce = () => vi.spyOn(there.streams, 'openTaken').mockReturnValueOnce(undefined)
    const used = await open(gatewayOne)
    forgetOnce()
    const unused = await open(gatewayOne)
    expect([gateway.calls, connectionsOf(there)]).toEqual([2, [2]])
    unused.end().resume()
    await finished(unused)
    forgetOnce()
    await open(gatewayOne)
    await expect.poll(() => connectionsOf(there)).toEqual([2])
    expect(await gateway.connections[1]?.ended).toMatchObject({ kind: 'told-to-leave', code: 'replaced' })
    expect(used.destroyed).toBe(false)
  })

  test('is found at an address as long as a name may be', async () => {
    const calls: string[] = []
    const bus: Pick<HubBus, 'request' | 'serve'> = {
      serve: () => () => undefined,
      request: async (_topic, message) => {
        calls.push(String(message))
        return { kind: 'no-responders' }
      },
    }
    const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}:65535`
    const strays = new RemoteCalls({ bus, replicaId: 'far', streamAddress: () => long })
    await strays.claim(new Uint8Array(16), { gatewayId: 'gateway-1', instanceId: 'one' }, 'connection-1')
    const taken: StrayConnection[] = []
    const answers: ((message: Uint8Array) => Promise<Uint8Array>)[] = []
    const near = new RemoteCalls({
      bus: {
        ...bus,
        serve: (_topic, answer) => {
          answers.push(answer)
          return () => undefined
        },
      },
      replicaId: 'near',
      streamAddress: () => undefined,
    })
    near.await(new Uint8Array(16), (connection) => taken.push(connection) > 0)
    const reply = await answers[0]?.(Buffer.from(calls[0] ?? ''))
    expect(taken).toMatchObject([{ streamAddress: long, heldBy: 'far' }])
    expect(JSON.parse(String(reply))).toEqual({ callerId: 'near' })
  })

  test('ends with the gateway’s right, where it is', async () => {
    await connect(here, 'gateway-1', echo, there)
    const failure = rejection(finished(await open(gatewayOne)))
    expect(there.streams.connected()).toEqual([{ gatewayId: 'gateway-1', keyId: 'key-of-gateway-1' }])
    there.streams.closeStreamsOf('gateway-1', 'gateway-revoked')
    expect(await failure).toMatchObject({ code: 'ECONNRESET' })
    expect(connectionsOf(there)).toEqual([0])
  })

  /** A gateway of the replica here that answers no call by itself. */
  async function call() {
    const gateway = await connectStreamGateway(here.bench.url, 'gateway-1')
    const opened = open(gatewayOne)
    void opened.catch(() => undefined)
    const [called] = await gateway.frames('dial-streams')
    return { gateway, ticket: called?.ticket ?? new Uint8Array(16), opened }
  }
})

describe('what replicas say to each other of a stream', () => {
  const request = {
    organizationId: 'organization',
    gatewayId: 'gateway-1',
    tunnelId: 'tunnel-1',
    host: '10.96.0.1',
    port: 6443,
  }

  test('names a tunnel or a connection', () => {
    const { tunnelId: _, ...common } = request
    const byConnection = { ...common, connectionId: 'connection-1' }
    expect(readStreamRequest(writeStreamRequest(byConnection))).toEqual(byConnection)
    expect(readStreamRequest(Buffer.from(JSON.stringify(common)))).toBeUndefined()
  })

  test('is none if it is not a request', () => {
    const json = fc.json().map((text) => Buffer.from(text))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), json), (bytes) => {
        expect([readStreamRequest(bytes), readStreamAnswer(bytes)]).toEqual([undefined, undefined])
      }),
    )
  })

  test.each([{ host: '' }, { port: 0 }, { port: 65_536 }, { port: 1.5 }, { host: 'x'.repeat(300) }])(
    'is none beyond its bounds: %o',
    (change) => {
      expect(readStreamRequest(writeStreamRequest(request))).toEqual(request)
      expect(readStreamRequest(writeStreamRequest({ ...request, ...change }))).toBeUndefined()
    },
  )

  test('may be of a later version', () => {
    const later = { kind: 'refused', reason: 'of a later version', detail: '', more: 1 }
    expect(readStreamAnswer(Buffer.from(JSON.stringify(later)))).toEqual({
      kind: 'refused',
      reason: 'unspecified',
      detail: '',
    })
  })
})
