import type { Dispatcher } from 'undici'
import { exchange, type ExchangeFailure, type HttpAnswer } from '../http/exchange.ts'
import { readRetryAfter } from '../http/read-retry-after.ts'

/** Who the control plane says that this gateway is. */
export interface EnrolledGateway {
  gatewayId: string
  gatewayName: string
  organizationId: string
  keyId: string
}

export type EnrolOutcome =
  | { kind: 'enrolled'; gateway: EnrolledGateway }
  /** For good: the same request has the same answer. */
  | { kind: 'refused'; reason: string }
  /** Of use with another key: this one is known, and no longer good. */
  | { kind: 'key-known'; reason: string }
  | { kind: 'unavailable'; reason: string; retryAfterSeconds?: number }

/** `token` is the single-use enrolment token or the pod's own, `publicKey` 32 raw bytes as base64url. Never rejects. */
export type Enrol = (enrolment: { token: string; publicKey: string }) => Promise<EnrolOutcome>

export interface EnrolOptions {
  controlPlaneOrigin: string
  dispatcher: Dispatcher
}

const tokenEnrolPath = '/api/v3/gateways/token-auth/enroll'
const podEnrolPath = '/api/v3/gateways/login'
const enrolMsMax = 15_000

/**
 * `POST /api/v3/gateways/token-auth/enroll` `{token, publicKey}` → 200 `{gatewayId, gatewayName, organizationId, keyId}`.
 * The control plane answers a repetition with the same token and key as it answered the first.
 */
export function createEnrol(options: EnrolOptions): Enrol {
  return ({ token, publicKey }) => post(options, tokenEnrolPath, { token, publicKey })
}

/**
 * `POST /api/v3/gateways/login` `{method: 'kubernetes', gatewayId, jwt, publicKey}` → 200, as above. `jwt` is the token of
 * the gateway's own pod. The same key again has the same answer.
 */
export function createPodEnrol(options: EnrolOptions & { gatewayId: string }): Enrol {
  const { gatewayId } = options
  return ({ token, publicKey }) =>
    post(options, podEnrolPath, { method: 'kubernetes', gatewayId, jwt: token, publicKey })
}

async function post(
  { controlPlaneOrigin, dispatcher }: EnrolOptions,
  path: string,
  body: Record<string, string>,
): Promise<EnrolOutcome> {
  const outcome = await exchange(
    dispatcher,
    {
      origin: controlPlaneOrigin,
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
    },
    { timeoutMs: enrolMsMax },
  )
  if (outcome.kind === 'failure') {
    const remedy = outcome.remedy ?? remedies[outcome.failure]
    return {
      kind: 'unavailable',
      reason: `no answer from ${controlPlaneOrigin}: ${outcome.detail}; ${remedy}`,
    }
  }
  return outcomeOf(outcome, controlPlaneOrigin)
}

const check = 'check POSTERN_URL, the network policies and firewalls on the way, and HTTPS_PROXY and NO_PROXY'

const remedies: Record<ExchangeFailure['failure'], string> = {
  unreachable: check,
  reset: check,
  timeout: check,
  tls: 'if its certificate comes from a private authority, name that in POSTERN_EXTRA_CA_FILE',
  malformed: 'is something else listening at POSTERN_URL?',
  cancelled: check,
}

function outcomeOf(answer: HttpAnswer, controlPlaneOrigin: string): EnrolOutcome {
  const json = parseObject(answer.body)
  const gateway = answer.status === 200 ? readEnrolled(json) : undefined
  if (gateway !== undefined) return { kind: 'enrolled', gateway }
  const retryAfterSeconds = readRetryAfter(answer.headers)
  const later = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
  const said = `status ${answer.status}${json === undefined ? '' : requestIdOf(json)}`
  const { code, permanent } = detailsOf(json)
  if (code === 'public-key-known') return { kind: 'key-known', reason: said }
  if (permanent === false) {
    const reason = `${controlPlaneOrigin} does not let this gateway in now (${said}, ${code ?? 'no code'}); its audit log has the reason`
    return { kind: 'unavailable', reason, ...later }
  }
  if (json !== undefined && refusals.has(answer.status)) return { kind: 'refused', reason: said }
  const reason = `${controlPlaneOrigin} answers with status ${answer.status}, not as a control plane that is ready does; is POSTERN_URL right?`
  return { kind: 'unavailable', reason, ...later }
}

/** Whether to come again, where the control plane says so. */
function detailsOf(json: Record<string, unknown> | undefined): { code?: string; permanent?: boolean } {
  const details = json?.['details']
  if (typeof details !== 'object' || details === null) return {}
  const { code, permanent }: { code?: unknown; permanent?: unknown } = details
  return {
    ...(typeof code === 'string' && /^[a-z-]{1,64}$/.test(code) ? { code } : {}),
    ...(typeof permanent === 'boolean' ? { permanent } : {}),
  }
}

/** With a JSON body only: an ingress that knows no backend yet answers 404 too, in HTML. */
const refusals = new Set([400, 401, 403, 404, 409, 410, 422])

function requestIdOf(json: Record<string, unknown>): string {
  const id = json['reqId']
  return typeof id === 'string' && /^[\w-]{1,64}$/.test(id) ? `, request ${id}` : ''
}

function readEnrolled(json: Record<string, unknown> | undefined): EnrolledGateway | undefined {
  const { gatewayId, gatewayName, organizationId, keyId } = json ?? {}
  if (!isText(gatewayId) || !isText(gatewayName) || !isText(organizationId) || !isText(keyId))
    return undefined
  return { gatewayId, gatewayName, organizationId, keyId }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 256
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? { ...json } : undefined
  } catch {
    return undefined
  }
}
