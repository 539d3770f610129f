import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeFrame, FrameTooLargeError } from '../codec.ts'
import type { DataFrame } from '../frames.ts'
import { protocolLimits } from '../limits.ts'
import { connectSockets } from '../test/connected-sockets.ts'
import { DataMessages } from './data-messages.ts'

const { dataBytesMax } = protocolLimits

function dataFrame(bytes: number, streamId = 1): DataFrame {
  return { kind: 'data', streamId, payload: Buffer.alloc(bytes, streamId) }
}

/** What a peer reads of one message. Source: RFC 6455 sections 5.2 and 5.3. */
function read(message: Buffer): { isMasked: boolean; frame: unknown } {
  expect(message[0]).toBe(0x82)
  const isMasked = ((message[1] ?? 0) & 0x80) !== 0
  const shortLength = (message[1] ?? 0) & 0x7f
  const length = shortLength === 126 ? message.readUInt16BE(2) : shortLength
  const keyAt = shortLength === 126 ? 4 : 2
  const bodyAt = keyAt + (isMasked ? 4 : 0)
  expect(message.length).toBe(bodyAt + length)
  const body = Buffer.from(message.subarray(bodyAt))
  if (isMasked)
    for (const index of body.keys()) body[index] = (body[index] ?? 0) ^ (message[keyAt + (index % 4)] ?? 0)
  return { isMasked, frame: decodeFrame(body) }
}

test('a Data frame of any length is one message, masked by the client and not by the server', () => {
  const [client, server] = [new DataMessages('client'), new DataMessages('server')]
  const lengths = fc.oneof(fc.nat(dataBytesMax), fc.nat(300))
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 0xffff_ffff }), (length, streamId) => {
      const frame = dataFrame(length, streamId)
      for (const [messages, isMasked] of [[client, true] as const, [server, false] as const]) {
        const { bytes, sent } = messages.encode(frame)
        expect(read(bytes)).toEqual({ isMasked, frame })
        sent()
      }
    }),
  )
})

test('P13: the memory of a message is used again when it has left, and not before', () => {
  for (const side of ['client', 'server'] as const) {
    const messages = new DataMessages(side)
    const [one, two] = [
      messages.encode(dataFrame(dataBytesMax, 1)),
      messages.encode(dataFrame(dataBytesMax, 2)),
    ]
    expect(two.bytes.buffer).not.toBe(one.bytes.buffer)
    expect(read(one.bytes).frame).toEqual(dataFrame(dataBytesMax, 1))
    one.sent()
    expect(messages.encode(dataFrame(20, 3)).bytes.buffer).toBe(one.bytes.buffer)
    expect(read(two.bytes).frame).toEqual(dataFrame(dataBytesMax, 2))
  }
})

test('a Data frame that is too large is not sent', () => {
  expect(() => new DataMessages('client').encode(dataFrame(dataBytesMax + 1))).toThrow(FrameTooLargeError)
})

test('Data frames arrive as they were sent, in their place among the others, both ways', async () => {
  const { client, server, close } = await connectSockets()
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    const got: unknown[] = []
    to.listen({
      frame: (frame) =>
        got.push(frame.kind === 'data' ? { ...frame, payload: Buffer.from(frame.payload) } : frame),
      malformed: (reason) => got.push(reason),
      closed: (detail) => got.push(detail),
    })
    const frames = Array.from({ length: 120 }, (_, index) =>
      index % 7 === 6
        ? ({ kind: 'fin', streamId: index } as const)
        : dataFrame((index * 977) % dataBytesMax, index + 1),
    )
    for (const frame of frames) from.send(frame)
    await expect.poll(() => got.length).toBe(frames.length)
    expect(got).toEqual(frames)
  }
  await close()
})
