import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

/** The programs of others that several replicas need, by path. */
export interface ReplicaPrograms {
  nginx: string
  natsServer: string
}

const packages = { nginx: 'nginx', 'nats-server': 'nats-server' } as const
/** Where Debian puts servers; it is in the path of root alone. */
const serverFolders = ['/usr/sbin', '/usr/local/sbin']

/** What is missing, as the one command that installs it. */
export function findReplicaPrograms(): ReplicaPrograms | { missing: string } {
  const nginx = findProgram('nginx')
  const natsServer = findProgram('nats-server')
  if (nginx !== undefined && natsServer !== undefined) return { nginx, natsServer }
  const missing = [
    ...(nginx === undefined ? [packages.nginx] : []),
    ...(natsServer === undefined ? [packages['nats-server']] : []),
  ]
  return { missing: `sudo apt-get install -y --no-install-recommends ${missing.join(' ')}` }
}

/** The command that installs what is missing, if anything is. */
export function missingReplicaPrograms(): string | undefined {
  const found = findReplicaPrograms()
  return 'missing' in found ? found.missing : undefined
}

/** @throws with the command that installs what is missing */
export function requireReplicaPrograms(): ReplicaPrograms {
  const found = findReplicaPrograms()
  if ('missing' in found) throw new Error(`several replicas need more programs: ${found.missing}`)
  return found
}

/**
 * The command line of a program of others such that it is told to end when this process is gone, even by SIGKILL; where
 * there is no setpriv (util-linux), it is ended by those who started it alone.
 */
export function leashed(command: readonly string[]): readonly string[] {
  const setpriv = findProgram('setpriv')
  return setpriv === undefined ? command : [setpriv, '--pdeathsig', 'TERM', ...command]
}

function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), ...serverFolders]
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
