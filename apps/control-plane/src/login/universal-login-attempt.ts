import type { AuditEvent, JsonValue } from '../audit/audit-event.ts'
import type { LoginCheck } from '../audit/login-details.ts'
import type { IdentityCore } from '../identities/identity-store.ts'
import type { FoundClient } from '../universal-auth/universal-login-store.ts'
import { Stopwatch } from './stopwatch.ts'
import type { UniversalLoginDenial } from './universal-login-denial.ts'

export interface UniversalLoginCall {
  requestId: string
  ipAddress: string
  clientId: string
  clientSecret: string
  organizationSlug?: string | undefined
}

/** What is known of one login so far. Becomes its one row of the audit log, however it ends. */
export class UniversalLoginAttempt {
  readonly #call: UniversalLoginCall
  readonly stopwatch: Stopwatch<'find' | 'use' | 'issue'>
  readonly #checks: LoginCheck[] = []
  #client: FoundClient | undefined
  #identity: IdentityCore | undefined
  #clientSecretId: string | undefined

  constructor(call: UniversalLoginCall, monotonicMs: () => number) {
    this.#call = call
    this.stopwatch = new Stopwatch(monotonicMs)
  }

  found(client: FoundClient, identity: IdentityCore): void {
    this.#client = client
    this.#identity = identity
  }

  matched(clientSecretId: string): void {
    this.#clientSecretId = clientSecretId
  }

  /** Writes the check down and says whether it is met. */
  check(rule: string, isMet: boolean, expected: string, found: string): boolean {
    this.#checks.push({ rule, isMet, expected, found })
    return isMet
  }

  successEvent(
    occurredAt: Date,
    { tokenId, expiresInSeconds }: { tokenId: string; expiresInSeconds: number },
  ): AuditEvent {
    return {
      ...this.#event(occurredAt),
      outcome: 'success',
      actor:
        this.#identity === undefined ? { kind: 'stranger' } : { kind: 'identity', id: this.#identity.id },
      details: { ...this.#details(), tokenId, ttlSeconds: expiresInSeconds },
    }
  }

  denialEvent(occurredAt: Date, { reason }: UniversalLoginDenial): AuditEvent {
    return {
      ...this.#event(occurredAt),
      outcome: 'denied',
      reason,
      actor: { kind: 'stranger' },
      details: this.#details(),
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
    return {
      occurredAt,
      organizationId: this.#identity?.organizationId ?? null,
      requestId: this.#call.requestId,
      event: 'universal-login',
      ...(this.#identity === undefined ? {} : { identityId: this.#identity.id }),
      ipAddress: this.#call.ipAddress,
    }
  }

  /** Nothing that the caller typed: people paste secrets into the wrong field. */
  #details(): Record<string, JsonValue> {
    return {
      timingsMs: this.stopwatch.timingsMs(),
      checks: this.#checks.map((check) => ({ ...check })),
      ...(this.#client === undefined
        ? {}
        : { universalAuthId: this.#client.auth.id, clientId: this.#client.auth.clientId }),
      ...(this.#clientSecretId === undefined ? {} : { clientSecretId: this.#clientSecretId }),
    }
  }
}
