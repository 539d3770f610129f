import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** Why an upgrade is refused, as the gateway reads it. */
export interface UpgradeRefusal {
  /** HTTP. */
  status: number
  code: string
  message: string
  /** Trying again cannot help until a person has changed something. */
  permanent: boolean
  retryAfterSeconds?: number
}

/**
 * Answers an upgrade with JSON `{code, message, serverTime, permanent, retryAfterSeconds?}` and ends the connection.
 * @param nowMs Unix time in milliseconds: the gateway corrects its clock by it
 */
export function refuseUpgrade(socket: Duplex, refusal: UpgradeRefusal, nowMs: number): void {
  const { status, code, message, permanent, retryAfterSeconds } = refusal
  const now = new Date(nowMs)
  const retry = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
  const body = JSON.stringify({ code, message, serverTime: now.toISOString(), permanent, ...retry })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `Date: ${now.toUTCString()}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
    ...(retryAfterSeconds === undefined ? [] : [`Retry-After: ${retryAfterSeconds}`]),
  ]
  socket.once('finish', () => socket.destroy())
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
