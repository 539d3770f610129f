import { spawnSync } from 'node:child_process'
import { chmod, chown, cp, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { choosePostgresAccount } from './postgres-account.ts'
import { findPostgresBinaries, postgresBinariesIn } from './postgres-binaries.ts'
import { runProgram } from './run-program.ts'
import {
  clusterIn,
  makeDataFolder,
  queryOnce,
  removeDataFolder,
  silentLogger as logger,
} from './test/data-folder.ts'
import { hold, kill } from './test/hold.ts'

/** Whether another user may run what lies in this checkout: not under a folder of mode 0700. */
function isReadableByOthers(): boolean {
  const args = ['-e', `require('node:fs').readFileSync(${JSON.stringify(import.meta.filename)})`]
  return spawnSync(process.execPath, args, { uid: 65_534, gid: 65_534, stdio: 'ignore' }).status === 0
}

describe.runIf(process.geteuid?.() === 0)('startEmbeddedPostgres as root', { timeout: 120_000 }, () => {
  let dataFolder: string
  let cluster: string
  beforeEach(async () => {
    dataFolder = await makeDataFolder()
    cluster = clusterIn(dataFolder)
  })
  afterEach(() => removeDataFolder(dataFolder))

  it('runs as another user where user namespaces are not to be had, and survives the change of owner', async () => {
    for (const kind of ['other-user', 'namespace', 'other-user'] as const) {
      const server = await startEmbeddedPostgres({ dataFolder, logger, accountKinds: [kind] })
      const { uid } = await stat(cluster)
      expect(uid === 0).toBe(kind === 'namespace')
      expect(await queryOnce(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
      await server.close()
    }
  })

  it('copies the binaries for another user when only root may read them', async () => {
    const privateFolder = join(dataFolder, 'private')
    await mkdir(privateFolder, { mode: 0o700 })
    const native = join(privateFolder, 'native')
    await cp(findPostgresBinaries().folder, native, { recursive: true, verbatimSymlinks: true })
    const binaries = postgresBinariesIn(native)

    const inNamespace = await choosePostgresAccount({ binaries, dataFolder, kinds: ['namespace'] })
    expect(inNamespace.binaries).toEqual(binaries)
    const asOther = await choosePostgresAccount({ binaries, dataFolder, kinds: ['other-user'] })
    expect(asOther.binaries.folder).toMatch(/postgres-binaries-/)
    const { output } = await runProgram(asOther.command(asOther.binaries.postgres, ['--version']))
    expect(output).toMatch(/^postgres \(PostgreSQL\) 18\./)
  })

  it('names the remedies when no way is open', async () => {
    const closed = join(dataFolder, 'closed', 'inner')
    await mkdir(closed, { recursive: true })
    await chmod(join(dataFolder, 'closed'), 0o700)
    await expect(
      startEmbeddedPostgres({ dataFolder: closed, logger, accountKinds: ['other-user'] }),
    ).rejects.toThrow(/DATABASE_URL.*other than root.*POSTERN_DATA_FOLDER/)
  })

  it.skipIf(!isReadableByOthers())('starts the same way as a user other than root', async () => {
    await chown(dataFolder, 65_534, 65_534)
    const holder = await hold(dataFolder, { uid: 65_534, gid: 65_534 })
    expect(holder.refusal).toBe('')
    expect(holder.server).toMatchObject({ isFresh: true })
    await holder.committed(5)
    await kill(holder.child)
    expect((await stat(cluster)).uid).toBe(65_534)
  })
})
