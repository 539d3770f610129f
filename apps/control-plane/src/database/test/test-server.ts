import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startEmbeddedPostgres } from '../embedded-postgres.ts'
import { findPostmaster, stopPostmaster } from '../postmaster.ts'

export interface TestServer {
  url: string
  close(): Promise<void>
}

const prefix = 'postern-tests-'
const folderPattern = /^postern-tests-(\d+)-/
const stopTimes = { fastMs: 2_000, immediateMs: 2_000 }
const silent = { info: () => undefined, warn: () => undefined }

/** A PostgreSQL for one project of a test run, without fsync, in a folder that names this process. */
export async function startTestServer(): Promise<TestServer> {
  await removeAbandoned()
  const dataFolder = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`))
  const server = await startEmbeddedPostgres({
    dataFolder,
    logger: silent,
    isDurable: false,
    settings: { max_connections: '300' },
    stopTimes,
  })
  return {
    url: server.url,
    close: async () => {
      await server.close()
      await rm(dataFolder, { recursive: true, force: true })
    },
  }
}

/** A killed run leaves its server alive; the next run stops it. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = folderPattern.exec(name)?.[1]
    if (owner === undefined || isAlive(Number(owner))) continue
    const folder = join(tmpdir(), name)
    const cluster = join(folder, 'postgres', 'cluster')
    const abandoned = await findPostmaster(cluster)
    if (abandoned !== undefined) await stopPostmaster(cluster, abandoned.pid, stopTimes)
    await rm(folder, { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code !== 'ESRCH'
  }
}
