import { Pool } from 'undici'
import { exchange, type ExchangeBounds, type ExchangeOutcome, type HttpRequest } from '../http/exchange.ts'
import type { ServiceAccount, ServiceAccountFolder } from './service-account-folder.ts'

// One pool of connections to the API server, and what keeps it good under rotation and failure.
//
// 1. Requests carry the service account's token as it is in its file now (at most 5 s ago). A 401 makes the file read
//    again; only another token is worth a second try.
// 2. The pool trusts the certificate authority in its file and nothing else. When that changes, a new pool takes over
//    and the old one closes after its last answer. A failed handshake makes the file read again.
// 3. A connection that broke under a request costs one second try on a new pool: the other idle connections went the
//    same way. Every request that passes here may be repeated (a review changes nothing, a patch names the revision).
// 4. A request that timed out while the pool heard nothing at all from the API server replaces the pool: a node that
//    died without a reset then costs one time-out (T28), not one for each idle connection.
// 5. Each second try happens at most once a request, inside its time.

export interface ApiServerConnectionOptions {
  /** The API server's origin. */
  url: string
  account: ServiceAccountFolder
  /** Milliseconds of a monotonic clock. */
  now: () => number
}

/** More than this in flight waits in the pool: the API server would only queue them itself. */
const connectionsMax = 32
const connectTimeoutMs = 3_000
/** Below the API server's own 90 s, so that it is not the one to close a connection that is about to be used. */
const keepAliveMs = 60_000
/** Less says nothing of a pool: a caller in a hurry must not cost everybody their connections. */
const silenceMsMin = 1_000
const headerBytesMax = 16 * 1024

type Remedy = 'other-token' | 'other-authority' | 'new-connection'

interface Generation {
  pool: Pool
  certificateAuthorityDigest: string
  lastAnswerAt: number
}

export class ApiServerConnection {
  readonly url: string
  readonly #account: ServiceAccountFolder
  readonly #now: () => number
  /** Each with its closing, which ends with the last answer. */
  readonly #retired = new Map<Pool, Promise<void>>()
  #generation: Generation | undefined
  #closed = false

  constructor(options: ApiServerConnectionOptions) {
    this.url = options.url
    this.#account = options.account
    this.#now = options.now
  }

  /** Sends with the service account's token. Rejects only with `ServiceAccountUnreadable`. */
  async send(request: HttpRequest, bounds: ExchangeBounds): Promise<ExchangeOutcome> {
    const startedAt = this.#now()
    let tried: Set<Remedy> | undefined
    let timeoutMs = bounds.timeoutMs
    for (;;) {
      const current = this.#account.current()
      // Nearly always known: a promise is worth waiting for only where there is one.
      const account = current instanceof Promise ? await current : current
      if (this.#closed) return { kind: 'failure', failure: 'cancelled', detail: 'the gateway is closing' }
      const generation = this.#generationFor(account)
      const outcome = await this.#sendOnce(generation, account, request, { ...bounds, timeoutMs })
      if (outcome.kind === 'answer' && outcome.status !== 401) return outcome
      const remedy = await this.#remedyFor(outcome, generation, account)
      timeoutMs = bounds.timeoutMs - (this.#now() - startedAt)
      const isOver = timeoutMs <= 0 || bounds.signal?.aborted === true
      if (remedy === undefined || tried?.has(remedy) === true || isOver) return outcome
      tried ??= new Set()
      tried.add(remedy)
    }
  }

  /** Opens `connections` connections now, so that no login waits for a handshake. Says whether the server answered. */
  async warm(connections: number, timeoutMs: number): Promise<ExchangeOutcome> {
    const account = await this.#account.current()
    const generation = this.#generationFor(account)
    const version: HttpRequest = { method: 'GET', path: '/version', headers: { accept: 'application/json' } }
    const outcomes = await Promise.all(
      Array.from({ length: connections }, () => this.#sendOnce(generation, account, version, { timeoutMs })),
    )
    for (const outcome of outcomes) await this.#remedyFor(outcome, generation, account)
    const [first] = outcomes
    const failed = outcomes.find((outcome) => outcome.kind === 'failure')
    if (first === undefined) throw new RangeError('warm at least one connection')
    return failed ?? first
  }

  /** Lets answers that are on their way arrive for `graceMs`, then drops every connection. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true
    if (this.#generation !== undefined) this.#retire(this.#generation)
    const pools = [...this.#retired.keys()]
    const grace = setTimeout(() => pools.forEach((pool) => void pool.destroy()), graceMs)
    await Promise.all(this.#retired.values())
    clearTimeout(grace)
  }

  async #sendOnce(
    generation: Generation,
    account: ServiceAccount,
    request: HttpRequest,
    bounds: ExchangeBounds,
  ): Promise<ExchangeOutcome> {
    const startedAt = this.#now()
    const headers = { ...request.headers, authorization: account.authorization }
    const outcome = await exchange(generation.pool, { ...request, headers }, bounds)
    if (outcome.kind === 'answer') generation.lastAnswerAt = this.#now()
    const silent = generation.lastAnswerAt < startedAt && this.#now() - startedAt >= silenceMsMin
    if (outcome.kind === 'failure' && outcome.failure === 'timeout' && silent) this.#retire(generation)
    return outcome
  }

  async #remedyFor(
    outcome: ExchangeOutcome,
    generation: Generation,
    account: ServiceAccount,
  ): Promise<Remedy | undefined> {
    if (outcome.kind === 'answer') {
      if (outcome.status !== 401) return undefined
      const reread = await this.#account.reread()
      return reread.token === account.token ? undefined : 'other-token'
    }
    if (outcome.failure === 'reset') {
      this.#retire(generation)
      return 'new-connection'
    }
    if (outcome.failure !== 'tls') return undefined
    const reread = await this.#account.reread()
    const same = reread.certificateAuthorityDigest === account.certificateAuthorityDigest
    return same ? undefined : 'other-authority'
  }

  #generationFor(account: ServiceAccount): Generation {
    const digest = account.certificateAuthorityDigest
    if (this.#generation?.certificateAuthorityDigest === digest) return this.#generation
    if (this.#generation !== undefined) this.#retire(this.#generation)
    const pool = new Pool(this.url, {
      connections: connectionsMax,
      connectTimeout: connectTimeoutMs,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      maxHeaderSize: headerBytesMax,
      // One timer of our own bounds the whole exchange.
      headersTimeout: 0,
      bodyTimeout: 0,
      // One connection for everything would make its loss the loss of everything.
      allowH2: false,
      connect: { ca: account.certificateAuthority },
    })
    this.#generation = { pool, certificateAuthorityDigest: digest, lastAnswerAt: this.#now() }
    return this.#generation
  }

  /** The pool takes nothing new; requests on it end by themselves, each within its own bound. */
  #retire({ pool }: Generation): void {
    if (this.#generation?.pool === pool) this.#generation = undefined
    if (this.#retired.has(pool) || pool.closed) return
    this.#retired.set(
      pool,
      pool.close().finally(() => this.#retired.delete(pool)),
    )
  }
}
