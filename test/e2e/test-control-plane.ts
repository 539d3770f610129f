import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createTestDatabase } from '../../apps/control-plane/src/database/test/create-test-database.ts'
import { startControlPlane, type ControlPlaneProcess } from '../processes/control-plane-process.ts'

export interface TestControlPlane {
  process: ControlPlaneProcess
  /** What it printed, also before it was started again. */
  output(): string
  kill(): Promise<void>
  /** Starts it again on the same port and the same database. */
  restart(): Promise<void>
  close(): Promise<void>
}

/**
 * A control plane for one test file: on the server that POSTERN_TEST_DATABASE_URL names, else with its own embedded
 * PostgreSQL, as a first user has it.
 */
export async function startTestControlPlane(
  folder: string,
  environment: Record<string, string> = {},
): Promise<TestControlPlane> {
  const isExternal = process.env['POSTERN_TEST_DATABASE_URL'] !== undefined
  const database = isExternal ? await createTestDatabase() : undefined
  const options = {
    ...(database === undefined
      ? { dataFolder: join(folder, 'control-plane') }
      : { databaseUrl: database.url, rootKey: randomBytes(32).toString('base64') }),
    environment: {
      POSTERN_LOGINS_PER_MINUTE_PER_IP: '0',
      POSTERN_FAILED_LOGINS_PER_MINUTE_PER_IDENTITY: '0',
      ...environment,
    },
  }
  let running = await startControlPlane(options)
  const started = [running]
  return {
    process: running,
    output: () => started.map((each) => each.output()).join(''),
    async kill() {
      await running.end('SIGKILL')
    },
    async restart() {
      running = await startControlPlane({ ...options, port: running.port })
      started.push(running)
    },
    async close() {
      await running.end()
      await database?.close()
    },
  }
}
