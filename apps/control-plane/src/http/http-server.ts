import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { fastifyRateLimit } from '@fastify/rate-limit'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteOptions,
  fastify,
} from 'fastify'
import { type ZodTypeProvider, serializerCompiler } from 'fastify-type-provider-zod'
import { AccessLog, type LogRequest, type ObserveRequest } from './access-log.ts'
import { AllowedMethods } from './allowed-methods.ts'
import { ApiError } from './api-error.ts'
import { answerClientError } from './client-error.ts'
import { createClientIp, forwardedForOf } from './client-ip.ts'
import { errorReply } from './error-reply.ts'
import { acceptJsonBodies } from './json-body.ts'
import { describeRoute } from './describe-route.ts'
import { parseQuery } from './parse-query.ts'
import { validateByZod } from './validate-by-zod.ts'

/** What features register their routes on. Schemas are zod; `request.id` and `request.ip` are the truth. */
export type HttpServer = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Needs no credentials (login, enrolment, bootstrap): bodies of 16 KiB at most, and a limit per client address. */
    isForStrangers?: boolean
    /** Asked every few seconds by machines: left out of the access log. */
    isProbe?: boolean
  }
}

export interface HttpServerOptions {
  /** Addresses and CIDR ranges whose X-Forwarded-For counts. */
  trustedProxies: readonly string[]
  /** Requests a minute from one address (v6: one /64) to one route for strangers; 0 turns the limit off. */
  strangerRequestsPerMinute: number
  logger: FastifyBaseLogger
  observeRequest?: ObserveRequest
  /** By default a line of `logger`. */
  logRequest?: LogRequest
  /** Told each route that is registered, as it is described. */
  observeRoute?: (route: RouteOptions) => void
}

const strangerBodyBytesMax = 16 * 1024
const bodyBytesMax = 1024 * 1024
const headerBytesMax = 16 * 1024
const headersTimeoutMs = 15_000
const requestTimeoutMs = 30_000
/** Twice what the slowest answer takes: a peer that reads nothing must not keep its connection for ever. */
const silenceMsMax = 60_000
/** Longer than the usual 60 s of load balancers, so that they, not we, close an idle connection. */
const keepAliveTimeoutMs = 65_000
/** Tunnels count too. Beyond it new connections are dropped, which is better than no memory for anybody. */
const connectionsMax = 20_000
/** The path of a folder is one part, decoded: 20 names of 255 characters, and the slashes. */
const pathPartCharactersMax = 20 * 256
/** No name of anything holds a control character, and PostgreSQL takes no NUL. */
const controlInPath = /^[^?]*%(?:[01][\da-f]|7f)/i
const notPath = 'The path of the request is not a valid URL path'

/** The HTTP server with everything that holds for every route, and no route. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server: HttpServer = fastify({
    loggerInstance: ownChild(options.logger),
    logController: new AccessLog(
      options.observeRequest ?? (() => undefined),
      options.logRequest ??
        ((finished, reqId, ip) => options.logger.info({ reqId, ...finished, ip }, 'request')),
    ),
    // Never taken from the request: it joins log lines and audit events.
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: silenceMsMax,
    keepAliveTimeout: keepAliveTimeoutMs,
    // A request that arrives on a live connection during the drain is still answered.
    return503OnClosing: false,
    http: { maxHeaderSize: headerBytesMax, headersTimeout: headersTimeoutMs },
    routerOptions: {
      ignoreTrailingSlash: true,
      maxParamLength: pathPartCharactersMax,
      querystringParser: parseQuery,
    },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => sendError(error, request, reply),
  }).withTypeProvider<ZodTypeProvider>()
  server.server.maxConnections = connectionsMax

  server.setValidatorCompiler(validateByZod)
  server.setSerializerCompiler(serializerCompiler)
  server.setErrorHandler((error, request, reply) => sendError(error, request, reply))
  acceptJsonBodies(server)
  useClientIp(server, options.trustedProxies)
  server.addHook('onRequest', (request, reply, done) => {
    setHeaders(request, reply)
    done(controlInPath.test(request.raw.url ?? '') ? new ApiError('BadRequest', notPath) : undefined)
  })
  server.addHook('onRoute', (route) => {
    describeRoute(route)
    options.observeRoute?.(route)
  })
  guardRoutesForStrangers(server, options.strangerRequestsPerMinute)
  await server.register(fastifyRateLimit, {
    global: false,
    // Three headers on every reply that is not refused would cost more than the limit itself.
    addHeadersOnExceeding: {
      'x-ratelimit-limit': false,
      'x-ratelimit-remaining': false,
      'x-ratelimit-reset': false,
    },
    errorResponseBuilder: (_request, { ttl, max }) =>
      new ApiError('RateLimitExceeded', 'Too many requests from this address', {
        retryAfterSeconds: Math.max(1, Math.ceil(ttl / 1000)),
        rateLimit: max,
      }),
  })
  answerUnknownPaths(server)
  return server
}

/**
 * A child logger for each request costs more than its one line: whoever logs adds the request's id. A factory of child
 * loggers would be no better, because the framework checks what it makes each time.
 */
function ownChild(logger: FastifyBaseLogger): FastifyBaseLogger {
  const itself: FastifyBaseLogger = Object.create(logger, { child: { value: () => itself } })
  return itself
}

/** Replaces the framework's `request.ip`, which passes on whatever text a proxy's header holds. */
function useClientIp(server: HttpServer, trustedProxies: readonly string[]): void {
  const clientIp = createClientIp(trustedProxies)
  server.decorateRequest('ip', {
    getter(this: FastifyRequest) {
      const { socket, headers } = this.raw
      return clientIp({ remoteAddress: socket.remoteAddress, forwardedFor: forwardedForOf(headers) })
    },
  })
}

function guardRoutesForStrangers(server: HttpServer, requestsPerMinute: number): void {
  server.addHook('onRoute', (route) => {
    if (route.config?.isForStrangers !== true) return
    route.bodyLimit ??= strangerBodyBytesMax
    if (requestsPerMinute > 0) route.config.rateLimit ??= { max: requestsPerMinute, timeWindow: 60_000 }
  })
}

function answerUnknownPaths(server: HttpServer): void {
  const allowed = new AllowedMethods()
  server.addHook('onRoute', ({ url, method }) => allowed.add(url, [method].flat()))
  server.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.raw.url?.split('?') ?? []
    const methods = allowed.of(path)
    if (methods.length === 0) throw new ApiError('NotFound', 'There is nothing at this path')
    void reply.header('allow', methods.join(', '))
    throw new ApiError('MethodNotAllowed', `This path takes ${methods.join(', ')}`)
  })
}

function setHeaders(request: FastifyRequest, reply: FastifyReply): void {
  void reply.header('x-request-id', request.id)
  void reply.header('cache-control', 'no-store')
  void reply.header('x-content-type-options', 'nosniff')
}

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { envelope, retryAfterSeconds, isBug } = errorReply(error, request.id)
  if (isBug) request.log.error({ reqId: request.id, err: error }, 'request failed')
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', retryAfterSeconds)
  if (error instanceof ApiError && error.rateLimit !== undefined) {
    void reply
      .header('x-ratelimit-limit', error.rateLimit)
      .header('x-ratelimit-remaining', 0)
      .header('x-ratelimit-reset', retryAfterSeconds ?? 1)
  }
  // RFC 9110 §11.6.1
  if (envelope.statusCode === 401) void reply.header('www-authenticate', 'Bearer')
  setHeaders(request, reply)
  void reply
    .code(envelope.statusCode)
    .header('content-type', 'application/json; charset=utf-8')
    // Not the route's schema: a refusal must reach the caller whatever the route declares.
    .serializer(JSON.stringify)
    .send(envelope)
}
