import { once } from 'node:events'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect, type SecureContext, type TLSSocket } from 'node:tls'
import type { buildConnector } from 'undici'
import type { GatewayTarget } from '../gateways/gateway-target.ts'

/** A raw stream to a host through a gateway, or any member of a pool. Rejects with StreamError, or the signal's reason. */
export type OpenStream = (
  target: GatewayTarget,
  organizationId: string,
  address: { host: string; port: number },
  signal: AbortSignal,
) => Promise<Duplex>

export interface StreamTls {
  rejectUnauthorized: boolean
  secureContext?: SecureContext
  /** PEM. */
  ca?: string
}

interface Address {
  host: string
  port: number
}

/** For the call for a connection, the gateway's own dial, another gateway's if that fails, and TLS. */
const connectMsMax = 8_000

class StreamTooLate extends Error {
  readonly code = 'ETIMEDOUT'
}

/**
 * Connects by a raw stream, with TLS inside it: the gateway carries bytes that it cannot read, and the certificate is
 * verified here, against the same CA and host name as without a gateway.
 */
export function connectThroughGateway(
  openStream: OpenStream,
  { target, organizationId }: { target: GatewayTarget; organizationId: string },
  tls: StreamTls,
): buildConnector.connector {
  const open = (address: Address, signal: AbortSignal): Promise<Duplex> =>
    openStream(target, organizationId, address, signal)
  return (options, callback) => {
    const host = options.hostname.replaceAll(/[[\]]/g, '')
    void connectFor({ host, port: Number(options.port) || 443 }, open, tls, callback)
  }
}

async function connectFor(
  address: Address,
  open: (address: Address, signal: AbortSignal) => Promise<Duplex>,
  tls: StreamTls,
  callback: buildConnector.Callback,
): Promise<void> {
  const deadline = new AbortController()
  const late = new StreamTooLate(`no connection to the API server within ${connectMsMax} ms`)
  const timer = setTimeout(() => deadline.abort(late), connectMsMax)
  try {
    const stream = await open(address, deadline.signal)
    callback(null, await startTls(stream, address.host, tls, deadline.signal))
  } catch (error) {
    const isLate = deadline.signal.aborted || !(error instanceof Error)
    callback(isLate ? late : error, null)
  } finally {
    clearTimeout(timer)
  }
}

async function startTls(
  stream: Duplex,
  host: string,
  tls: StreamTls,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const socket = connect({
    ...tls,
    socket: stream,
    host,
    // RFC 6066 §3: a name, never an address.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ['http/1.1'],
  })
  try {
    await once(socket, 'secureConnect', { signal })
    return socket
  } catch (error) {
    socket.on('error', () => undefined)
    socket.destroy()
    stream.destroy()
    throw error
  }
}
