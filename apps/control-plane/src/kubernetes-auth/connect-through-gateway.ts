import type { Duplex } from 'node:stream'
import type { SecureContext } from 'node:tls'
import { buildConnector } from 'undici'
import type { GatewayTarget } from '../gateways/gateway-target.ts'

/** A raw stream to a host through a gateway, or any member of a pool. Rejects with StreamError, or the signal's reason. */
export type OpenStream = (
  target: GatewayTarget,
  organizationId: string,
  address: { host: string; port: number },
  signal: AbortSignal,
) => Promise<Duplex>

export interface StreamTls {
  timeout: number
  rejectUnauthorized: boolean
  secureContext?: SecureContext
  ca?: string
}

/** For the call for a connection, the gateway's own dial, and another gateway's if that fails. */
const openMsMax = 8_000

class StreamTooLate extends Error {
  readonly code = 'ETIMEDOUT'
}

/**
 * Connects by a raw stream, with TLS inside it: the gateway carries bytes that it cannot read, and the certificate is
 * verified here, against the same CA and host name as without a gateway.
 */
export function connectThroughGateway(
  openStream: OpenStream,
  via: { target: GatewayTarget; organizationId: string },
  tls: StreamTls,
): buildConnector.connector {
  const startTls = buildConnector({ ...tls, allowH2: false, maxCachedSessions: 0 })
  return (options, callback) => {
    const address = { host: plainHost(options.hostname), port: Number(options.port) || 443 }
    const deadline = new AbortController()
    const timer = setTimeout(
      () => deadline.abort(new StreamTooLate(`no stream to the API server within ${openMsMax} ms`)),
      openMsMax,
    )
    openStream(via.target, via.organizationId, address, deadline.signal)
      .finally(() => clearTimeout(timer))
      .then(
        // undici takes any Duplex for the connection that TLS is to run over, though its types say socket.
        (stream) => startTls({ ...options, httpSocket: stream as never }, callback),
        (error: unknown) => callback(error instanceof Error ? error : new Error('no stream'), null),
      )
  }
}

function plainHost(hostname: string): string {
  return hostname.replaceAll(/[[\]]/g, '')
}
