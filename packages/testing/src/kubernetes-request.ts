import { Agent, request, type RequestOptions } from 'node:https'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'

export interface KubernetesRequest {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Path and query, e.g. `/api/v1/namespaces`. */
  readonly path: string
  /** Bearer token; without it the request is anonymous. */
  readonly token?: string
  /** Sent as JSON, unless it is text or bytes already. */
  readonly body?: unknown
  /** By default `application/json`. */
  readonly contentType?: string
  /** By default 10 s for the whole exchange. */
  readonly timeoutMs?: number
}

export interface KubernetesAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The parsed body, where it is JSON; else undefined. */
  readonly json: unknown
}

/** Sends one request and reads the whole answer; rejects when the connection fails or the time is up. */
export type SendKubernetesRequest = (request: KubernetesRequest) => Promise<KubernetesAnswer>

export interface KubernetesConnection {
  readonly send: SendKubernetesRequest
  close(): void
}

/** A keep-alive connection to an API server that trusts `caCert` (PEM) and nothing else. */
export function connectToKubernetes(options: { url: string; caCert: string }): KubernetesConnection {
  const agent = new Agent({ keepAlive: true, ca: options.caCert })
  return {
    send: (wanted) => exchangeWithKubernetes(new URL(wanted.path, options.url), wanted, { agent }),
    close: () => agent.destroy(),
  }
}

/** One exchange; `connection` says over which agent and with which credentials. */
export async function exchangeWithKubernetes(
  url: URL,
  wanted: KubernetesRequest,
  connection: RequestOptions,
): Promise<KubernetesAnswer> {
  const { method = 'GET', token, body, contentType = 'application/json', timeoutMs = 10_000 } = wanted
  const payload =
    body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const headers = {
    ...(isFields(connection.headers) ? connection.headers : {}),
    accept: '*/*',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(payload === undefined
      ? {}
      : { 'content-type': contentType, 'content-length': Buffer.byteLength(payload) }),
  }
  const signal = AbortSignal.timeout(timeoutMs)
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ...connection, method, headers, signal }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.once('error', reject)
      incoming.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: parsed(text) })
      })
    })
    outgoing.once('error', reject)
    outgoing.end(payload)
  })
}

function isFields(headers: RequestOptions['headers']): headers is OutgoingHttpHeaders {
  return headers !== undefined && !Array.isArray(headers)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON (an HTML page, a plain /readyz): the caller has the text.
    return undefined
  }
}
