import type { AuditLog } from '../audit/audit-log.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import { orTellDenied } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import {
  findPermittedIdentity,
  type FindPermittedIdentityDependencies,
} from '../identities/find-permitted-identity.ts'
import { type Actor, auditActorOf } from '../permissions/actor.ts'
import type { AuthMethod } from './access-token-settings.ts'
import type { ChangeRevocations } from './change-revocations.ts'
import type { Revocations } from './revocations.ts'

export interface RevokeIdentityTokensRequest {
  actor: Actor
  requestId: string
  ipAddress: string
  identityId: string
  /** Only the tokens that this one led to. */
  authMethod?: AuthMethod | undefined
}

/** Ends every token of an identity that was created until now; it may log in again at once. Throws ApiErrors. */
export type RevokeIdentityTokens = (request: RevokeIdentityTokensRequest) => Promise<void>

export interface RevokeIdentityTokensDependencies extends FindPermittedIdentityDependencies {
  commit: Commit<{ revocations: ChangeRevocations; audit: ChangeAudit }>
  revocations: Revocations
  auditLog: AuditLog
  now: () => Date
}

export function createRevokeIdentityTokens(
  dependencies: RevokeIdentityTokensDependencies,
): RevokeIdentityTokens {
  return async (request) => {
    const details = {
      target: request.identityId,
      ...(request.authMethod === undefined ? {} : { authMethod: request.authMethod }),
    }
    await orTellDenied(dependencies, request, { event: 'identity-tokens-revoked', details }, () =>
      revoke(dependencies, request),
    )
  }
}

async function revoke(
  dependencies: RevokeIdentityTokensDependencies,
  request: RevokeIdentityTokensRequest,
): Promise<void> {
  const { commit, revocations, now } = dependencies
  const { actor, requestId, ipAddress, authMethod } = request
  const { id: identityId, organizationId } = await findPermittedIdentity(dependencies, request, 'revoke')
  const target =
    authMethod === undefined
      ? { scope: 'identity' as const, identityId }
      : { scope: 'auth-method' as const, identityId, authMethod }
  await commit(async (within) => {
    await within.revocations.mark(target)
    await within.audit.record({
      occurredAt: now(),
      organizationId,
      requestId,
      event: 'identity-tokens-revoked',
      outcome: 'success',
      actor: auditActorOf(actor),
      identityId,
      ipAddress,
      details: authMethod === undefined ? {} : { authMethod },
    })
  })
  await revocations.revoke({ ...target, organizationId })
}
