import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { writeBytesMax, type FrameListener } from '../connection/frame-socket.ts'
import type { Frame } from '../frames.ts'
import { connectSessions, type ConnectedSessions } from '../test/connected-sessions.ts'
import { StreamSession } from './stream-session.ts'
import { StreamError } from './stream-error.ts'
import { streamLimits } from './stream-limits.ts'
import type { StreamOpening } from './stream-opening.ts'

const target = { host: 'kubernetes.example', port: 6443 }
const { windowBytes } = streamLimits
let both: ConnectedSessions

async function connect(...options: Parameters<typeof connectSessions>): Promise<ConnectedSessions> {
  both = await connectSessions(...options)
  return both
}

afterEach(async () => {
  both.opener.close('shutting-down', '')
  both.acceptor.close('shutting-down', '')
  await both.close()
})

async function readAll(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await finished(stream, { writable: false })
  return Buffer.concat(chunks)
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no rejection',
    (error: unknown) => error,
  )
}

/** Writes until the stream takes no more; how much it took. */
async function fill(stream: NodeJS.WritableStream): Promise<number> {
  let bytes = 0
  for (;;) {
    bytes += 64 * 1024
    if (stream.write(Buffer.alloc(64 * 1024, 7))) continue
    const moved = await Promise.race([
      new Promise<boolean>((resolve) => stream.once('drain', () => resolve(true))),
      sleep(150, false),
    ])
    if (!moved) return bytes
  }
}

describe('a raw stream', () => {
  test('carries the bytes of many streams both ways, unchanged, however they are cut', async () => {
    const { openPair } = await connect()
    const writes = fc.array(
      fc.nat(100_000).map((length) => randomBytes(length)),
      { maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(writes, writes), { minLength: 1, maxLength: 4 }),
        async (streams) => {
          const checks = streams.map(async ([there, back]) => {
            const [near, far] = await openPair()
            const received = Promise.all([readAll(far), readAll(near)])
            for (const bytes of there) near.write(bytes)
            for (const bytes of back) far.write(bytes)
            near.end()
            far.end()
            const [atFar, atNear] = await received
            expect(atFar.equals(Buffer.concat(there))).toBe(true)
            expect(atNear.equals(Buffer.concat(back))).toBe(true)
          })
          await Promise.all(checks)
        },
      ),
      { numRuns: 30 },
    )
    await vi.waitFor(() => expect([both.opener.size, both.acceptor.size]).toEqual([0, 0]))
  })

  test('keeps the other direction open when one has ended', async () => {
    const { openPair } = await connect()
    const [near, far] = await openPair()
    near.end('the question')
    expect((await readAll(far)).toString()).toBe('the question')
    expect(near.destroyed).toBe(false)
    far.end('the answer')
    expect((await readAll(near)).toString()).toBe('the answer')
    await vi.waitFor(() => expect([both.opener.size, both.acceptor.size]).toEqual([0, 0]))
    expect([near.errored, far.errored]).toEqual([null, null])
  })

  test('that is destroyed at one end is reset at the other', async () => {
    const { openPair } = await connect()
    const [near, far] = await openPair()
    const failure = rejection(finished(far))
    near.destroy()
    expect(await failure).toMatchObject({ name: 'StreamError', reason: 'closed' })
    expect([both.opener.size, both.acceptor.size]).toEqual([0, 0])
  })

  test('tells a writer whose bytes are still waiting that they will not arrive', async () => {
    const { openPair } = await connect()
    const [near, far] = await openPair()
    await fill(near)
    const written = new Promise((resolve) => near.write('x', resolve))
    far.destroy()
    expect(await written).toBeInstanceOf(Error)
  })

  test('P14: whose reader stalls holds its sender at the window, and no other stream', async () => {
    const { openPair } = await connect()
    const stalled = await openPair()
    const taken = await fill(stalled[0])
    // The window, what the writer may hand over, and the chunk in hand.
    expect(taken).toBeLessThanOrEqual(windowBytes + 3 * 64 * 1024)
    const [near, far] = await openPair()
    near.end(Buffer.alloc(3 * windowBytes, 1))
    expect((await readAll(far)).length).toBe(3 * windowBytes)

    const rest = readAll(stalled[1])
    stalled[0].end()
    expect((await rest).length).toBe(taken)
  })

  test('that gets more than it gave credit for is reset, and it alone', async () => {
    const { openPair, server } = await connect()
    const [, stalled] = await openPair()
    const [near, far] = await openPair()
    const failure = rejection(finished(stalled))
    for (let frames = 0; frames < windowBytes / 16_384 + 2; frames++) {
      server.send({ kind: 'data', streamId: 1, payload: new Uint8Array(16_384) })
    }
    expect(await failure).toMatchObject({ reason: 'window-overrun' })
    near.end('still here')
    expect((await readAll(far)).toString()).toBe('still here')
    expect(both.acceptor.isOpen).toBe(true)
  })

  test('that gets bytes after their end is reset', async () => {
    const { openPair, server } = await connect()
    const [, far] = await openPair()
    const failure = rejection(finished(far))
    server.send({ kind: 'fin', streamId: 1 })
    server.send({ kind: 'data', streamId: 1, payload: new Uint8Array(1) })
    expect(await failure).toMatchObject({ reason: 'window-overrun' })
  })

  test('is not kept waiting by one that is always ready', async () => {
    const { openPair } = await connect()
    const [bulk, bulkEnd] = await openPair()
    let received = 0
    bulkEnd.on('data', (chunk: Buffer) => (received += chunk.length))
    const more = (): void => {
      while (!bulk.destroyed && bulk.write(Buffer.alloc(64 * 1024))) continue
    }
    bulk.on('drain', more)
    more()
    const [near, far] = await openPair()
    far.pipe(far)
    for (let turn = 0; turn < 20; turn++) {
      const before = received
      near.write('ping')
      expect(String(await once(near, 'data'))).toBe('ping')
      // While a word went there and back, the other had at most what was already on its way both times.
      expect(received - before).toBeLessThanOrEqual(2 * bulkEnd.windowBytes + 2 * streamLimits.payloadBytes)
    }
  })
})

describe('opening a stream', () => {
  test('that the other side refuses says why', async () => {
    const { opener } = await connect({
      onOpen: (opening) => opening.refuse('host-not-allowed', `${opening.host}:${opening.port}`),
    })
    const error = await rejection(opener.open(target))
    expect(error).toBeInstanceOf(StreamError)
    expect(error).toMatchObject({
      reason: 'host-not-allowed',
      message: 'host-not-allowed: kubernetes.example:6443',
    })
    expect([opener.size, both.acceptor.size]).toEqual([0, 0])
  })

  test('is given up with its signal, on both sides', async () => {
    const openings: StreamOpening[] = []
    const { opener } = await connect({ onOpen: (opening) => openings.push(opening) })
    const abort = new AbortController()
    const error = rejection(opener.open(target, abort.signal))
    await vi.waitFor(() => expect(openings).toHaveLength(1))
    abort.abort(new Error('enough'))
    expect(await error).toMatchObject({ message: 'enough' })
    await vi.waitFor(() => expect(openings[0]?.signal.aborted).toBe(true))
    expect(openings[0]?.accept()).toBeUndefined()
    expect([opener.size, both.acceptor.size]).toEqual([0, 0])
  })

  test('beyond the bound is refused by either side', async () => {
    const { opener, server } = await connect({ streamsMax: 2 })
    await opener.open(target)
    await opener.open(target)
    expect(await rejection(opener.open(target))).toMatchObject({ reason: 'overloaded' })
    server.send({ kind: 'open', streamId: 9, ...target, windowBytes: 1 })
    await sleep(50)
    expect(both.acceptor.size).toBe(2)
  })

  test('under an id that was used before ends the connection', async () => {
    const { openPair, server } = await connect()
    const [near] = await openPair()
    server.send({ kind: 'open', streamId: 1, ...target, windowBytes: 1 })
    await vi.waitFor(() => expect(both.ends.opener).toMatchObject({ kind: 'told-to-leave' }))
    expect(both.ends.acceptor).toMatchObject({ kind: 'protocol-error' })
    expect(near.destroyed).toBe(true)
  })

  test('T47: is never asked of the side that opens itself', async () => {
    const { opener, client } = await connect()
    client.send({ kind: 'open', streamId: 1, ...target, windowBytes: 1 })
    await sleep(50)
    expect([opener.size, opener.isOpen]).toEqual([0, true])
  })

  test('and a reset that follows at once is an error for the caller and not for the process', async () => {
    const { opener } = await connect({
      onOpen: (opening) => {
        opening.accept()?.destroy()
      },
    })
    expect(await rejection(opener.open(target))).toMatchObject({ reason: 'closed' })
  })
})

describe('a connection for streams', () => {
  test.each(['opener', 'acceptor'] as const)('that is cut leaves nothing behind (%s)', async (side) => {
    const { openPair, opener } = await connect()
    const streams = [...(await openPair()), ...(await openPair())]
    for (const stream of streams) await fill(stream)
    const failures = streams.map((stream) => rejection(finished(stream)))
    const pending = rejection(opener.open(target))
    ;(side === 'opener' ? both.server : both.client).terminate()
    for (const failure of failures) expect(await failure).toMatchObject({ reason: 'connection-lost' })
    expect(await pending).toMatchObject({ reason: 'connection-lost' })
    await vi.waitFor(() => expect([both.opener.size, both.acceptor.size]).toEqual([0, 0]))
    expect(await rejection(opener.open(target))).toMatchObject({ reason: 'connection-lost' })
  })

  test('whose other side falls silent is given up within three intervals', async () => {
    const { openPair, clientWebSocket } = await connect({ pingIntervalMs: 100 })
    const [near] = await openPair()
    clientWebSocket.pause()
    const failure = await rejection(finished(near))
    expect(failure).toMatchObject({ reason: 'connection-lost' })
    expect(both.ends.opener).toMatchObject({ kind: 'lost' })
  })

  test('whose other side does not read its socket is given no more than it may leave waiting', async () => {
    const { openPair, clientWebSocket, server } = await connect({ pingIntervalMs: 60_000 })
    const pairs = await Promise.all(Array.from({ length: 40 }, openPair))
    clientWebSocket.pause()
    let unsentBytes = 0
    for (const [near] of pairs) near.write(Buffer.alloc(windowBytes))
    for (let look = 0; look < 20; look++) {
      unsentBytes = Math.max(unsentBytes, server.unsentBytes)
      await sleep(5)
    }
    expect(unsentBytes).toBeLessThanOrEqual(writeBytesMax)
    expect(both.opener.isOpen).toBe(true)
    const received = Promise.all(pairs.map(([, far]) => readAll(far)))
    clientWebSocket.resume()
    for (const [near] of pairs) near.end()
    for (const bytes of await received) expect(bytes.length).toBe(windowBytes)
  })

  test('without a stream for a while is closed, with one it stays', async () => {
    const { openPair } = await connect({ idleMs: 150 })
    const [near, far] = await openPair()
    await sleep(400)
    expect(both.opener.isOpen).toBe(true)
    near.destroy()
    await rejection(finished(far))
    await vi.waitFor(() => expect(both.opener.isOpen || both.acceptor.isOpen).toBe(false))
    expect([both.ends.opener?.kind, both.ends.acceptor?.kind]).toContain('idle')
  })

  test('ignores frames for streams that are over', async () => {
    const { openPair, server, client } = await connect()
    const [near, far] = await openPair()
    near.destroy()
    await rejection(finished(far))
    for (const socket of [server, client]) {
      socket.send({ kind: 'data', streamId: 1, payload: new Uint8Array(9) })
      socket.send({ kind: 'window', streamId: 1, creditBytes: 9 })
      socket.send({ kind: 'fin', streamId: 1 })
      socket.send({ kind: 'reset', streamId: 1, code: 'closed', detail: '' })
      socket.send({ kind: 'opened', streamId: 1, windowBytes: 9 })
    }
    const [again, end] = await openPair()
    again.end('fine')
    expect((await readAll(end)).toString()).toBe('fine')
  })

  test('resets a stream that was opened in the turn in which its asker left', async () => {
    both = await connectSessions()
    const sent: Frame[] = []
    let hear: FrameListener | undefined
    const session = new StreamSession({
      channel: {
        isOpen: true,
        unsentBytes: 0,
        listen: (listener) => (hear = listener),
        send: (frame) => void sent.push(frame),
        close: () => undefined,
        terminate: () => undefined,
      },
      pingIntervalMs: 3000,
      idleMs: 60_000,
      elapsed: () => 0,
    })
    session.start()
    const gone = new AbortController()
    const opening = rejection(session.open(target, gone.signal))
    hear?.frame({ kind: 'opened', streamId: 1, windowBytes })
    gone.abort(new Error('left'))
    expect(await opening).toEqual(new Error('left'))
    await vi.waitFor(() => expect(session.size).toBe(0))
    expect(sent.filter(({ kind }) => kind === 'reset')).toMatchObject([{ streamId: 1, code: 'closed' }])
    session.close('shutting-down', '')
  })
})
