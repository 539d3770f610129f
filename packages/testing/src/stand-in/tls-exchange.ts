import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'

export interface TlsConnection {
  /** Writes the text and resolves with what arrives, piece by piece, at the end or after so many pieces. */
  exchange(text: string, until?: { pieces: number }): Promise<Buffer[]>
  close(): void
}

/** A bare TLS connection, for tests that look at bytes and not at messages. */
export async function openTlsConnection(cluster: { url: string; caCert: string }): Promise<TlsConnection> {
  const { hostname, port } = new URL(cluster.url)
  const socket = connect({ host: hostname, port: Number(port), ca: cluster.caCert })
  await once(socket, 'secureConnect')
  return {
    exchange: async (text, until) => exchange(socket, text, until?.pieces ?? Infinity),
    close: () => socket.destroy(),
  }
}

async function exchange(socket: TLSSocket, text: string, pieces: number): Promise<Buffer[]> {
  const received: Buffer[] = []
  socket.write(text)
  for await (const piece of socket.iterator({ destroyOnReturn: false })) {
    received.push(Buffer.from(piece))
    if (received.length >= pieces) break
  }
  return received
}
