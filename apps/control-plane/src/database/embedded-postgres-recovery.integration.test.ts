import { chown, cp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'
import { isPostmasterOf } from './postmaster.ts'
import {
  clusterIn,
  makeDataFolder,
  makeUsedDataFolder,
  queryOnce,
  removeDataFolder,
  silentLogger as logger,
} from './test/data-folder.ts'
import { type Holder, hold, kill } from './test/hold.ts'

describe('startEmbeddedPostgres after a crash, and beside another', { timeout: 120_000 }, () => {
  let used: string
  let dataFolder: string
  let cluster: string
  const holders: Holder[] = []
  const servers: EmbeddedPostgres[] = []

  beforeAll(async () => {
    used = await makeUsedDataFolder()
  })
  beforeEach(async () => {
    dataFolder = await makeDataFolder()
    await cp(used, dataFolder, { recursive: true })
    cluster = clusterIn(dataFolder)
  })
  afterAll(() => removeDataFolder(used))
  afterEach(async () => {
    for (const { child } of holders.splice(0)) await kill(child)
    for (const server of servers.splice(0)) await server.close()
    await removeDataFolder(dataFolder)
  })

  async function holdFolder(folder = dataFolder): Promise<Holder> {
    const holder = await hold(folder)
    holders.push(holder)
    return holder
  }

  async function startServer(
    options: { silentMsMax?: number; onLoss?: (reason: string) => void } = {},
  ): Promise<EmbeddedPostgres> {
    const server = await startEmbeddedPostgres({ dataFolder, logger, ...options })
    servers.push(server)
    return server
  }

  it('adopts the server that a killed control plane left running, with every committed row', async () => {
    const killed = await holdFolder()
    await killed.committed(50)
    await kill(killed.child)
    const server = await startServer()
    expect(server).toMatchObject({ isAdopted: true, pid: killed.server?.pid })
    expect(await countNumbers(server.url)).toBeGreaterThanOrEqual(killed.lastCommitted())
    await server.close()
    expect(await isPostmasterOf(cluster, server.pid)).toBe(false)
  })

  it('recovers every committed row after the server was killed together with the control plane', async () => {
    const killed = await holdFolder()
    await killed.committed(50)
    process.kill(killed.server?.pid ?? Number.NaN, 'SIGKILL')
    await kill(killed.child)
    const server = await startServer()
    expect(server.isAdopted).toBe(false)
    expect(await countNumbers(server.url)).toBeGreaterThanOrEqual(killed.lastCommitted())
  })

  it('stops a left server that does not answer, and starts another', async () => {
    const killed = await holdFolder()
    await killed.committed(10)
    await kill(killed.child)
    await rm(join(dataFolder, 'postgres', 'socket'), { recursive: true })
    const server = await startServer({ silentMsMax: 300 })
    expect(server.isAdopted).toBe(false)
    expect(server.pid).not.toBe(killed.server?.pid)
    expect(await countNumbers(server.url)).toBeGreaterThanOrEqual(killed.lastCommitted())
  })

  it.each([
    ['a process that has ended', () => 4_194_300],
    ['a live process that is not this server', () => process.ppid],
    ['nonsense', () => 'nonsense'],
  ])('starts over a postmaster.pid that names %s', async (_name, stalePid) => {
    const lines = [
      stalePid(),
      cluster,
      1,
      5432,
      join(dataFolder, 'postgres', 'socket'),
      '',
      '1 1',
      'ready',
      '',
    ]
    await writeFile(join(cluster, 'postmaster.pid'), lines.join('\n'), { mode: 0o600 })
    const { uid, gid } = await stat(cluster)
    await chown(join(cluster, 'postmaster.pid'), uid, gid)
    const server = await startServer()
    expect(server.isAdopted).toBe(false)
  })

  it('refuses a folder that another live control plane uses, and says which', async () => {
    const other = await holdFolder()
    await expect(startEmbeddedPostgres({ dataFolder, logger })).rejects.toThrow(
      new RegExp(
        `Another control plane \\(postern, process ${other.child.pid}\\) is using .*POSTERN_DATA_FOLDER`,
      ),
    )
    const before = other.lastCommitted()
    await other.committed(before + 5)
  })

  it('lets one of several win that start at once on an empty folder', async () => {
    await rm(join(dataFolder, 'postgres'), { recursive: true })
    const holders = await Promise.all([holdFolder(), holdFolder(), holdFolder()])
    const refusals = holders.filter((holder) => holder.server === undefined).map(({ refusal }) => refusal)
    expect(refusals).toHaveLength(2)
    for (const refusal of refusals) expect(refusal).toContain('Another control plane')
    expect(await readdir(join(dataFolder, 'postgres'))).toEqual(['cluster', 'server.log', 'socket'])
  })

  it("takes the folder's lock again after a crash of one of the server's sessions", async () => {
    const losses: string[] = []
    const { url } = await startServer({ onLoss: (reason) => losses.push(reason) })
    const ownSessions = `select pid from pg_stat_activity join pg_locks using (pid)
       where locktype = 'advisory' and application_name = 'postern, process ${process.pid}'`
    const lockHolders = (): Promise<{ pid: number }[]> => queryOnce(url, ownSessions)
    const [session] = await lockHolders()
    process.kill(session?.pid ?? Number.NaN, 'SIGKILL')
    await expect
      .poll(() => lockHolders().catch(() => [session]), { timeout: 20_000 })
      .toSatisfy((sessions: { pid: number }[]) => sessions.length === 1 && sessions[0]?.pid !== session?.pid)
    expect(losses).toEqual([])
    expect((await holdFolder()).refusal).toContain(`postern, process ${process.pid}`)
  })

  it('tells when the server goes away by itself', async () => {
    const lost = Promise.withResolvers<string>()
    const first = await startServer({ onLoss: lost.resolve })
    process.kill(first.pid, 'SIGINT')
    expect(await lost.promise).toBe('PostgreSQL has stopped')
  })
})

async function countNumbers(url: string): Promise<number> {
  const rows = await queryOnce<{ count: number }>(url, 'select count(*)::int4 as count from numbers')
  return rows[0]?.count ?? -1
}
