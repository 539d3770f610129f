import { chmod, cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'

import { StartupProblem } from '../startup-problem.ts'
import { type PostgresBinaries, postgresBinariesIn } from './postgres-binaries.ts'
import { type ProgramCommand, runProgram } from './run-program.ts'

/**
 * As whom PostgreSQL runs. It refuses uid 0, and `initdb` needs a name for its uid.
 * - `own`: our user; the normal case.
 * - `namespace`: our user seen as another one, in a user namespace with that one uid mapped. Files stay ours, so
 *   this also works where only root may read.
 * - `other-user`: nobody's uid, where root may not make user namespaces (most containers).
 */
export type PostgresAccountKind = 'own' | 'namespace' | 'other-user'

export interface PostgresAccount {
  kind: PostgresAccountKind
  /** Who owns the database files, as seen by us. */
  ownerUid: number
  binaries: PostgresBinaries
  command(program: string, args: string[]): ProgramCommand
}

interface SystemUser {
  uid: number
  gid: number
}

interface ChooseOptions {
  binaries: PostgresBinaries
  /** Where the binaries are copied to if the account cannot read them where they are. */
  dataFolder: string
  /** For tests of the later choices; default: what suits the user that runs us. */
  kinds?: readonly PostgresAccountKind[]
}

export async function choosePostgresAccount(options: ChooseOptions): Promise<PostgresAccount> {
  const refusals: string[] = []
  for (const kind of options.kinds ?? suitableKinds()) {
    const chosen = await tryAccount(kind, options)
    if ('refusal' in chosen) refusals.push(`${kind}: ${chosen.refusal}`)
    else return chosen
  }
  throw new StartupProblem(
    `The embedded PostgreSQL cannot run as this user (${refusals.join('; ')}). ` +
      'Set DATABASE_URL to a PostgreSQL server of your own, run as a user other than root that /etc/passwd names, ' +
      'or set POSTERN_DATA_FOLDER to a folder that every user may enter, such as /var/lib/postern.',
  )
}

function suitableKinds(): PostgresAccountKind[] {
  if (ourUid() === 0) return ['namespace', 'other-user']
  return hasUserName() ? ['own'] : ['namespace']
}

function ourUid(): number {
  return process.geteuid?.() ?? -1
}

/** Containers often run under a uid that /etc/passwd does not know; initdb stops there. */
function hasUserName(): boolean {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}

async function tryAccount(
  kind: PostgresAccountKind,
  { binaries, dataFolder }: ChooseOptions,
): Promise<PostgresAccount | { refusal: string }> {
  const user = kind === 'own' ? { uid: ourUid(), gid: -1 } : await findUnprivilegedUser()
  if (user === undefined) return { refusal: '/etc/passwd names no user other than root' }
  if (kind === 'other-user') await chmod(dataFolder, 0o711)

  const command = commandAs(kind, user)
  const entered = await runProgram(command('/bin/sh', ['-c', 'test -x "$0"', dataFolder]))
  if (!entered.succeeded) {
    return { refusal: entered.output.trim() || `user ${user.uid} may not enter ${dataFolder}` }
  }
  const ownerUid = kind === 'other-user' ? user.uid : ourUid()
  const inPlace = await runProgram(command(binaries.postgres, ['--version']))
  if (inPlace.succeeded) return { kind, ownerUid, binaries, command }
  if (kind === 'own') return { refusal: inPlace.output.trim() }

  const copied = await copyBinaries(binaries, dataFolder)
  const fromCopy = await runProgram(command(copied.postgres, ['--version']))
  if (fromCopy.succeeded) return { kind, ownerUid, binaries: copied, command }
  return { refusal: fromCopy.output.trim() }
}

function commandAs(kind: PostgresAccountKind, user: SystemUser): PostgresAccount['command'] {
  if (kind === 'own') return (file, args) => ({ file, args })
  if (kind === 'other-user') return (file, args) => ({ file, args, ...user })
  // unshare(1) of util-linux replaces itself by the program, so the process id stays the server's.
  const namespace = ['--user', `--map-user=${user.uid}`, '--']
  return (program, args) => ({ file: 'unshare', args: [...namespace, program, ...args] })
}

/** `nobody`, which nearly every image has; else the first user that is not root. */
async function findUnprivilegedUser(): Promise<SystemUser | undefined> {
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n')
  const users = lines
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid, gid }) => Number.isInteger(uid) && uid > 0 && Number.isInteger(gid) && gid >= 0)
  const chosen = users.find(({ name }) => name === 'nobody') ?? users[0]
  return chosen && { uid: chosen.uid, gid: chosen.gid }
}

/** 60 MB, once for each version; moved into place whole, so that a copy cut short is never used. */
async function copyBinaries(binaries: PostgresBinaries, dataFolder: string): Promise<PostgresBinaries> {
  const { size, mtimeMs } = await stat(binaries.postgres)
  const target = join(dataFolder, `postgres-binaries-${size}-${Math.trunc(mtimeMs)}`)
  const exists = await stat(target).then(
    () => true,
    () => false,
  )
  if (!exists) {
    const partial = `${target}.partial-${process.pid}`
    await mkdir(partial, { mode: 0o755 })
    await chmod(partial, 0o755)
    await cp(binaries.folder, partial, { recursive: true, verbatimSymlinks: true })
    await rename(partial, target).catch(() => rm(partial, { recursive: true, force: true }))
  }
  return postgresBinariesIn(target)
}
