import { type FastifyReply, type FastifyRequest, fastify } from 'fastify'

export interface FinishedRequest {
  method: string
  /** Its template (`/api/v1/identities/:id`), never the URL. */
  route: string
  statusCode: number
  durationMs: number
}

/** Called once for each finished request. */
export type ObserveRequest = (finished: FinishedRequest) => void

/** Writes the access log's line. */
export type LogRequest = (finished: FinishedRequest, reqId: string, ip: string) => void

/**
 * One line for each request, when it has ended. It names the route's template and never the URL, headers or
 * body: those hold tokens. Everything else that the framework would log by itself is left out.
 */
export class AccessLog extends fastify.LogController {
  readonly #observe: ObserveRequest
  readonly #log: LogRequest

  constructor(observe: ObserveRequest, log: LogRequest) {
    super()
    this.#observe = observe
    this.#log = log
  }

  override requestCompleted(
    _error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const finished = {
      method: request.method,
      route: request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown'),
      statusCode: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 100) / 100,
    }
    this.#observe(finished)
    // Probes come every few seconds from every replica's kubelet and say nothing.
    if (request.routeOptions.config.isProbe === true) return
    this.#log(finished, request.id, request.ip)
  }

  override incomingRequest(): void {
    // The line at the end says the same and more.
  }

  override routeNotFound(): void {
    // Would log the URL.
  }

  override defaultErrorLog(): void {
    // http-server.ts logs what is a bug, and nothing else.
  }

  override streamError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    reply.log.info({ reqId: request.id, errorName: error.name }, 'reply cut off')
  }

  override writeHeadError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    reply.log.error({ reqId: request.id, err: error }, 'reply headers refused')
  }

  override serializerError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    reply.log.error({ reqId: request.id, err: error }, 'reply does not match its schema')
  }
}
