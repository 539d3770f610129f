import type { AuditEvent, JsonValue } from '../audit/audit-event.ts'
import type { LeavingSignal } from '../http/signal-of-leaving.ts'
import type { RuleCheck } from '../kubernetes-auth/kubernetes-auth-rules.ts'
import type { ServiceAccountName } from '../kubernetes-auth/service-account-name.ts'
import type { FoundConfiguration } from './find-configuration.ts'
import { type LoginDenial, outcomeOf } from './login-denial.ts'
import { tokenFingerprint, withoutToken } from './live-token.ts'
import { Stopwatch } from './stopwatch.ts'
import type { ReviewOutcome, ReviewRoute } from './token-reviewer.ts'

export interface KubernetesLoginCall {
  requestId: string
  ipAddress: string
  identityId: string
  /** As sent: not trimmed, not checked. */
  jwt: string
  organizationSlug?: string | undefined
  /** Fires when the caller has left. */
  signal?: LeavingSignal
}

/** Of what was issued. */
interface IssuedToken {
  tokenId: string
  expiresInSeconds: number
}

const textLengthMax = 256
const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

/** What is known of one login so far. Becomes its one row of the audit log, however it ends. */
export class LoginAttempt {
  readonly #call: KubernetesLoginCall
  readonly stopwatch: Stopwatch<'find' | 'review' | 'issue'>
  #found: FoundConfiguration | undefined
  #via: ReviewRoute | undefined
  #serviceAccount: ServiceAccountName | undefined
  #checks: readonly RuleCheck[] = []

  constructor(call: KubernetesLoginCall, monotonicMs: () => number) {
    this.#call = call
    this.stopwatch = new Stopwatch(monotonicMs)
  }

  found(found: FoundConfiguration): void {
    this.#found = found
  }

  reviewed({ via }: ReviewOutcome): void {
    this.#via = via
  }

  vouchedFor({ namespace, name }: ServiceAccountName): void {
    this.#serviceAccount = { namespace, name }
  }

  checked(checks: readonly RuleCheck[]): void {
    this.#checks = checks
  }

  successEvent(occurredAt: Date, { tokenId, expiresInSeconds }: IssuedToken): AuditEvent {
    const identityId = this.#found?.identity.id ?? this.#call.identityId
    return {
      ...this.#event(occurredAt),
      outcome: 'success',
      actor: { kind: 'identity', id: identityId },
      details: { ...this.#details(), tokenId, ttlSeconds: expiresInSeconds },
    }
  }

  denialEvent(occurredAt: Date, denial: LoginDenial): AuditEvent {
    const details = this.#details()
    if (denial.detail !== undefined && denial.detail !== '') details['detail'] = this.#shown(denial.detail)
    const [requiredAudience] = this.#found?.configuration.rules.audiences ?? []
    if (requiredAudience !== undefined) details['requiredAudience'] = requiredAudience
    // What nobody knows is kept only in the form of an id: people paste tokens into the wrong field.
    if (this.#found === undefined && uuid.test(this.#call.identityId)) {
      details['requestedIdentityId'] = this.#call.identityId
    }
    return {
      ...this.#event(occurredAt),
      outcome: outcomeOf(denial),
      reason: denial.reason,
      actor: { kind: 'stranger' },
      details,
    }
  }

  crashEvent(occurredAt: Date): AuditEvent {
    return {
      ...this.#event(occurredAt),
      outcome: 'failed',
      reason: 'internal-error',
      actor: { kind: 'stranger' },
      details: this.#details(),
    }
  }

  #event(occurredAt: Date): Omit<AuditEvent, 'outcome' | 'actor' | 'details'> {
    const identity = this.#found?.identity
    return {
      occurredAt,
      organizationId: identity?.organizationId ?? null,
      requestId: this.#call.requestId,
      event: 'kubernetes-login',
      ...(identity === undefined ? {} : { identityId: identity.id }),
      ipAddress: this.#call.ipAddress,
    }
  }

  #details(): Record<string, JsonValue> {
    return {
      tokenFingerprint: tokenFingerprint(this.#call.jwt),
      timingsMs: this.stopwatch.timingsMs(),
      ...(this.#found === undefined ? {} : { kubernetesAuthId: this.#found.configuration.auth.id }),
      ...(this.#via === undefined ? {} : { review: { ...this.#via } }),
      ...(this.#serviceAccount === undefined ? {} : { serviceAccount: { ...this.#serviceAccount } }),
      ...(this.#checks.length === 0
        ? {}
        : {
            checks: this.#checks.map(({ rule, isMet, expected, found }) => ({
              rule,
              isMet,
              expected: expected.slice(0, textLengthMax),
              found: this.#shown(found),
            })),
          }),
    }
  }

  #shown(text: string): string {
    return withoutToken(text, this.#call.jwt)
      .replaceAll(/\p{Cc}/gu, ' ')
      .slice(0, textLengthMax)
  }
}
