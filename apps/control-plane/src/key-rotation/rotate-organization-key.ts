import type { AuditLog } from '../audit/audit-log.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import { type ChangeOrigin, orTellDenied } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import { auditActorOf } from '../permissions/actor.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import type { KeyRotationStore, KeyStates } from './key-rotation-store.ts'

export interface KeyRotationScope {
  keyRotation: Pick<KeyRotationStore, 'read' | 'add'>
  audit: ChangeAudit
}

export interface RotateOrganizationKeyDependencies {
  commit: Commit<KeyRotationScope>
  keyring: { createOrganizationKey(): Buffer; forgetKeysOf(organizationId: string): void }
  auditLog: AuditLog
  now: () => Date
}

/** Whoever asks again and again gets no pile of keys. */
const earlierKeysMax = 5

export type RotateOrganizationKey = (origin: ChangeOrigin) => Promise<KeyStates>

/** What is written from now on is encrypted under a new key; in other processes within a second. Throws ApiErrors. */
export function createRotateOrganizationKey(
  dependencies: RotateOrganizationKeyDependencies,
): RotateOrganizationKey {
  return (origin) =>
    orTellDenied(dependencies, origin, { event: 'organization-key-rotated', details: {} }, () =>
      rotate(dependencies, origin),
    )
}

async function rotate(
  { commit, keyring, now }: RotateOrganizationKeyDependencies,
  { actor, requestId, ipAddress }: ChangeOrigin,
): Promise<KeyStates> {
  requirePermission(actor, 'edit', 'organization')
  const { organizationId } = actor
  const states = await commit(async ({ keyRotation, audit }) => {
    const added = await keyRotation.add(organizationId, keyring.createOrganizationKey())
    if (added === undefined) throw new ApiError('NotFound', 'There is no such organization among yours')
    if (added.earlier.length > earlierKeysMax) {
      throw new ApiError(
        'BadRequest',
        'What was encrypted under the keys before is still being encrypted anew: rotate again when that is done',
      )
    }
    await audit.record({
      occurredAt: now(),
      organizationId,
      requestId,
      event: 'organization-key-rotated',
      outcome: 'success',
      actor: auditActorOf(actor),
      ipAddress,
      details: { number: added.newest },
    })
    return added
  })
  keyring.forgetKeysOf(organizationId)
  return states
}
