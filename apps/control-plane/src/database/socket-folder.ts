import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** `sun_path` with its closing zero: 108 bytes on Linux, 104 elsewhere (unix(7)). */
const socketPathBytesMax = process.platform === 'linux' ? 107 : 103

/** PostgreSQL names its socket after the port, and puts a `.lock` file beside it. */
const socketFileName = '.s.PGSQL.5432'

export interface SocketFolder {
  path: string
  /** True if the path of the data folder was too long for a socket: remove the folder after use. */
  isTemporary: boolean
}

/** @internal */
export function fitsSocket(folder: string): boolean {
  return Buffer.byteLength(join(folder, socketFileName)) <= socketPathBytesMax
}

/**
 * Beside the database files, else a fresh folder of an unguessable name under the system's temporary folder, so that
 * nobody can have prepared it. Both are 0700: who can reach the socket is the database's only authentication.
 */
export async function makeSocketFolder(parent: string): Promise<SocketFolder> {
  const path = join(parent, 'socket')
  if (!fitsSocket(path)) return { path: await mkdtemp(join(tmpdir(), 'postern-')), isTemporary: true }
  await mkdir(path, { recursive: true, mode: 0o700 })
  return { path, isTemporary: false }
}

/** @param folder where PostgreSQL's socket is */
export function socketUrl(folder: string, database: string): string {
  const url = new URL(`postgresql://postern@localhost/${encodeURIComponent(database)}`)
  url.searchParams.set('host', folder)
  return url.href
}
