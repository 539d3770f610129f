import { randomBytes } from 'node:crypto'
import { chown, lstat, mkdir, readFile, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { StartupProblem } from '../startup-problem.ts'
import type { PostgresAccount } from './postgres-account.ts'
import { runProgram } from './run-program.ts'

interface PrepareOptions {
  /** Holds the cluster; belongs to the account. */
  folder: string
  cluster: string
  account: PostgresAccount
  isDurable: boolean
}

/** Makes the database files if there are none. @returns whether they are new */
export async function prepareCluster(options: PrepareOptions): Promise<{ isFresh: boolean }> {
  const { folder, cluster, account } = options
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await giveTo(account, folder)
  const dataVersion = await majorVersionOf(cluster)
  if (dataVersion === undefined) {
    await createCluster(options)
    return { isFresh: true }
  }
  const { output } = await runProgram(account.command(account.binaries.postgres, ['--version']))
  const serverVersion = /\b(\d+)\./.exec(output)?.[1]
  if (serverVersion !== dataVersion) {
    throw new StartupProblem(
      `${cluster} was made by PostgreSQL ${dataVersion}, and this release brings PostgreSQL ${serverVersion}. ` +
        'Start the release that made it, copy the data with pg_dump, and restore it into a new data folder.',
    )
  }
  return { isFresh: false }
}

async function majorVersionOf(cluster: string): Promise<string | undefined> {
  const text = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => undefined)
  return text?.trim()
}

const partialPrefix = 'cluster.new-'

/** What starts that were cut short left behind; for the holder of the folder's lock alone. */
export async function removePartialClusters(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(partialPrefix)) await rm(join(folder, name), { recursive: true, force: true })
  }
}

/**
 * initdb works beside the place and the result is moved there whole: a start that was cut short, or two at once,
 * never leave half a cluster.
 */
async function createCluster({ folder, cluster, account, isDurable }: PrepareOptions): Promise<void> {
  const partial = join(folder, `${partialPrefix}${randomBytes(6).toString('hex')}`)
  const { succeeded, output } = await runProgram(
    account.command(account.binaries.initdb, [
      `--pgdata=${partial}`,
      '--username=postern',
      '--encoding=UTF8',
      '--locale=C',
      '--data-checksums',
      // The socket lies in a 0700 folder beside files that say the same: whoever gets in there needs no password.
      '--auth=trust',
      '--no-instructions',
      ...(isDurable ? [] : ['--no-sync']),
    ]),
    folder,
  )
  if (!succeeded) {
    await rm(partial, { recursive: true, force: true })
    if ((await majorVersionOf(cluster)) !== undefined) return
    throw new StartupProblem(`PostgreSQL could not make its files in ${folder}: ${output.trim()}`)
  }
  try {
    await rename(partial, cluster)
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    // Another process was faster; the lock decides who may go on.
    if ((await majorVersionOf(cluster)) === undefined) throw error
  }
}

/**
 * The server insists on owning its files. They change hands when root starts a folder under another kind of account
 * than before; as another user that is refused by the system, and told.
 */
export async function giveTo(account: PostgresAccount, path: string): Promise<void> {
  const { uid } = await lstat(path)
  if (uid === account.ownerUid) return
  try {
    await chownAll(path, account.ownerUid)
  } catch (error) {
    throw new StartupProblem(
      `${path} belongs to user ${uid}, and PostgreSQL would run as user ${account.ownerUid}. ` +
        'Run as its owner, or set POSTERN_DATA_FOLDER to a folder of your own.',
      { cause: error },
    )
  }
}

async function chownAll(path: string, uid: number): Promise<void> {
  const entry = await lstat(path)
  if (entry.isSymbolicLink()) return
  if (entry.isDirectory()) {
    for (const name of await readdir(path)) await chownAll(join(path, name), uid)
  }
  await chown(path, uid, entry.gid)
}
