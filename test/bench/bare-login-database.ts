import { join } from 'node:path'
import { openDatabase } from '../../apps/control-plane/src/database/database.ts'
import { migrateDatabase } from '../../apps/control-plane/src/database/migrate.ts'
import { socketUrl } from '../../apps/control-plane/src/database/socket-folder.ts'
import { runStatement } from '../../apps/control-plane/src/database/test/run-statement.ts'

/**
 * A database with the product's tables beside the product's own, in the PostgreSQL that the control plane embeds.
 * @returns its URL
 */
export async function createBareLoginDatabase(controlPlaneDataFolder: string): Promise<string> {
  const socketFolder = join(controlPlaneDataFolder, 'postgres', 'socket')
  await runStatement(socketUrl(socketFolder, 'postern'), 'create database bare_login')
  const url = socketUrl(socketFolder, 'bare_login')
  const warn = (fields: object, message: string): void =>
    void process.stderr.write(`${message} ${JSON.stringify(fields)}\n`)
  const database = openDatabase({ url, poolMax: 1, statementMsMax: 0, logger: { warn } })
  try {
    await migrateDatabase(database.kysely)
  } finally {
    await database.close()
  }
  return url
}
