import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'
import type { ListenAddress } from '../config-values.ts'
import type { Readiness } from './readiness.ts'

export interface HealthServerOptions {
  listen: ListenAddress
  readiness: () => Readiness
  registry: Registry
}

export interface HealthServer {
  /** The port in use: the configured one, or the one that the system chose for 0. */
  port: number
  close(): Promise<void>
}

/** The address cannot be listened on; the message names it and says what to do. */
class HealthAddressUnusable extends Error {
  override name = 'HealthAddressUnusable'
}

/**
 * `GET /livez` → 200 `{"alive":true}`: the event loop turns. `GET /readyz` → 200 or 503 with a `Readiness`. `GET /metrics` →
 * Prometheus text. Nothing else, no bodies taken. Needs no authentication: nothing here is secret.
 */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (request, response) => {
    reply(request, response, options)
  })
  const port = await listen(server, options.listen)
  return {
    port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeIdleConnections()
      const force = setTimeout(() => server.closeAllConnections(), 500)
      await closed
      clearTimeout(force)
    },
  }
}

function reply(request: IncomingMessage, response: ServerResponse, options: HealthServerOptions): void {
  const path = request.url?.split('?', 1)[0]
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    sendJson(response, 405, { message: 'only GET' })
  } else if (path === '/livez') {
    sendJson(response, 200, { alive: true })
  } else if (path === '/readyz') {
    const readiness = options.readiness()
    sendJson(response, readiness.ready ? 200 : 503, readiness)
  } else if (path === '/metrics') {
    void sendMetrics(response, options.registry)
  } else {
    sendJson(response, 404, { message: 'there are /livez, /readyz and /metrics' })
  }
}

async function sendMetrics(response: ServerResponse, registry: Registry): Promise<void> {
  try {
    const text = await registry.metrics()
    response.writeHead(200, { 'content-type': registry.contentType }).end(text)
  } catch {
    sendJson(response, 500, { message: 'the metrics could not be collected' })
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  response.writeHead(status, headers).end(`${JSON.stringify(body)}\n`)
}

function listen(server: Server, { host, port }: ListenAddress): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const code = 'code' in error ? String(error.code) : error.name
      const place = `${host ?? '*'}:${port}`
      reject(
        new HealthAddressUnusable(
          `cannot listen on ${place} (${code}): set POSTERN_LISTEN to a free address`,
        ),
      )
    })
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
