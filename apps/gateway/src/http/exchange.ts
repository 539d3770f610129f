import type { IncomingHttpHeaders } from 'node:http'
import { errors, type Dispatcher } from 'undici'
import type { CancelSignal } from './cancellation.ts'
import { ConnectionFailed } from './connection-outcome.ts'

export interface HttpRequest {
  /** Only for a dispatcher that serves several; a pool has its own. */
  origin?: string
  method: 'GET' | 'POST' | 'PATCH'
  /** With query. */
  path: string
  headers: Record<string, string>
  body?: string
}

export interface HttpAnswer {
  kind: 'answer'
  status: number
  headers: IncomingHttpHeaders
  body: string
}

export type ExchangeOutcome = HttpAnswer | ExchangeFailure

export interface ExchangeFailure {
  kind: 'failure'
  failure:
    | 'unreachable'
    /** The connection broke under the request. */
    | 'reset'
    | 'timeout'
    | 'tls'
    /** Not HTTP, or larger than an honest answer. */
    | 'malformed'
    | 'cancelled'
  /** A constant text and an error code; never a byte of the request or the answer. */
  detail: string
  /** What an operator can do, where the way to the server tells it. */
  remedy?: string
}

export interface ExchangeBounds {
  /** Milliseconds for all of it: waiting for a connection, sending, receiving the last byte. */
  timeoutMs: number
  /** Asked once that time is over: milliseconds that somebody waits longer, if any. */
  remainingMs?: (() => number) | undefined
  /** Fires when the caller has left. */
  signal?: CancelSignal | undefined
}

/** Bytes of an answer's body. Headers are bounded by the pool (16 KiB). */
const answerBytesMax = 64 * 1024

/**
 * One request, one answer, bounded in time and size. Never rejects. `dispatch` is used rather than `request`, because
 * that makes no stream for an answer of one chunk. Redirects are not followed, nothing is decompressed.
 */
export function exchange(
  dispatcher: Dispatcher,
  request: HttpRequest,
  bounds: ExchangeBounds,
): Promise<ExchangeOutcome> {
  const { promise, resolve } = Promise.withResolvers<ExchangeOutcome>()
  const handler = new AnswerCollector(bounds, resolve)
  if (!handler.settled) dispatcher.dispatch(request, handler)
  return promise
}

/** Settles exactly once; a request that is settled early is aborted as soon as undici hands over its controller. */
class AnswerCollector implements Dispatcher.DispatchHandler {
  settled = false
  readonly #resolve: (outcome: ExchangeOutcome) => void
  readonly #remainingMs: (() => number) | undefined
  #timer: NodeJS.Timeout
  readonly #signal: CancelSignal | undefined
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #headers: IncomingHttpHeaders = {}
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(bounds: ExchangeBounds, resolve: (outcome: ExchangeOutcome) => void) {
    this.#resolve = resolve
    this.#signal = bounds.signal
    this.#remainingMs = bounds.remainingMs
    this.#timer = setTimeout(this.#onTime, bounds.timeoutMs)
    if (this.#signal?.aborted === true) this.#cancel()
    else this.#signal?.addEventListener('abort', this.#cancel)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.settled) controller.abort(new Error('nobody waits for this request'))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > answerBytesMax) {
      this.#stop({ kind: 'failure', failure: 'malformed', detail: 'the answer is larger than 64 KiB' })
      return
    }
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const [first] = this.#chunks
    const body = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks)
    this.#settle({
      kind: 'answer',
      status: this.#status,
      headers: this.#headers,
      body: body.toString('utf8'),
    })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#settle(failureOf(error))
  }

  readonly #onTime = (): void => {
    const remainingMs = this.#remainingMs?.() ?? 0
    if (remainingMs > 0) this.#timer = setTimeout(this.#onTime, remainingMs)
    else this.#stop({ kind: 'failure', failure: 'timeout', detail: 'no complete answer in time' })
  }

  readonly #cancel = (): void => {
    this.#stop({ kind: 'failure', failure: 'cancelled', detail: 'the caller has left' })
  }

  #stop(failure: ExchangeFailure): void {
    this.#settle(failure)
    this.#controller?.abort(new Error('nobody waits for this request'))
  }

  #settle(outcome: ExchangeOutcome): void {
    if (this.settled) return
    this.settled = true
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#cancel)
    this.#chunks = []
    this.#resolve(outcome)
  }
}

const unreachable = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
])
const reset = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'UND_ERR_SOCKET'])
const malformed = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
])

/** OpenSSL's verification results, as Node names them. Source: Node.js documentation, "X509 certificate error codes". */
const certificateFailure =
  /^(?:CERT_|CRL_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH_EXCEEDED|EPROTO$)/

/** By code alone: the text of an error may hold what was sent. */
function failureOf(error: Error): ExchangeFailure {
  if (error instanceof ConnectionFailed) {
    const { hop, remedy } = error.failure
    return { kind: 'failure', failure: hop === 'tls' ? 'tls' : 'unreachable', detail: error.message, remedy }
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  const failure = (failure: ExchangeFailure['failure'], text: string): ExchangeFailure => ({
    kind: 'failure',
    failure,
    detail: `${text} (${code})`,
  })
  if (unreachable.has(code)) return failure('unreachable', 'no connection')
  if (reset.has(code)) return failure('reset', 'the connection broke')
  if (certificateFailure.test(code)) return failure('tls', 'the TLS handshake failed')
  if (malformed.has(code) || error instanceof errors.HTTPParserError) {
    return failure('malformed', 'the answer is not sound HTTP')
  }
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return failure('timeout', 'no complete answer in time')
  }
  return failure('unreachable', 'the request failed')
}
