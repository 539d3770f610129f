import { afterEach, describe, expect, it } from 'vitest'

import { type HttpServer, createHttpServer } from '../http/http-server.ts'
import { createLogger } from './logger.ts'
import { createMetrics } from './metrics.ts'
import { mountProbes } from './mount-probes.ts'
import type { Readiness } from './probes.ts'

describe('mountProbes', () => {
  let server: HttpServer | undefined
  afterEach(() => server?.close())

  async function serve(readiness: Readiness): Promise<{ server: HttpServer; log: () => string }> {
    let log = ''
    const stream = {
      write: (line: string) => {
        log += line
      },
    }
    const { logger } = createLogger({ level: 'info', replicaId: 'r', stream })
    server = await createHttpServer({ trustedProxies: [], strangerRequestsPerMinute: 0, logger })
    const metrics = createMetrics({ version: '0', withProcessMetrics: false })
    mountProbes(server, { readiness: () => Promise.resolve(readiness), metrics })
    return { server, log: () => log }
  }

  it.each([
    [{ ready: true, reasons: [], warnings: [] }, 200],
    [{ ready: false, reasons: ['draining' as const], warnings: ['nats-disconnected' as const] }, 503],
  ])('answers /readyz with %j as %i, and /livez with 200 whatever it is', async (readiness, status) => {
    const { server, log } = await serve(readiness)
    const ready = await server.inject('/readyz')
    expect([ready.statusCode, ready.json()]).toEqual([status, readiness])
    expect((await server.inject('/livez')).json()).toEqual({ alive: true })
    expect(log()).toBe('')
  })

  it('answers /metrics in the text format of Prometheus', async () => {
    const { server } = await serve({ ready: true, reasons: [], warnings: [] })
    const reply = await server.inject('/metrics')
    expect(reply.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(reply.body).toContain('# HELP postern_tunnels_open ')
  })
})
