import { Writable } from 'node:stream'
import { pino } from 'pino'
import { type HttpServer, createHttpServer } from '../http-server.ts'

export interface StartedHttpServer {
  url: string
  port: number
  /** Every log line so far, as written. */
  logs: () => string
  close: () => Promise<void>
}

export interface StartOptions {
  trustedProxies?: readonly string[]
  strangerRequestsPerMinute?: number
  host?: string
}

/** A server on a loopback socket with the routes that a test needs, and its log in memory. */
export async function startHttpServer(
  registerRoutes: (server: HttpServer) => void | Promise<void>,
  options: StartOptions = {},
): Promise<StartedHttpServer> {
  const lines: string[] = []
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString())
      done()
    },
  })
  const server = await createHttpServer({
    trustedProxies: options.trustedProxies ?? [],
    strangerRequestsPerMinute: options.strangerRequestsPerMinute ?? 0,
    logger: pino({ level: 'info' }, destination),
  })
  await registerRoutes(server)
  await server.listen({ host: options.host ?? '127.0.0.1', port: 0, listenTextResolver: () => 'listening' })
  const address = server.server.address()
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port')
  return {
    url: `http://${options.host === '::1' ? '[::1]' : '127.0.0.1'}:${address.port}`,
    port: address.port,
    logs: () => lines.join(''),
    close: () => server.close(),
  }
}
