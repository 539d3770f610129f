import type { FastifyRequest } from 'fastify'
import { ApiError } from './api-error.ts'

/** Requests a minute of one actor to this process; 0 for no limit. */
export interface RequestLimits {
  readsPerMinute: number
  writesPerMinute: number
  /** Of any method, to the secrets themselves. */
  secretRequestsPerMinute: number
}

/** The settings by their own names. */
export interface RequestLimitsConfig {
  readsPerMinutePerActor: number
  writesPerMinutePerActor: number
  secretRequestsPerMinutePerActor: number
}

type RequestKind = keyof RequestLimits

interface Window {
  requests: number
  endsAtMs: number
}

const windowMs = 60_000
const secretPaths = /^\/api\/v\d\/secrets(?:\/|$)/

export interface ActorLimitsOptions {
  limits: RequestLimits
  /** Never steps back. */
  nowMs: () => number
  windowsMax?: number
}

/**
 * Bounds what one actor may ask for, so that a machine that runs wild slows nobody else down. A window begins with an
 * actor's first request of a kind and ends a minute later. Memory is bounded: the oldest window is forgotten first.
 */
export class ActorLimits {
  readonly #options: Required<ActorLimitsOptions>
  readonly #windows = new Map<string, Window>()

  constructor(options: ActorLimitsOptions) {
    this.#options = { windowsMax: 20_000, ...options }
  }

  /** Throws ApiError RateLimitExceeded once the actor has asked too often. */
  spend(actorId: string, request: Pick<FastifyRequest, 'method' | 'routeOptions'>): void {
    const kind = kindOf(request)
    const limit = this.#options.limits[kind]
    if (limit === 0) return
    const nowMs = this.#options.nowMs()
    const window = this.#windowOf(`${kind} ${actorId}`, nowMs)
    window.requests += 1
    if (window.requests > limit) throw tooMany(limit, window.endsAtMs - nowMs)
  }

  #windowOf(key: string, nowMs: number): Window {
    const known = this.#windows.get(key)
    if (known !== undefined && nowMs < known.endsAtMs) return known
    const window = { requests: 0, endsAtMs: nowMs + windowMs }
    // Re-inserted at the end: the map's order is then that of the windows' ends.
    this.#windows.delete(key)
    this.#windows.set(key, window)
    const [oldest] = this.#windows.keys()
    if (this.#windows.size > this.#options.windowsMax && oldest !== undefined) this.#windows.delete(oldest)
    return window
  }
}

export function createActorLimits(config: RequestLimitsConfig, nowMs: () => number): ActorLimits {
  const limits = {
    readsPerMinute: config.readsPerMinutePerActor,
    writesPerMinute: config.writesPerMinutePerActor,
    secretRequestsPerMinute: config.secretRequestsPerMinutePerActor,
  }
  return new ActorLimits({ limits, nowMs })
}

/** The same authentication, after which the actor's request counts. */
export function limitRequests<Actor>(
  authenticate: (request: FastifyRequest) => Promise<Actor>,
  idOf: (actor: Actor) => string,
  limits: ActorLimits,
): (request: FastifyRequest) => Promise<Actor> {
  return async (request) => {
    const actor = await authenticate(request)
    limits.spend(idOf(actor), request)
    return actor
  }
}

function kindOf({ method, routeOptions }: Pick<FastifyRequest, 'method' | 'routeOptions'>): RequestKind {
  if (secretPaths.test(routeOptions.url ?? '')) return 'secretRequestsPerMinute'
  return method === 'GET' || method === 'HEAD' ? 'readsPerMinute' : 'writesPerMinute'
}

function tooMany(limit: number, leftMs: number): ApiError {
  const resetSeconds = Math.max(1, Math.ceil(leftMs / 1000))
  return new ApiError('RateLimitExceeded', 'Too many requests: slow down, and try again later', {
    retryAfterSeconds: resetSeconds,
    rateLimit: limit,
  })
}
