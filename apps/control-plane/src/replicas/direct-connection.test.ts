import { createSecretKey, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'
import { type Duplex, PassThrough, duplexPair } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { finished } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { type DialReplicaOptions, dialReplica } from './dial-replica.ts'
import { type AnswerDirect, type DirectLimits, DirectListener } from './direct-listener.ts'
import { messageBytesMax } from './direct-messages.ts'
import { DirectProofs, nonceOfChallenge, writeHello } from './direct-proofs.ts'
import { RecordingRelay } from './test/recording-relay.ts'

const secret = createSecretKey(randomBytes(32))
const another = createSecretKey(randomBytes(32))
const opened = Buffer.from('opened')
let asked: string[]
let refused: string[]
let errors: unknown[]
let ends: (() => unknown)[]

beforeEach(() => {
  asked = []
  refused = []
  errors = []
  ends = []
})
afterEach(async () => {
  for (const end of ends.toReversed()) await end()
  if (errors.length > 0) throw new AggregateError(errors, 'holders had errors of their own')
})

/** @param answer by default, what the caller writes comes back */
async function startHolder(
  answer: AnswerDirect = async () => ({ answer: opened, stream: new PassThrough() }),
  limits: Partial<DirectLimits> = {},
): Promise<{ listener: DirectListener; port: number }> {
  const listener = new DirectListener({
    listen: { host: '127.0.0.1', port: 0 },
    replicaId: 'holder',
    secret,
    answer: (request, signal) => {
      asked.push(Buffer.from(request).toString())
      return answer(request, signal)
    },
    onRefused: (reason) => refused.push(reason),
    onError: (error) => errors.push(error),
    limits,
  })
  const port = await listener.listen()
  ends.push(() => listener.close())
  return { listener, port }
}

async function dial(port: number, change: Partial<DialReplicaOptions> = {}) {
  const dialled = await dialReplica({
    to: { replicaId: 'holder', host: '127.0.0.1', port },
    replicaId: 'caller',
    secret,
    request: Buffer.from('a stream'),
    signal: AbortSignal.timeout(8_000),
    ...change,
  })
  ends.push(() => dialled.socket.destroy())
  return dialled
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no rejection',
    (error: unknown) => error,
  )
}

/** However it ends. */
function gone(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve()
  return new Promise((resolve) => {
    socket.resume().once('close', () => resolve())
  })
}

/** A connection that does not do what a replica does. */
async function dialRaw(port: number, bytes: Buffer = Buffer.alloc(0)): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  ends.push(() => socket.destroy())
  await once(socket, 'connect')
  socket.write(bytes)
  return socket
}

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

/** A server that does what it is told with each connection. */
async function startServer(serve: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    ends.push(() => socket.destroy())
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => server.close())
  return (server.address() as AddressInfo).port
}

describe('a direct connection between replicas', () => {
  test('carries one request, its answer, and then bytes both ways', async () => {
    const { port } = await startHolder()
    const { answer, socket } = await dial(port)
    expect([answer, asked]).toEqual([opened, ['a stream']])
    socket.end('there and back')
    expect(await text(socket)).toBe('there and back')
  })

  test('loses nothing of what comes right behind the answer', async () => {
    const bytes = randomBytes(300_000)
    const { port } = await startHolder(async () => {
      const [near, far] = duplexPair()
      far.end(bytes)
      return { answer: opened, stream: near }
    })
    const { socket } = await dial(port)
    await sleep(20)
    expect((await buffer(socket)).equals(bytes)).toBe(true)
  })

  test('ends each direction on its own', async () => {
    let far: Duplex | undefined
    const { port } = await startHolder(async () => {
      const [near, other] = duplexPair({ allowHalfOpen: true })
      far = other
      return { answer: opened, stream: near }
    })
    const { socket } = await dial(port)
    far?.end('the last of it')
    expect(await text(socket)).toBe('the last of it')
    socket.write('still ')
    await sleep(20)
    socket.end('here')
    expect(await text(far ?? socket)).toBe('still here')
  })

  test('holds back whoever writes to a reader that does not read', async () => {
    const piece = Buffer.alloc(64 * 1024)
    const pieces = 1_600
    let written = 0
    const { port } = await startHolder(async () => {
      const [near, far] = duplexPair()
      void (async () => {
        for (; written < pieces; written += 1) if (!far.write(piece)) await once(far, 'drain')
        far.end()
      })()
      return { answer: opened, stream: near }
    })
    const { socket } = await dial(port)
    await sleep(300)
    const heldAt = written
    expect(heldAt).toBeLessThan(pieces / 4)
    await sleep(200)
    expect(written).toBe(heldAt)
    let read = 0
    for await (const chunk of socket) read += (chunk as Buffer).length
    expect(read).toBe(pieces * piece.length)
  })

  test('without a stream ends after its answer', async () => {
    const { port } = await startHolder(async () => ({ answer: Buffer.from('no') }))
    const { answer, socket } = await dial(port)
    expect([String(answer), await text(socket)]).toEqual(['no', ''])
  })

  test('breaks, rather than ends, when the stream behind it breaks', async () => {
    const stream = new PassThrough()
    const { port } = await startHolder(async () => ({ answer: opened, stream }))
    const { socket } = await dial(port)
    const failure = rejection(finished(socket))
    stream.on('error', () => undefined)
    stream.destroy(new Error('cut'))
    expect(await failure).toMatchObject({ code: 'ECONNRESET' })
  })

  test('takes the stream behind it along when it breaks', async () => {
    const stream = new PassThrough()
    const { port, listener } = await startHolder(async () => ({ answer: opened, stream }))
    const { socket } = await dial(port)
    const closed = once(stream, 'close')
    socket.resetAndDestroy()
    await closed
    await expect.poll(() => listener.size).toBe(0)
  })

  test('that carries nothing for too long is cut', async () => {
    const { port } = await startHolder(undefined, { idleMs: 100 })
    const { socket } = await dial(port)
    expect(await rejection(finished(socket))).toMatchObject({ code: 'ECONNRESET' })
  })

  test('ends with the replica that holds the stream', async () => {
    const stream = new PassThrough()
    const { port, listener } = await startHolder(async () => ({ answer: opened, stream }))
    const { socket } = await dial(port)
    const failure = rejection(finished(socket))
    await listener.close()
    expect(await failure).toMatchObject({ code: 'ECONNRESET' })
    expect([stream.destroyed, listener.size, refused]).toEqual([true, 0, []])
  })
})

describe('whoever dials a replica', () => {
  test('does not ask a process that does not know the secret', async () => {
    let sent = 0
    const impostor = new DirectListener({
      listen: { host: '127.0.0.1', port: 0 },
      replicaId: 'holder',
      secret: another,
      answer: async () => ({ answer: opened }),
      onRefused: (reason) => refused.push(reason),
      onError: (error) => errors.push(error),
    })
    ends.push(() => impostor.close())
    const relay = await RecordingRelay.start(await impostor.listen())
    ends.push(() => relay.stop())
    relay.change = (piece) => {
      sent += 1
      return piece
    }
    expect(await rejection(dial(relay.port))).toMatchObject({ reason: 'not-proven' })
    expect(sent).toBe(1)
    await expect.poll(() => refused).toEqual(['closed'])
  })

  test('is told at once that nobody listens', async () => {
    const { listener, port } = await startHolder()
    await listener.close()
    expect(await rejection(dial(port))).toMatchObject({
      reason: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  test.each([
    ['says nothing', Buffer.alloc(0), 'timeout'],
    ['says something else', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'malformed'],
    ['says too little', framed(randomBytes(10)), 'malformed'],
    ['says a challenge without proof', framed(randomBytes(64)), 'not-proven'],
  ])('gives up on one that %s', async (_, bytes, reason) => {
    const port = await startServer((socket) => void socket.write(bytes))
    expect(await rejection(dial(port, { timings: { challengeMs: 100 } }))).toMatchObject({ reason })
  })

  test('gives up on one that hangs up', async () => {
    const port = await startServer((socket) => void socket.end())
    expect(await rejection(dial(port))).toMatchObject({ reason: 'closed' })
  })

  test('gives up on one that does not answer in time, which learns it', async () => {
    const signals: AbortSignal[] = []
    const { port } = await startHolder((_, signal) => {
      signals.push(signal)
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    })
    expect(await rejection(dial(port, { timings: { answerMs: 100 } }))).toMatchObject({ reason: 'timeout' })
    await expect.poll(() => [signals[0]?.aborted, refused]).toEqual([true, ['closed']])
  })

  test('gives up with its own caller', async () => {
    const port = await startServer(() => undefined)
    const abort = new AbortController()
    const failure = rejection(dial(port, { signal: abort.signal }))
    abort.abort(new Error('enough'))
    expect(await failure).toMatchObject({ message: 'enough' })
  })
})

describe('a replica that is dialled', () => {
  test('asks nothing for who does not know the secret, though it pretends to', async () => {
    const { port } = await startHolder()
    const hello = writeHello({ callerId: 'caller', holderId: 'holder' })
    const socket = await dialRaw(port, framed(hello))
    const [challenge] = (await once(socket, 'data')) as [Buffer]
    const nonce = nonceOfChallenge(challenge.subarray(2)) ?? Buffer.alloc(32)
    socket.write(framed(new DirectProofs(another, hello, nonce).prove('request', Buffer.from('a stream'))))
    await gone(socket)
    expect([refused, asked]).toEqual([['not-proven'], []])
  })

  test('asks nothing for what was said on another connection', async () => {
    const { port } = await startHolder()
    const relay = await RecordingRelay.start(port)
    ends.push(() => relay.stop())
    await dial(relay.port)
    const socket = await dialRaw(port, Buffer.concat(relay.sent[0] ?? []))
    await gone(socket)
    expect([refused, asked]).toEqual([['not-proven'], ['a stream']])
  })

  test('asks nothing that was changed on the way', async () => {
    const { port } = await startHolder()
    const relay = await RecordingRelay.start(port)
    ends.push(() => relay.stop())
    relay.change = (piece, index) => {
      if (index > 0) piece[piece.length - 1] = (piece.at(-1) ?? 0) ^ 1
      return piece
    }
    expect(await rejection(dial(relay.port))).toMatchObject({ reason: 'closed' })
    expect([refused, asked]).toEqual([['not-proven'], []])
  })

  test('is not taken for another one', async () => {
    const { port } = await startHolder()
    const to = { replicaId: 'other', host: '127.0.0.1', port }
    expect(await rejection(dial(port, { to }))).toMatchObject({ reason: 'closed' })
    expect([refused, asked]).toEqual([['malformed'], []])
  })

  test.each([
    ['nothing', Buffer.alloc(0), 'timeout'],
    [
      'half a message',
      framed(writeHello({ callerId: 'caller', holderId: 'holder' })).subarray(0, 20),
      'timeout',
    ],
    ['hello and nothing more', framed(writeHello({ callerId: 'caller', holderId: 'holder' })), 'timeout'],
    ['a message of no bytes', framed(Buffer.alloc(0)), 'malformed'],
    ['a message beyond the bound', framed(Buffer.alloc(messageBytesMax + 1)), 'malformed'],
  ])('does not wait for who says %s', async (_, bytes, reason) => {
    const { port } = await startHolder(undefined, { helloMs: 100, requestMs: 100 })
    const socket = await dialRaw(port, bytes)
    await gone(socket)
    expect([refused, asked]).toEqual([[reason], []])
  })

  test('goes on whatever bytes it gets', async () => {
    const { port, listener } = await startHolder(undefined, { helloMs: 50, requestMs: 50 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }),
        fc.boolean(),
        async (pieces, isFramed) => {
          const bytes = pieces.map((piece) => (isFramed ? framed(Buffer.from(piece)) : Buffer.from(piece)))
          const socket = await dialRaw(port, Buffer.concat(bytes))
          socket.end()
          await gone(socket)
        },
      ),
      { numRuns: 60 },
    )
    expect([asked, listener.size]).toEqual([[], 0])
    expect(String((await dial(port)).answer)).toBe('opened')
  })

  test('lets a replica in though strangers hold all the places they can', async () => {
    const { port } = await startHolder(undefined, { strangersMax: 3 })
    const strangers = await Promise.all([dialRaw(port), dialRaw(port), dialRaw(port)])
    expect(String((await dial(port)).answer)).toBe('opened')
    expect(refused).toEqual(['overloaded'])
    await expect.poll(() => strangers.filter(({ destroyed }) => destroyed).length).toBe(1)
  })

  test('takes no more connections than it may have', async () => {
    const { port } = await startHolder(undefined, { connectionsMax: 1 })
    const { socket } = await dial(port)
    expect(await rejection(dial(port))).toMatchObject({ reason: 'closed' })
    expect(refused).toEqual(['overloaded'])
    socket.end()
    await once(socket.resume(), 'close')
    await expect.poll(async () => String((await dial(port)).answer)).toBe('opened')
  })

  test('gives up a stream that was opened for a caller who has left', async () => {
    const { promise: called, resolve: call } = Promise.withResolvers<void>()
    const stream = new PassThrough()
    const { promise: opening, resolve: open } = Promise.withResolvers<{ answer: Buffer; stream: Duplex }>()
    const { port } = await startHolder(() => {
      call()
      return opening
    })
    const abort = new AbortController()
    const failure = rejection(dial(port, { signal: abort.signal }))
    await called
    abort.abort(new Error('enough'))
    await failure
    await sleep(50)
    open({ answer: opened, stream })
    await expect.poll(() => stream.destroyed).toBe(true)
  })
})
