import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ChaosPostgres } from './start-postgres.ts'

/** `stop` is PostgreSQL's fast shutdown, `kill` a SIGKILL of the postmaster. */
export type PostgresOrder = 'stop' | 'kill' | 'start'
export type PostgresReport = { done: PostgresOrder; url: string } | { failed: string }

export interface RestartablePostgres extends ChaosPostgres {
  /** Resolves when it is done: `stop` when the server has gone, `start` when it takes connections, under the same URL. */
  order(what: PostgresOrder): Promise<void>
}

const processFile = fileURLToPath(new URL('restartable-postgres-process.ts', import.meta.url))

/** A server of one experiment's own, which flushes each commit to disk as an operator's does. */
export async function startRestartablePostgres(): Promise<RestartablePostgres> {
  const child = fork(processFile, { detached: true })
  const exited = once(child, 'exit')
  const failed = exited.then(() => Promise.reject(new Error('PostgreSQL ended')))
  failed.catch(() => undefined)
  const nextReport = async (): Promise<string> => {
    const [report] = (await Promise.race([once(child, 'message'), failed])) as [PostgresReport]
    if ('failed' in report) throw new Error(report.failed)
    return report.url
  }
  return {
    url: await nextReport(),
    async order(what) {
      const done = nextReport()
      child.send(what)
      await done
    },
    async close() {
      child.disconnect()
      await exited
    },
  }
}
