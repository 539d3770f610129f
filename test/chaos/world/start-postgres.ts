import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { runStatement } from '../../../apps/control-plane/src/database/test/run-statement.ts'
import { readChaosEnvironment } from '../config.ts'

export interface ChaosPostgres {
  /** Of the server's database `postgres`. */
  readonly url: string
  close(): Promise<void>
}

const processFile = fileURLToPath(new URL('postgres-process.ts', import.meta.url))

/** The server that the environment names, else one of our own that ends with this process. */
export async function openPostgres(): Promise<ChaosPostgres> {
  const { postgresUrl } = readChaosEnvironment()
  return postgresUrl === undefined ? startPostgres() : { url: postgresUrl, close: () => Promise.resolve() }
}

export async function startPostgres(): Promise<ChaosPostgres> {
  const child = spawn(process.execPath, [processFile], { detached: true, stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const failed = exited.then(() => Promise.reject(new Error('PostgreSQL did not start')))
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), failed])
  return {
    url: String(line),
    async close() {
      child.stdin.end()
      await exited
    },
  }
}

/** An empty database of its own for one control plane. */
export async function createDatabase(server: { url: string }): Promise<ChaosPostgres> {
  const name = `postern_chaos_${randomBytes(8).toString('hex')}`
  await runStatement(server.url, `create database ${name}`)
  const url = new URL(server.url)
  url.pathname = `/${name}`
  return {
    url: url.href,
    close: async () => void (await runStatement(server.url, `drop database ${name} with (force)`)),
  }
}
