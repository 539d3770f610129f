import type { HttpServer } from '../http/http-server.ts'
import type { Metrics } from './metrics.ts'
import type { Readiness } from './probes.ts'

export interface ProbeSources {
  readiness: () => Promise<Readiness>
  metrics: Pick<Metrics, 'contentType' | 'render'>
}

/**
 * `GET /livez` → 200 `{"alive":true}`. `GET /readyz` → 200 or 503 with a `Readiness`. `GET /metrics` → Prometheus
 * text. They need no credentials, tell nothing secret, and stay out of the access log and of the OpenAPI document.
 */
export function mountProbes(server: HttpServer, { readiness, metrics }: ProbeSources): void {
  const route = { config: { isProbe: true }, schema: { hide: true } }
  server.get('/livez', route, () => ({ alive: true }))
  server.get('/readyz', route, async (_request, reply) => {
    const state = await readiness()
    void reply.code(state.ready ? 200 : 503)
    return state
  })
  server.get('/metrics', route, async (_request, reply) => {
    void reply.header('content-type', metrics.contentType)
    return metrics.render()
  })
}
