import { hash } from 'node:crypto'
import { type CheckResult, denied, passed } from './login-denial.ts'

const charactersMax = 8192
const threeSegments = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/

/**
 * Refuses, without asking anybody, what no API server could take for a live token: not three base64url segments, not
 * JSON within, expired by its own account (T26). The claims are unverified, so they may only refuse, never accept (T11).
 * The value is the token without the newline that ends its file.
 */
export function readLiveToken(jwt: string, nowMs: number): CheckResult<string> {
  const token = jwt.trim()
  if (token.length > charactersMax) return denied('token-malformed', { detail: 'longer than any real token' })
  const [, header, payload] = threeSegments.exec(token) ?? []
  if (header === undefined || payload === undefined) {
    return denied('token-malformed', { detail: 'not three base64url segments' })
  }
  const claims = readSegment(payload)
  if (readSegment(header) === undefined || claims === undefined) {
    return denied('token-malformed', { detail: 'header or payload is not a JSON object' })
  }
  const exp = claims['exp']
  // Service accounts' tokens from before Kubernetes 1.24 have no expiry.
  if (exp === undefined) return passed(token)
  if (typeof exp !== 'number') return denied('token-malformed', { detail: 'exp is not a number' })
  if (exp * 1000 <= nowMs)
    return denied('token-expired', { detail: `${Math.round(nowMs / 1000 - exp)} s ago` })
  return passed(token)
}

/** What may stand for a token in logs and audit: the first 12 hex digits of its SHA-256. */
export function tokenFingerprint(jwt: string): string {
  return hash('sha256', jwt.trim(), 'hex').slice(0, 12)
}

/** Takes out of a text that somebody else wrote whatever could be a piece of the token (D12). */
export function withoutToken(text: string, token: string): string {
  return text.replaceAll(/[A-Za-z0-9_-]{8,}/g, (run) => (token.includes(run) ? '[redacted]' : run))
}

function readSegment(segment: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, 'base64url').toString())
    return isJsonObject(value) ? value : undefined
  } catch {
    // Why it is not JSON is of no interest, and the parser's message quotes the token.
    return undefined
  }
}

function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
