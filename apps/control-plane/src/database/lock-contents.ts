import { type Transaction, sql } from 'kysely'
import type { Schema } from './schema.ts'

/**
 * Before a project, or one of its environments, is deleted: waits until everybody who writes folders, secrets or imports
 * is done, and lets nobody begin to. They lock a folder first and refer to its environment and project then; a deletion
 * comes upon these the other way round, and would wait for them in a circle. Readers go on. It is the whole instance's
 * lock: deletions are rare and short.
 */
export async function lockContents(transaction: Transaction<Schema>): Promise<void> {
  await sql`lock table secret_folders in exclusive mode`.execute(transaction)
}
