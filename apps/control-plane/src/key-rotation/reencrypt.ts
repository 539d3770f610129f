import type { AuditLog } from '../audit/audit-log.ts'
import type { KeyRotationStore, SealedTable, StaleRow } from './key-rotation-store.ts'

/** What of keyring/ this needs. */
export interface ReencryptionKeyring {
  encryptFor(organizationId: string, context: string, plaintext: string): Promise<Buffer>
  decryptFor(organizationId: string, context: string, ciphertext: Buffer): Promise<string>
  forgetKeysOf(organizationId: string): void
}

export interface ReencryptionDependencies {
  store: Pick<KeyRotationStore, 'read' | 'organizationsWithEarlierKeys' | 'removeEarlier' | 'tables'>
  keyring: ReencryptionKeyring
  auditLog: AuditLog
  logger: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
  }
  now: () => Date
}

const rowsPerBatch = 100
/**
 * So long an earlier key is kept at least, whatever was found: another process may encrypt under it for a second after its
 * successor was made (keyring/), and commit that later, and remember what it has read for half a minute (secrets/).
 */
const earlierKeyMsMin = 10 * 60_000

/**
 * One round over all organizations with earlier keys: what is encrypted under them is encrypted under the newest, row by
 * row, each a change of its own. It may stop anywhere and be repeated, by several processes at once: what is done is not
 * found again, and a row that somebody changes meanwhile is left to them. A key goes when a whole round has found
 * nothing that needs it.
 */
export async function reencryptEverything(
  dependencies: ReencryptionDependencies,
  signal: AbortSignal,
): Promise<void> {
  for (const organizationId of await dependencies.store.organizationsWithEarlierKeys()) {
    if (signal.aborted) return
    await reencryptOrganization(dependencies, organizationId, signal)
  }
}

async function reencryptOrganization(
  dependencies: ReencryptionDependencies,
  organizationId: string,
  signal: AbortSignal,
): Promise<void> {
  const { store, keyring, logger, now } = dependencies
  const begunAt = now()
  // Another process may have made the newest.
  keyring.forgetKeysOf(organizationId)
  const states = await store.read(organizationId)
  if (states === undefined) return
  const counts = { found: 0, reencrypted: 0, unreadable: 0 }
  for (const table of store.tables) {
    let after: readonly string[] | undefined
    for (;;) {
      if (signal.aborted) return
      const rows = await table.readStale(organizationId, states.newest, { after, limit: rowsPerBatch })
      for (const row of rows) await reencryptRow(dependencies, organizationId, table, row, counts)
      after = rows.at(-1)?.key
      if (after === undefined) break
    }
  }
  if (counts.found > 0) logger.info({ organizationId, ...counts }, 'encrypted under the newest key')
  else await removeEarlier(dependencies, organizationId, begunAt)
}

async function reencryptRow(
  { keyring, logger }: ReencryptionDependencies,
  organizationId: string,
  table: SealedTable,
  { key, cells }: StaleRow,
  counts: { found: number; reencrypted: number; unreadable: number },
): Promise<void> {
  for (const cell of cells) {
    counts.found += 1
    try {
      const text = await keyring.decryptFor(organizationId, cell.context, cell.sealed)
      const resealed = await keyring.encryptFor(organizationId, cell.context, text)
      if (await table.replace(key, cell, resealed)) counts.reencrypted += 1
    } catch (error) {
      // The earlier key stays for as long as there is such a row: it may be mended.
      counts.unreadable += 1
      logger.warn({ err: error, table: table.name, key, column: cell.column }, 'could not encrypt anew')
    }
  }
}

async function removeEarlier(
  { store, keyring, auditLog, logger, now }: ReencryptionDependencies,
  organizationId: string,
  begunAt: Date,
): Promise<void> {
  const numbers = await store.removeEarlier(organizationId, new Date(begunAt.getTime() - earlierKeyMsMin))
  if (numbers.length === 0) return
  keyring.forgetKeysOf(organizationId)
  logger.info({ organizationId, numbers }, 'removed keys that nothing is encrypted under')
  await auditLog.record({
    occurredAt: now(),
    organizationId,
    requestId: 'key-rotation',
    event: 'organization-earlier-keys-removed',
    outcome: 'success',
    actor: { kind: 'system' },
    details: { numbers },
  })
}
