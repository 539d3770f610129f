import type { IncomingHttpHeaders } from 'node:http'

/** Longer waits are the server's mistake, or somebody else's answer. */
const retryAfterSecondsMax = 300

/** Seconds or a date. Source: RFC 9110 §10.2.3. A part of a second counts as a whole one. */
export function readRetryAfter(headers: IncomingHttpHeaders, now: number = Date.now()): number | undefined {
  const text = headers['retry-after']
  if (text === undefined) return undefined
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - now) / 1000)
  if (Number.isNaN(seconds)) return undefined
  return Math.min(Math.max(seconds, 0), retryAfterSecondsMax)
}
