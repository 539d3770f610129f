import { once } from 'node:events'
import type { Server } from 'node:net'
import type { Duplex } from 'node:stream'

/** An HTTPS server on a loopback port that it keeps while it is stopped and started. */
export interface StandInServer {
  readonly port: number
  /** Listens again on the same port. */
  start(): Promise<void>
  /** Closes the port and destroys every connection. */
  stop(): Promise<void>
}

/** Has the server listen on a loopback port that it keeps while it is stopped and started; `sockets` are those open now. */
export async function keepPort(server: Server, sockets: ReadonlySet<Duplex>): Promise<StandInServer> {
  async function listen(port: number): Promise<number> {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('the stand-in has no port')
    return address.port
  }

  const port = await listen(0)
  return {
    port,
    async start() {
      if (!server.listening) await listen(port)
    },
    async stop() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
