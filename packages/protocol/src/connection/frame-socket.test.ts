import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { encodeFrame } from '../codec.ts'
import type { Frame } from '../frames.ts'
import { protocolLimits } from '../limits.ts'
import { streamLimits } from '../streams/stream-limits.ts'
import { FrameSocket } from './frame-socket.ts'

let server: WebSocketServer
let socket: FrameSocket
let peer: WebSocket
let socketStream: Socket
let peerStream: Socket
let events: string[]

beforeEach(async () => {
  const { frameBytesMax } = protocolLimits
  server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: frameBytesMax })
  await once(server, 'listening')
  const accepted = Promise.withResolvers<FrameSocket>()
  server.on('connection', (webSocket, request) => {
    socketStream = request.socket
    accepted.resolve(new FrameSocket(webSocket, request.socket, 'server'))
  })
  // A TCP server that listens has an address with a port. Source: Node.js documentation, server.address().
  peer = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  peer.once('upgrade', (response: IncomingMessage) => (peerStream = response.socket))
  await once(peer, 'open')
  socket = await accepted.promise
  events = []
  socket.listen({
    frame: ({ kind }) => events.push(kind),
    malformed: (reason) => {
      events.push(`malformed: ${reason}`)
      socket.close()
    },
    closed: (detail) => events.push(`closed: ${detail}`),
  })
})
afterEach(async () => {
  peer.terminate()
  await socket.closed
  server.close()
})

/** Its pong says that all before it was read. */
function pinged(): WebSocket {
  peer.ping()
  return peer
}

test.each<[string, Frame, number]>([
  ['long', { kind: 'data', streamId: 1, payload: new Uint8Array(protocolLimits.dataBytesMax) }, 4096],
  ['short', { kind: 'drain', withinMs: 1, reason: 'r'.repeat(100) }, 200_000],
])('a peer that does not read %s frames is cut off', async (_, frame, framesMax) => {
  peer.pause()
  for (let sent = 1; sent < framesMax && socket.isOpen; sent++) {
    socket.send(frame)
    if (sent % 1000 === 0) await turn()
  }
  expect(socket.isOpen).toBe(false)
  await socket.closed
  expect(events).toEqual(['closed: closed with 1006 after the other side did not read'])
})

test('P20: a peer that sends while nobody listens is cut off before it fills the memory', async () => {
  const payload = new Uint8Array(protocolLimits.dataBytesMax)
  const send = (): void => peer.send(encodeFrame({ kind: 'data', streamId: 1, payload }))
  peer.on('error', () => undefined)
  socket.listen(undefined)
  for (let sent = 0; sent < 40; sent += 1) send()
  await once(pinged(), 'pong')
  socket.listen({
    frame: ({ kind }) => events.push(kind),
    malformed: () => undefined,
    closed: () => undefined,
  })
  expect(events).toHaveLength(40)
  socket.listen(undefined)
  for (let sent = 0; sent < 40; sent += 1) send()
  await once(pinged(), 'pong')
  expect(socket.isOpen).toBe(true)
  for (let sent = 0; sent < 40; sent += 1) send()
  await socket.closed
  const ends: string[] = []
  socket.listen({ frame: () => undefined, malformed: () => undefined, closed: (detail) => ends.push(detail) })
  expect(ends).toEqual(['closed with 1006 after more came than may wait'])
})

test('a peer that sends too much for a frame, and does not leave, is gone soon', async () => {
  peer.on('error', () => undefined)
  peer.send(Buffer.alloc(protocolLimits.frameBytesMax + 1))
  peer.pause()
  await expect.poll(() => events).toEqual(['malformed: WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'])
  await socket.closed
  expect(events[1]).toMatch(/^closed/)
})

test('a peer that never stops sending leaves turns of the event loop to others', async () => {
  const flood = 500_000
  const heard = { inAll: 0, inTurn: 0, mostInTurn: 0 }
  socket.listen({
    frame: () => {
      heard.inAll += 1
      heard.inTurn += 1
      heard.mostInTurn = Math.max(heard.mostInTurn, heard.inTurn)
    },
    malformed: (reason) => events.push(reason),
    closed: (detail) => events.push(detail),
  })
  const frame = encodeFrame({ kind: 'drained' })
  // A masked binary message with a mask of zeros. Source: RFC 6455 section 5.2.
  const message = Buffer.concat([Buffer.from([0x82, 0x80 + frame.length, 0, 0, 0, 0]), frame])
  peerStream.write(Buffer.alloc(flood * message.length, message))
  while (heard.inAll < flood) {
    heard.inTurn = 0
    await turn()
  }
  // A full read, after one so short that it did not end the turn.
  expect(heard.mostInTurn).toBeLessThanOrEqual((80 * 1024) / message.length + 1)
})

test('no frame is shared by two writes, of which each is at most a TLS record', async () => {
  const writes = watchWrites(socketStream)
  const token = 'x'.repeat(960)
  const review = (requestId: number): Frame => ({
    kind: 'review-token',
    requestId,
    nonce: new Uint8Array(16),
    token,
    audiences: [],
    deadlineMs: 1,
    attempt: 1,
  })
  for (let requestId = 1; requestId <= 14; requestId++) socket.send(review(requestId))
  const payload = new Uint8Array(streamLimits.payloadBytes)
  for (let sent = 0; sent < 3; sent++) {
    socket.send({ kind: 'window', streamId: 2 ** 32 - 1, creditBytes: 2 ** 32 - 1 })
    socket.send({ kind: 'data', streamId: 2 ** 32 - 1, payload })
  }
  await turn()
  expect(writes.map((bytes) => Math.round(bytes / 1024))).toEqual([14, 16, 16, 16])
  expect(Math.max(...writes)).toBeLessThanOrEqual(16 * 1024)
})

/** The bytes of each write from now on. */
function watchWrites(stream: Socket): number[] {
  const writes: number[] = []
  // The names are those of node:stream, for what a stream does once for all that waits together.
  const write: Socket['_write'] = Reflect.get(stream, '_write')
  const writev: Socket['_writev'] = Reflect.get(stream, '_writev')
  Object.assign(stream, {
    _write: (chunk: Buffer, encoding: BufferEncoding, written: () => void) => {
      writes.push(chunk.length)
      write.call(stream, chunk, encoding, written)
    },
    _writev: (chunks: { chunk: Buffer; encoding: BufferEncoding }[], written: () => void) => {
      writes.push(chunks.reduce((sum, { chunk }) => sum + chunk.length, 0))
      writev?.call(stream, chunks, written)
    },
  })
  return writes
}
