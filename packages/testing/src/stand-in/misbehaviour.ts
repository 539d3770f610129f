import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { isJsonObject, type JsonObject } from '../json-at.ts'
import type { Reply } from './reply.ts'

/** How an API server, or what stands in front of it, can go wrong. */
export type Misbehaviour =
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Destroys the connection instead of answering. */
  | { readonly kind: 'reset' }
  /** Answers correctly after this long. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Answers correctly, one byte at a time. */
  | { readonly kind: 'drip'; readonly everyMs: number }
  /** Promises a whole body and closes the connection after half of it. */
  | { readonly kind: 'truncate' }
  /** Answers correct JSON with this much of padding in it; by default 1 MiB. */
  | { readonly kind: 'huge-body'; readonly bytes?: number }
  /** Answers correctly, with this much of header fields; by default 32 KiB. */
  | { readonly kind: 'huge-headers'; readonly bytes?: number }
  /** A few KiB that unpack to this much; by default 16 MiB. */
  | { readonly kind: 'gzip-bomb'; readonly unpackedBytes?: number }
  /** The page of a proxy, status 200. */
  | { readonly kind: 'html' }
  /** `null`, as JSON, with the status of a success. */
  | { readonly kind: 'null' }
  /** The correct answer with another value for `status`: a text, a number, wrong types inside. */
  | { readonly kind: 'status-field'; readonly value: unknown }
  /** The correct answer with another `status.audiences`, or without it when there is no value. */
  | { readonly kind: 'audiences-field'; readonly value?: unknown }
  /** Too busy, broken, away, or unwilling; with words of its own if there are any. */
  | {
      readonly kind: 'refuse'
      readonly code: 401 | 403 | 429 | 500 | 503
      readonly retryAfterSeconds?: number
      readonly message?: string
    }
  | { readonly kind: 'redirect'; readonly location: string }

/** Writes the correct reply the wrong way. `response` is open, nothing is written yet. */
export function misbehave(how: Misbehaviour, reply: Reply, response: ServerResponse): void {
  switch (how.kind) {
    case 'hang':
      return
    case 'reset':
      response.socket?.destroy()
      return
    case 'delay':
      afterwards(response, how.delayMs, () => writeReply(reply, response))
      return
    case 'drip':
      drip(reply, response, how.everyMs)
      return
    case 'truncate':
      truncate(reply, response)
      return
    case 'huge-headers':
      response.setHeader('x-padding', 'x'.repeat(how.bytes ?? 32 * 1024))
      writeReply(reply, response)
      return
    case 'gzip-bomb': {
      response.setHeader('content-encoding', 'gzip')
      const packed = gzipSync(Buffer.alloc(how.unpackedBytes ?? 16 * 1024 * 1024, ' '))
      response.writeHead(201, { 'content-type': 'application/json', 'content-length': packed.length })
      response.end(packed)
      return
    }
    case 'redirect':
      response.setHeader('location', how.location)
      writeReply({ status: 307, body: '' }, response)
      return
    case 'refuse':
      if (how.retryAfterSeconds !== undefined)
        response.setHeader('retry-after', String(how.retryAfterSeconds))
      writeReply(refused(how), response)
      return
    case 'html':
    case 'null':
    case 'huge-body':
    case 'status-field':
    case 'audiences-field':
      writeReply(altered(how, reply), response)
      return
    default:
      how satisfies never
  }
}

export function writeReply(reply: Reply, response: ServerResponse): void {
  response.writeHead(reply.status, headersOf(reply))
  response.end(reply.body)
}

type Altering = Extract<
  Misbehaviour,
  { kind: 'html' | 'null' | 'huge-body' | 'status-field' | 'audiences-field' }
>

function altered(how: Altering, reply: Reply): Reply {
  switch (how.kind) {
    case 'html':
      return {
        status: 200,
        body: '<!doctype html><title>Sign in</title>',
        contentType: 'text/html; charset=utf-8',
      }
    case 'null':
      return { ...reply, body: 'null' }
    case 'huge-body':
      return withFields(reply, (object) => ({ ...object, padding: 'x'.repeat(how.bytes ?? 1024 * 1024) }))
    case 'status-field':
      return withFields(reply, (object) => ({ ...object, status: how.value }))
    case 'audiences-field':
      return withFields(reply, (object) => {
        const status = isJsonObject(object['status']) ? object['status'] : {}
        return { ...object, status: { ...status, audiences: how.value } }
      })
    default:
      return how satisfies never
  }
}

function withFields(reply: Reply, change: (object: JsonObject) => JsonObject): Reply {
  const object: unknown = JSON.parse(reply.body)
  return { ...reply, body: JSON.stringify(change(isJsonObject(object) ? object : {})) }
}

function refused({ code, message }: Misbehaviour & { kind: 'refuse' }): Reply {
  const reasons = {
    401: 'Unauthorized',
    403: 'Forbidden',
    429: 'TooManyRequests',
    500: 'InternalError',
    503: 'ServiceUnavailable',
  }
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    ...(message === undefined ? {} : { message }),
    reason: reasons[code],
    code,
  }
  return { status: code, body: JSON.stringify(body) }
}

function headersOf(reply: Reply): Record<string, string | number> {
  return {
    'content-type': reply.contentType ?? 'application/json',
    'content-length': Buffer.byteLength(reply.body),
  }
}

function drip(reply: Reply, response: ServerResponse, everyMs: number): void {
  const bytes = Buffer.from(reply.body)
  let sent = 0
  response.writeHead(reply.status, headersOf(reply))
  const timer = setInterval(() => {
    response.write(bytes.subarray(sent, ++sent))
    if (sent < bytes.length) return
    clearInterval(timer)
    response.end()
  }, everyMs)
  response.once('close', () => clearInterval(timer))
}

function truncate(reply: Reply, response: ServerResponse): void {
  const bytes = Buffer.from(reply.body)
  response.writeHead(reply.status, headersOf(reply))
  response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.socket?.destroy())
}

function afterwards(response: ServerResponse, delayMs: number, write: () => void): void {
  const timer = setTimeout(write, delayMs)
  response.once('close', () => clearTimeout(timer))
}
