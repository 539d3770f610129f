import type { TokenVerdict } from '@postern/token-review'
import type { AccessTokenRequest } from '../../access-tokens/issue-access-token.ts'
import type { AuditEvent } from '../../audit/audit-event.ts'
import { ApiError } from '../../http/api-error.ts'
import { errorReply } from '../../http/error-reply.ts'
import type { IdentityCore } from '../../identities/identity-store.ts'
import type { KubernetesAuth } from '../../kubernetes-auth/kubernetes-auth.ts'
import { compileKubernetesAuthRules } from '../../kubernetes-auth/kubernetes-auth-rules.ts'
import { createKubernetesLogin, type ObservedLogin } from '../kubernetes-login.ts'
import type { KubernetesLoginCall } from '../login-attempt.ts'
import type { ReviewOutcome, ReviewRequest } from '../token-reviewer.ts'

export const identityId = '11111111-1111-4111-8111-111111111111'
export const organizationId = '22222222-2222-4222-8222-222222222222'
export const nowMs = Date.UTC(2026, 10, 22)

export const identity: IdentityCore = {
  id: identityId,
  organizationId,
  name: 'payments',
  role: 'no-access',
  isDisabled: false,
  hasDeleteProtection: false,
}

export const kubernetesAuth: KubernetesAuth = {
  id: '33333333-3333-4333-8333-333333333333',
  identityId,
  organizationId,
  tokenReviewMode: 'api',
  kubernetesHost: 'cluster.example',
  caCert: '',
  verifyTlsCertificate: true,
  tokenReviewerJwt: null,
  allowedNamespaces: 'payments',
  allowedNames: 'api',
  allowedAudience: '',
  gatewayId: null,
  gatewayPoolId: null,
  accessToken: { ttlSeconds: 600, maxTtlSeconds: 1200, numUsesLimit: 0, trustedIps: [] },
  createdAt: new Date(0),
  updatedAt: new Date(0),
}

export function serviceAccountToken(claims: object = {}, signature = 'c2lnbmF0dXJl'): string {
  const segment = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${segment({ alg: 'RS256' })}.${segment({ exp: nowMs / 1000 + 600, ...claims })}.${signature}`
}

export function vouchedFor(overrides: object = {}): ReviewOutcome {
  const verdict: TokenVerdict = {
    authenticated: true,
    username: 'system:serviceaccount:payments:api',
    uid: 'u-1',
    groups: ['system:serviceaccounts', 'system:authenticated'],
    audiences: [],
    ...overrides,
  }
  return { kind: 'reviewed', verdict, via: { reviewer: 'stored-jwt', host: 'https://cluster.example' } }
}

export interface LoginReply {
  status: number
  /** The envelope without its request id, or what was issued. */
  body: unknown
  retryAfterSeconds?: number | undefined
}

/** A login with everything around it in memory. Change its members, then `login()`. */
export class LoginFixture {
  identity: IdentityCore | undefined = identity
  /** What logins that come before `forget` are given instead, as a cache does. */
  rememberedIdentity: { identity: IdentityCore; readAtMs: number } | undefined
  auth: KubernetesAuth | undefined = kubernetesAuth
  /** What logins that come before `forget` are given instead, as a cache does. */
  remembered: { auth: KubernetesAuth; readAtMs: number } | undefined
  /** Tokens created until then are revoked. */
  revokedAtMs = 0
  outcome: ReviewOutcome | (() => ReviewOutcome) = vouchedFor()
  sign: () => void = () => undefined
  recordAudit: (event: AuditEvent) => Promise<void> = async (event) => void this.audit.push(event)
  readonly audit: AuditEvent[] = []
  readonly reviews: ReviewRequest[] = []
  readonly issued: AccessTokenRequest[] = []
  readonly lastLogins: string[] = []
  readonly observed: ObservedLogin[] = []
  clockMs = 0
  /** True: no sleep moves the clock, so no limit gives anything back. */
  isClockStopped = false

  readonly #login = createKubernetesLogin({
    identities: {
      findIdentity: async (id) => {
        const { identity: found, readAtMs } = this.rememberedIdentity ?? {
          identity: this.identity,
          readAtMs: nowMs,
        }
        return found !== undefined && id === found.id ? { ...found, readAtMs } : undefined
      },
      forget: () => {
        this.rememberedIdentity = undefined
      },
    },
    kubernetesAuths: {
      find: async () => {
        const { auth, readAtMs } = this.remembered ?? { auth: this.auth, readAtMs: nowMs }
        if (auth === undefined) return undefined
        const reviewer = { review: async (request: ReviewRequest) => this.#review(request) }
        return { auth, organizationSlug: 'acme', rules: compileKubernetesAuthRules(auth), reviewer, readAtMs }
      },
      forget: () => {
        this.remembered = undefined
      },
    },
    revocations: { covers: ({ createdAtMs }) => createdAtMs <= this.revokedAtMs },
    issuer: {
      issue: async (request) => {
        this.sign()
        this.issued.push(request)
        return { accessToken: 'issued', expiresInSeconds: 600, maxTtlSeconds: 1200, tokenId: 'token-1' }
      },
    },
    auditLog: { record: (event) => this.recordAudit(event) },
    failedLoginsPerMinutePerIdentity: 300,
    lastLogins: { record: (id) => void this.lastLogins.push(id) },
    observeLogin: (login) => void this.observed.push(login),
    nowMs: () => nowMs,
    monotonicMs: () => this.clockMs,
    sleep: async (ms) => {
      if (!this.isClockStopped) this.clockMs += ms
    },
  })

  async login(overrides: Partial<KubernetesLoginCall> = {}): Promise<LoginReply> {
    const call = { requestId: 'request-1', ipAddress: '203.0.113.7', identityId, jwt: serviceAccountToken() }
    try {
      return { status: 200, body: await this.#login({ ...call, ...overrides }) }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const { envelope, retryAfterSeconds } = errorReply(error, '')
      return { status: envelope.statusCode, body: envelope, retryAfterSeconds }
    }
  }

  #review(request: ReviewRequest): ReviewOutcome {
    this.reviews.push(request)
    return typeof this.outcome === 'function' ? this.outcome() : this.outcome
  }
}
