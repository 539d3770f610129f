import type { Socket } from 'node:net'
import { encodeFrame } from '@postern/protocol'

/** As much as a Data frame holds. */
export const pieceBytes = 16 * 1024
/** What a review of a token of `reviewTokenBytes` takes, and about what a verdict does. */
export const reviewTokenBytes = 960
export const requestBytes = encodeFrame({
  kind: 'review-token',
  requestId: 1_000_000,
  nonce: new Uint8Array(16),
  token: 'x'.repeat(reviewTokenBytes),
  audiences: [],
  deadlineMs: 10_000,
  attempt: 1,
}).length
export const answerBytes = 220

const piece = Buffer.alloc(pieceBytes, 7)

/** Sends a piece for each byte that comes. @returns so many bytes were asked for since the last call */
export function sendPieces(socket: Socket): () => number {
  let asked = 0
  socket.on('data', (credit: Buffer) => {
    asked += credit.length
    for (let count = 0; count < credit.length; count += 1) socket.write(piece)
  })
  return () => {
    const bytes = asked * pieceBytes
    asked = 0
    return bytes
  }
}

/**
 * Takes what `sendPieces` sends, and has so many bytes on the way all the time.
 * @returns so many bytes came since the last call
 */
export function takePieces(socket: Socket, inFlightBytes: number): () => number {
  let arrived = 0
  let unreturned = 0
  socket.write(Buffer.alloc(Math.ceil(inFlightBytes / pieceBytes)))
  socket.on('data', (bytes: Buffer) => {
    arrived += bytes.length
    unreturned += bytes.length
    const pieces = Math.floor(unreturned / pieceBytes)
    if (pieces === 0) return
    unreturned -= pieces * pieceBytes
    socket.write(Buffer.alloc(pieces))
  })
  return () => {
    const bytes = arrived
    arrived = 0
    return bytes
  }
}

/** Calls `take` with each message of so many bytes. */
export function eachMessage(socket: Socket, messageBytes: number, take: (message: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (bytes: Buffer) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    while (rest.length >= messageBytes) {
      take(rest.subarray(0, messageBytes))
      rest = rest.subarray(messageBytes)
    }
  })
}
