import { isIP } from 'node:net'
import type { Dispatcher } from 'undici'
import type { LeavingSignal } from '../http/signal-of-leaving.ts'
import type { ConnectionPool, ConnectionTarget, KubernetesConnections } from './kubernetes-connections.ts'
import { readTransportError, type TransportFailure } from './read-transport-error.ts'
import { HostNotAllowed } from './resolve-host.ts'
import { type AddressRules, vetAddress } from './vet-address.ts'

export interface ApiServerQuestion {
  method: 'GET' | 'POST'
  /** Below the host's own path prefix; begins with "/". */
  path: string
  bearer?: string
  /** JSON text. */
  body?: string
  budgetMs: number
  signal?: LeavingSignal | undefined
}

export type ApiServerAnswer =
  | { kind: 'answered'; status: number; retryAfterSeconds: number | undefined; text: string }
  | ({ kind: 'failed' } & Omit<TransportFailure, 'isLostConnection'>)

/** Never rejects. */
export type AskApiServer = (target: ConnectionTarget, question: ApiServerQuestion) => Promise<ApiServerAnswer>

const inFlightPerHostMax = 256
const retryAfterSecondsMax = 60
const overloaded: ApiServerAnswer = {
  kind: 'failed',
  failure: 'api-server-overloaded',
  detail: `more than ${inFlightPerHostMax} requests to this API server are under way`,
}

class DeadlinePassed extends Error {
  readonly code = 'ETIMEDOUT'
}

/**
 * One bounded exchange with an API server: the whole of it within the budget, no redirect followed, nothing
 * decompressed, at most 16 KiB of headers and 64 KiB of body.
 */
export function createAskApiServer(dependencies: {
  connections: KubernetesConnections
  rules: AddressRules
  nowMs: () => number
}): AskApiServer {
  const { connections, rules, nowMs } = dependencies

  /** A connection that died unseen fails its first use: once, the question is put again on another. */
  return async function askApiServer(target, question) {
    const deadlineMs = nowMs() + question.budgetMs
    for (let isRepeated = false; ; isRepeated = true) {
      const entry = connections.poolFor(target)
      if (entry.inFlight >= inFlightPerHostMax) return overloaded
      entry.inFlight++
      try {
        refuseInternalLiteral(target, rules)
        return await exchange(entry, target, { ...question, budgetMs: deadlineMs - nowMs() })
      } catch (error) {
        const { isLostConnection, ...failure } = readTransportError(error)
        const hasCallerLeft = question.signal?.aborted === true
        // Whatever else the pool holds may be just as dead: the next request gets a new connection.
        if (failure.failure === 'api-server-timeout' && !hasCallerLeft) connections.retire(target, entry)
        if (isLostConnection && !isRepeated && !hasCallerLeft && deadlineMs > nowMs()) continue
        return { kind: 'failed', ...failure }
      } finally {
        entry.inFlight--
      }
    }
  }
}

async function exchange(
  entry: ConnectionPool,
  target: ConnectionTarget,
  question: ApiServerQuestion,
): Promise<ApiServerAnswer> {
  const abort = new AbortController()
  const timer = setTimeout(
    () => abort.abort(new DeadlinePassed(`no answer within ${question.budgetMs} ms`)),
    Math.max(0, question.budgetMs),
  )
  const leave = { handleEvent: () => abort.abort(new DeadlinePassed('the caller left')) }
  const { promise: late, reject } = Promise.withResolvers<never>()
  // undici heeds its signal only once there is a connection, and opening one may take longer than is left.
  abort.signal.addEventListener('abort', () => reject(abort.signal.reason), { once: true })
  question.signal?.addEventListener('abort', leave)
  if (question.signal?.aborted === true) leave.handleEvent()
  try {
    const answered = entry.pool.request({
      method: question.method,
      path: target.host.pathPrefix + question.path,
      headers: requestHeaders(question),
      body: question.body ?? null,
      signal: abort.signal,
    })
    return await Promise.race([answered.then(readResponse), late])
  } finally {
    clearTimeout(timer)
    question.signal?.removeEventListener('abort', leave)
  }
}

async function readResponse(response: Dispatcher.ResponseData): Promise<ApiServerAnswer> {
  const encoding = response.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    await response.body.dump()
    return { kind: 'failed', failure: 'malformed-answer', detail: 'the answer is compressed, unasked' }
  }
  return {
    kind: 'answered',
    status: response.statusCode,
    retryAfterSeconds: retryAfterSeconds(response.headers['retry-after']),
    text: await response.body.text(),
  }
}

function requestHeaders(question: ApiServerQuestion): Record<string, string> {
  return {
    accept: 'application/json',
    'accept-encoding': 'identity',
    ...(question.bearer === undefined ? {} : { authorization: `Bearer ${question.bearer}` }),
    ...(question.body === undefined ? {} : { 'content-type': 'application/json' }),
  }
}

/**
 * A name is vetted when it is resolved, but a literal is never looked up. Where a gateway dials, its configuration
 * decides. Throws HostNotAllowed. */
function refuseInternalLiteral({ host, via }: ConnectionTarget, rules: AddressRules): void {
  if (via !== undefined || isIP(host.hostname) === 0) return
  const reason = vetAddress(host.hostname, rules)
  if (reason !== undefined) throw new HostNotAllowed(host.hostname, host.hostname, reason)
}

/** RFC 9110 §10.2.3, whole seconds only: API servers send no dates. */
function retryAfterSeconds(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string' || !/^\d{1,5}$/.test(header)) return undefined
  return Math.min(Number(header), retryAfterSecondsMax)
}
