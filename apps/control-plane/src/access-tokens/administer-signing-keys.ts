import type { AuditEvent } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import { orTellDenied } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import { type Actor, auditActorOf } from '../permissions/actor.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import type { SigningKeyStore } from './signing-key-store.ts'
import { activationDelayMs, type DescribedSigningKey, type SigningKeys } from './signing-keys.ts'

export interface SigningKeyOrigin {
  actor: Actor
  requestId: string
  ipAddress: string
}

export interface AdministerSigningKeysDependencies {
  keys: Pick<SigningKeys, 'createKey' | 'described' | 'reload'>
  commit: Commit<{ signingKeys: Pick<SigningKeyStore, 'addNext'>; audit: ChangeAudit }>
  auditLog: AuditLog
  /** A new key is committed: for telling the other replicas. */
  onAdded: () => void
  now: () => Date
}

/** The keys of the whole instance. They throw ApiErrors. */
export interface AdministerSigningKeys {
  list(actor: Actor): readonly DescribedSigningKey[]
  /** Publishes a new key, which signs once every replica and every verifier can know it. */
  rotate(origin: SigningKeyOrigin): Promise<DescribedSigningKey>
  /** Does so by itself when the newest key is that old; one replica of all. */
  rotateByAge(ageMsMax: number): Promise<boolean>
}

export function createAdministerSigningKeys(
  dependencies: AdministerSigningKeysDependencies,
): AdministerSigningKeys {
  const { keys, now } = dependencies
  return {
    list: (actor) => {
      requirePermission(actor, 'read', 'signing-keys')
      return keys.described()
    },
    rotate: (origin) =>
      orTellDenied(dependencies, origin, { event: 'signing-key-rotated', details: {} }, async () => {
        const { actor, requestId, ipAddress } = origin
        requirePermission(actor, 'create', 'signing-keys')
        const row = { requestId, ipAddress, actor: auditActorOf(actor), organizationId: actor.organizationId }
        const keyId = await addKey(dependencies, activationDelayMs, { ...row, occurredAt: now() })
        const added = keys.described().find(({ id }) => id === keyId)
        if (added !== undefined) return added
        throw new ApiError(
          'BadRequest',
          'A new signing key waits to be used already: rotate again once it signs',
        )
      }),
    rotateByAge: async (ageMsMax) => {
      const newest = keys.described().at(-1)
      // Looked at here first, so that an ordinary minute costs no key and no transaction.
      if (newest === undefined || now().getTime() - newest.createdAtMs < ageMsMax) return false
      const row = { requestId: 'rotation-by-age', actor: { kind: 'system' as const }, organizationId: null }
      return (await addKey(dependencies, ageMsMax, { ...row, occurredAt: now() })) !== undefined
    },
  }
}

/** The id of the key; undefined when the newest is younger, so that nothing was added. */
async function addKey(
  { keys, commit, onAdded }: AdministerSigningKeysDependencies,
  newestAgeMsMin: number,
  row: Omit<AuditEvent, 'event' | 'outcome' | 'details'>,
): Promise<string | undefined> {
  const key = await keys.createKey()
  const isAdded = await commit(async ({ signingKeys, audit }) => {
    if (!(await signingKeys.addNext(key, newestAgeMsMin))) return false
    const event = { event: 'signing-key-rotated', outcome: 'success', details: { keyId: key.id } } as const
    await audit.record({ ...row, ...event })
    return true
  })
  await keys.reload()
  if (isAdded) onAdded()
  return isAdded ? key.id : undefined
}
