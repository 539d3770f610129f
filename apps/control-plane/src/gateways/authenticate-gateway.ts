import { generateKeyPairSync, type KeyObject, randomUUID, verify } from 'node:crypto'
import type { AuditLog } from '../audit/audit-log.ts'
import type { AuditReason } from '../audit/audit-reason.ts'
import { toKeyObject } from './ed25519-public-key.ts'
import type { GatewayCredentialStore, GatewayKey } from './gateway-credential-store.ts'
import { type GatewayToken, parseGatewayToken } from './gateway-token.ts'

/** Closed: a gateway decides by the code and by `permanent`, never by the message. */
export type GatewayRefusalCode =
  | 'credential-unknown'
  | 'credential-revoked'
  | 'audience-mismatch'
  | 'clock-skew'
  | 'token-replayed'
  | 'token-malformed'

export interface GatewayRefusal {
  ok: false
  /** HTTP status of the refused upgrade. */
  status: 401
  code: GatewayRefusalCode
  /** For the gateway's log: what is wrong and what to do. */
  message: string
  /** True: dialling again with this credential is of no use until a person has acted. */
  permanent: boolean
  /** Signed by the key that it names, which is known here: no stranger sent it. Not for the gateway's eyes. */
  isProven: boolean
  retryAfterSeconds?: number
  /** This machine's clock when it refused, in ms since the epoch. */
  serverTimeMs: number
}

export type GatewayAuthentication =
  | { ok: true; gatewayId: string; organizationId: string; keyId: string }
  | GatewayRefusal

export interface GatewayDial {
  /** What follows `Bearer ` in the Authorization header; undefined without such a header. */
  bearer: string | undefined
  nowMs: number
  requestId?: string
  ipAddress?: string
}

/** Rejects only when the database does not answer: a passing 503. */
export type AuthenticateGateway = (dial: GatewayDial) => Promise<GatewayAuthentication>

export interface AuthenticateGatewayDependencies {
  credentials: Pick<GatewayCredentialStore, 'findKey' | 'useTokenId'>
  audit: AuditLog
  /** The origins under which gateways know this control plane, as `https://postern.example.com`; the first is shown. */
  audiences: readonly string[]
}

const clockSkewMsMax = 300_000

/** What is refused, with what the audit log keeps and nobody else learns. */
interface Refused {
  code: GatewayRefusalCode
  message: string
  reason: AuditReason
  detail?: string
}

interface Refusing {
  refused: Refused
  /** The key that the token names, whether or not it proved to hold it. */
  key?: GatewayKey
  isProven: boolean
}

const treatments: Record<GatewayRefusalCode, { permanent: boolean; retryAfterSeconds?: number }> = {
  'credential-unknown': { permanent: true },
  'credential-revoked': { permanent: true },
  'token-malformed': { permanent: true },
  // Either side's URL may be the wrong one, and the control plane's is mended without touching the gateway.
  'audience-mismatch': { permanent: false, retryAfterSeconds: 30 },
  'clock-skew': { permanent: false, retryAfterSeconds: 15 },
  'token-replayed': { permanent: false, retryAfterSeconds: 1 },
}

const unknownMessage =
  'The control plane knows no credential that matches. Enrol the gateway anew: with a new enrolment token, or with its ' +
  'pod’s own token where it is set up so'

/**
 * Decides who dials. The order is the point:
 * 1. the token's shape, which says nothing about anybody;
 * 2. the signature, by the key that the token names. Until it holds, a key that is unknown, retired or another's looks
 *    the same and takes the same work;
 * 3. what may now be told to the key's holder: revoked, wrong audience, wrong clock;
 * 4. the token id last, so that only an otherwise good token spends it.
 */
export function createAuthenticateGateway(
  dependencies: AuthenticateGatewayDependencies,
): AuthenticateGateway {
  const decoy = generateKeyPairSync('ed25519').publicKey
  return async (dial) => {
    const parsed = parseGatewayToken(dial.bearer ?? '')
    if (!parsed.ok) {
      return refuse(dependencies, dial, { refused: malformed(parsed.problem), isProven: false })
    }
    const { token } = parsed
    const key = await dependencies.credentials.findKey(token.keyId)
    const isSigned = isSignedBy(token, key === undefined ? decoy : toKeyObject(key.publicKey))
    if (key === undefined) {
      return refuse(dependencies, dial, { refused: unknown('gateway-key-unknown'), isProven: false })
    }
    if (!isSigned || token.gatewayId !== key.gatewayId) {
      return refuse(dependencies, dial, { refused: unknown('gateway-proof-invalid'), key, isProven: false })
    }
    const refused =
      checkKey(key, dial.nowMs) ??
      checkAudience(token, dependencies.audiences) ??
      checkClock(token, dial.nowMs) ??
      (await checkReplay(dependencies, token, dial.nowMs))
    if (refused !== undefined) return refuse(dependencies, dial, { refused, key, isProven: true })
    return { ok: true, gatewayId: key.gatewayId, organizationId: key.organizationId, keyId: key.keyId }
  }
}

function isSignedBy(token: GatewayToken, key: KeyObject): boolean {
  return verify(null, token.signedPart, key, token.signature)
}

function malformed(problem: string): Refused {
  return {
    code: 'token-malformed',
    message: `The gateway’s token ${problem}. Check the gateway’s version, and proxies that change the Authorization header`,
    reason: 'gateway-token-malformed',
    detail: problem,
  }
}

function unknown(reason: AuditReason): Refused {
  return { code: 'credential-unknown', message: unknownMessage, reason }
}

function checkKey(key: GatewayKey, nowMs: number): Refused | undefined {
  const remedy = 'Enrol it again with a new enrolment token, if it should come back'
  if (key.gatewayRevokedAt !== null) {
    const message = `The gateway has been revoked. ${remedy}`
    return { code: 'credential-revoked', message, reason: 'gateway-revoked' }
  }
  if (key.retiredAt !== null && key.retiredAt.getTime() <= nowMs) {
    if (key.authMethod === 'kubernetes') return unknown('gateway-key-retired')
    const message = `The gateway’s key has been replaced by a newer one. ${remedy}`
    return { code: 'credential-revoked', message, reason: 'gateway-key-retired' }
  }
  return undefined
}

function checkAudience(token: GatewayToken, audiences: readonly string[]): Refused | undefined {
  if (token.audiences.some((audience) => audiences.includes(audience))) return undefined
  const message =
    `The gateway dials ${token.audiences.join(', ')}, but this control plane is ${audiences.join(', ')}. ` +
    'Set the gateway’s POSTERN_URL to that, or the control plane’s POSTERN_URL to what the gateways dial'
  const detail = token.audiences.join(' ')
  return { code: 'audience-mismatch', message, reason: 'audience-mismatched', detail }
}

/** Symmetric: a token counts from five minutes before its birth to five minutes after its end. */
function checkClock(token: GatewayToken, nowMs: number): Refused | undefined {
  const aheadMs = token.issuedAtSeconds * 1000 - nowMs
  const isPast = token.expiresAtSeconds * 1000 + clockSkewMsMax < nowMs
  if (!isPast && aheadMs <= clockSkewMsMax) return undefined
  const seconds = Math.round(Math.abs(aheadMs) / 1000)
  const detail = `${seconds} s ${isPast ? 'behind' : 'ahead'}`
  const message =
    `The gateway’s clock is ${detail}: here it is ${new Date(nowMs).toISOString()}. ` +
    'Synchronize the clock of the gateway’s node, or of the control plane’s'
  return { code: 'clock-skew', message, reason: 'clock-skewed', detail }
}

async function checkReplay(
  { credentials }: AuthenticateGatewayDependencies,
  token: GatewayToken,
  nowMs: number,
): Promise<Refused | undefined> {
  // Another replica's clock may lag behind this one: kept twice as long as the token could pass here.
  const expiresAt = new Date(token.expiresAtSeconds * 1000 + 2 * clockSkewMsMax)
  const { keyId, tokenId } = token
  if (await credentials.useTokenId({ keyId, tokenId, at: new Date(nowMs), expiresAt })) return undefined
  return {
    code: 'token-replayed',
    message: 'The gateway’s token was used before. Sign a new one for each dial',
    reason: 'token-replayed',
  }
}

async function refuse(
  { audit }: AuthenticateGatewayDependencies,
  dial: GatewayDial,
  { refused, key, isProven }: Refusing,
): Promise<GatewayRefusal> {
  await audit.record({
    occurredAt: new Date(dial.nowMs),
    organizationId: key?.organizationId ?? null,
    requestId: dial.requestId ?? randomUUID(),
    event: 'gateway-connection-refused',
    outcome: 'denied',
    reason: refused.reason,
    actor: key !== undefined && isProven ? { kind: 'gateway', id: key.gatewayId } : { kind: 'stranger' },
    ...(dial.ipAddress === undefined ? {} : { ipAddress: dial.ipAddress }),
    details: {
      code: refused.code,
      ...(refused.detail === undefined ? {} : { detail: refused.detail }),
      ...(key === undefined
        ? {}
        : { gatewayId: key.gatewayId, gatewayName: key.gatewayName, keyId: key.keyId }),
    },
  })
  const { code, message } = refused
  return { ok: false, status: 401, code, message, isProven, ...treatments[code], serverTimeMs: dial.nowMs }
}
