import type { Socket } from 'node:net'

/** Of one message of the beginning: far more than the ids, the request or the answer take. */
export const messageBytesMax = 4 * 1024
const lengthBytes = 2

/** Why a direct connection came to nothing. */
export type DirectFailureReason =
  /** The address cannot be dialled. */
  | 'unreachable'
  /** A phase took too long. */
  | 'timeout'
  /** The other side ended it. */
  | 'closed'
  | 'malformed'
  /** The other side does not know the instance secret, or somebody changed what it said. */
  | 'not-proven'
  /** There are as many as this process may have. */
  | 'overloaded'

export class DirectFailure extends Error {
  override name = 'DirectFailure'
  readonly reason: DirectFailureReason

  /** @param detail for operators */
  constructor(reason: DirectFailureReason, detail: string) {
    super(`${reason}: ${detail}`)
    this.reason = reason
  }
}

export function writeMessage(socket: Socket, message: Uint8Array): void {
  const length = Buffer.alloc(lengthBytes)
  length.writeUInt16BE(message.length)
  socket.write(Buffer.concat([length, message]))
}

/**
 * Reads the next message and not a byte of what follows it, which stays in the socket.
 * @throws DirectFailure, or the signal's reason
 */
export async function readMessage(socket: Socket, signal: AbortSignal): Promise<Buffer> {
  const length = (await readBytes(socket, lengthBytes, signal)).readUInt16BE()
  if (length === 0 || length > messageBytesMax)
    throw new DirectFailure('malformed', 'a message without bounds')
  return readBytes(socket, length, signal)
}

function readBytes(socket: Socket, bytes: number, signal: AbortSignal): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  // At once, not when the promise is heard of: another `readable` may come before, and would take what follows.
  const leave = (): void => {
    socket.off('readable', take).off('end', end).off('close', end)
    signal.removeEventListener('abort', abort)
  }
  const fail = (error: unknown): void => {
    leave()
    reject(error)
  }
  const take = (): void => {
    const read: unknown = socket.read(bytes)
    if (read === null) return
    if (!(read instanceof Buffer) || read.length < bytes) return end()
    leave()
    resolve(read)
  }
  const end = (): void => fail(new DirectFailure('closed', 'the other side ended the connection'))
  const abort = (): void => fail(signal.reason)
  socket.on('readable', take).on('end', end).on('close', end)
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  else if (socket.destroyed || socket.readableEnded) end()
  else take()
  return promise
}
