import { setTimeout as sleep } from 'node:timers/promises'
import { startEmbeddedPostgres } from '../embedded-postgres.ts'
import { isPostmasterOf } from '../postmaster.ts'
import { clusterIn, makeDataFolder, removeDataFolder, silentLogger } from './data-folder.ts'

/** As `pg_ctl stop` does it: fast ends the sessions, immediate leaves them and the files as a crash would; SIGKILL is one. */
export type StopSignal = 'SIGINT' | 'SIGQUIT' | 'SIGKILL'

export interface RestartablePostgres {
  /** The same across restarts. */
  url: string
  stop(signal: StopSignal): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

/** A server of one test, without fsync: no test takes the power away. */
export async function startRestartablePostgres(): Promise<RestartablePostgres> {
  const dataFolder = await makeDataFolder()
  const start = () =>
    startEmbeddedPostgres({
      dataFolder,
      logger: silentLogger,
      isDurable: false,
      // The files outlive the process; what is promised is on them.
      settings: { synchronous_commit: 'on', full_page_writes: 'on' },
      stopTimes: { fastMs: 5_000, immediateMs: 5_000 },
    })
  let server = await start()
  return {
    url: server.url,
    stop: async (signal) => {
      process.kill(server.pid, signal)
      while (await isPostmasterOf(clusterIn(dataFolder), server.pid)) await sleep(20)
    },
    start: async () => {
      server = await start()
    },
    close: async () => {
      await server.close()
      await removeDataFolder(dataFolder)
    },
  }
}
