import type { IncomingMessage } from 'node:http'
import { clampText } from '@postern/protocol'
import { readRetryAfter } from '../http/read-retry-after.ts'
import type { TunnelRefusal } from './outcome.ts'

const bodyBytesMax = 8 * 1024
const messageBytesMax = 500
/** The beginning of a JWT and what follows: something on the way that repeats headers would put ours into the log. */
const tokenText = /eyJ[\w.~+/=-]+/g

/**
 * Reads an HTTP answer that came instead of the upgrade. The control plane refuses an upgrade with JSON
 * `{code, message, serverTime, permanent, retryAfterSeconds?}`. Every other answer means that no upgrade has come to it:
 * something in between (a proxy, a load balancer) answers as it likes, or drops the upgrade. That never makes a refusal
 * permanent.
 */
export async function readRefusal(response: IncomingMessage): Promise<TunnelRefusal> {
  const status = response.statusCode ?? 0
  const body = parseObject(await readBody(response))
  const asked = body['retryAfterSeconds']
  const retryAfterSeconds = typeof asked === 'number' ? asked : readRetryAfter(response.headers)
  const serverTimeMs = Date.parse(text(body['serverTime']) ?? response.headers.date ?? '')
  return {
    ...(readOwn(body) ?? notOfTunnels(status, text(body['message']))),
    status,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterMs: retryAfterSeconds * 1000 }),
    ...(Number.isNaN(serverTimeMs) ? {} : { serverTimeMs }),
  }
}

type Said = Pick<TunnelRefusal, 'code' | 'message' | 'permanent'>

function readOwn(body: Partial<Record<string, unknown>>): Said | undefined {
  const [code, message, permanent] = [text(body['code']), text(body['message']), body['permanent']]
  if (code === undefined || typeof permanent !== 'boolean') return undefined
  return { code, message: message ?? code, permanent }
}

function notOfTunnels(status: number, message: string | undefined): Said {
  const said = message === undefined ? '' : `: ${message}`
  return { code: 'upgrade', message: `${status} instead of an upgrade${said}`, permanent: false }
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > bodyBytesMax) break
      chunks.push(chunk)
    }
  } catch {
    // A body that broke off says less than its status and Date header, which are here already.
    return ''
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseObject(body: string): Partial<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
  } catch {
    return {}
  }
}

function text(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  return clampText(value.replaceAll(tokenText, '[token]'), messageBytesMax)
}
