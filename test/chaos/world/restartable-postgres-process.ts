// A durable PostgreSQL that is ended and started on command, and ends when its parent does. Leads a session of its own,
// as postgres-process.ts does.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../../apps/control-plane/src/database/embedded-postgres.ts'
import type { PostgresOrder, PostgresReport } from './start-restartable-postgres.ts'

const silent = { info: () => undefined, warn: () => undefined }
// Named as test-server.ts names its own, so that the next run ends what a killed one left.
const dataFolder = await mkdtemp(join(tmpdir(), `postern-tests-${process.pid}-`))
const start = (): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({ dataFolder, logger: silent, settings: { max_connections: '300' } })
let server = await start()

async function obey(order: PostgresOrder): Promise<void> {
  if (order === 'start') server = await start()
  else {
    if (order === 'kill') process.kill(server.pid, 'SIGKILL')
    await server.close()
  }
}

function report(what: PostgresReport): void {
  process.send?.(what)
}

process.on('message', (order: PostgresOrder) => {
  obey(order).then(
    () => report({ done: order, url: server.url }),
    (error: unknown) => report({ failed: error instanceof Error ? error.message : String(error) }),
  )
})
process.once('disconnect', () => {
  void server
    .close()
    .then(() => rm(dataFolder, { recursive: true, force: true }))
    .then(() => process.exit(0))
})
report({ done: 'start', url: server.url })
