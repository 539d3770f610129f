import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { createTestDatabase } from './database/test/create-test-database.ts'
import { findPostmaster } from './database/postmaster.ts'
import { clusterIn, makeDataFolder, removeDataFolder } from './database/test/data-folder.ts'

const program = join(import.meta.dirname, 'main.ts')
const patient = { timeout: 60_000 }
const children: ChildProcess[] = []

interface Started {
  child: ChildProcess
  /** Standard error: what people are told. */
  told: () => string
  /** Standard output: the log. */
  log: () => string
  exit: Promise<number | null>
}

function start(environment: Record<string, string>, args: string[] = []): Started {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const text = { told: '', log: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    text.log += chunk.toString('utf8')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    text.told += chunk.toString('utf8')
  })
  const exit = once(child, 'close').then(() => child.exitCode)
  return { child, told: () => text.told, log: () => text.log, exit }
}

/** @returns where it listens */
async function ready({ child, log }: Started): Promise<string> {
  await expect.poll(() => child.exitCode !== null || log().includes('"ready"'), patient).toBe(true)
  const line = log()
    .split('\n')
    .find((one) => one.includes('"ready"'))
  return (JSON.parse(line ?? '{}') as { url?: string }).url ?? ''
}

async function bootstrap(url: string): Promise<number> {
  const reply = await fetch(`${url}/api/v1/admin/bootstrap`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'ann@example.com', password: 'canary-password', organization: 'Example' }),
  })
  return reply.status
}

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

describe('main before it starts anything', { timeout: 120_000 }, () => {
  it('prints the help to standard output', async () => {
    const { exit, log } = start({}, ['--help'])
    expect(await exit).toBe(0)
    expect(log()).toContain('POSTERN_ROOT_KEY=<base64>')
  })

  it('tells every problem at once and exits with 1', async () => {
    const { exit, told } = start({
      POSTERN_LISTEN: 'nowhere',
      POSTERN_ROOT_KEY: 'changeme-canary',
      POSTERN_LOG_LEVL: 'info',
    })
    expect(await exit).toBe(1)
    expect(told()).toContain('did you mean POSTERN_LOG_LEVEL?')
    expect(told()).toContain('* POSTERN_LISTEN must be')
    expect(told()).toContain('* POSTERN_ROOT_KEY must be')
    expect(told()).not.toContain('canary')
  })
})

describe('main with the embedded PostgreSQL', { timeout: 120_000 }, () => {
  let dataFolder: string
  let environment: Record<string, string>
  beforeEach(async () => {
    dataFolder = await makeDataFolder()
    environment = {
      POSTERN_LISTEN: '127.0.0.1:0',
      POSTERN_URL: 'https://postern.example.com',
      POSTERN_DATA_FOLDER: dataFolder,
    }
  })
  afterEach(() => removeDataFolder(dataFolder))

  it('starts from nothing, tells the first step, stops on SIGTERM with everything closed, and starts again', async () => {
    const first = start(environment)
    const url = await ready(first)
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({
      ready: true,
      reasons: [],
      warnings: [],
    })
    await expect.poll(first.told, patient).toContain(`curl -X POST ${url}/api/v1/admin/bootstrap`)
    expect(await bootstrap(url)).toBe(200)
    first.child.kill('SIGTERM')
    expect(await first.exit).toBe(0)
    expect(first.log()).toContain('"stopped"')
    expect(first.log()).not.toContain('canary')
    expect(await findPostmaster(clusterIn(dataFolder))).toBeUndefined()

    const second = start(environment)
    expect(await bootstrap(await ready(second))).toBe(400)
    expect(second.told()).toBe('')
  })

  it('goes on where a killed one stopped, with the same server', async () => {
    const killed = start(environment)
    expect(await bootstrap(await ready(killed))).toBe(200)
    killed.child.kill('SIGKILL')
    await killed.exit
    const next = start(environment)
    expect(await bootstrap(await ready(next))).toBe(400)
    expect(next.log()).toContain('adopted the PostgreSQL')
  })

  it('refuses a data folder in use, and the one that uses it goes on', async () => {
    const first = start(environment)
    const url = await ready(first)
    const second = start(environment)
    expect(await second.exit).toBe(1)
    expect(second.told()).toContain(`Another control plane (postern, process ${first.child.pid})`)
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
  })

  it('ends at once on a second signal, though a request is under way, and takes a doubled one for one', async () => {
    const { child, exit, ...first } = start(environment)
    const { port, hostname } = new URL(await ready({ child, exit, ...first }))
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.write('POST /api/v1/admin/bootstrap HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n{')
    await expect.poll(async () => (await fetch(`http://${hostname}:${port}/livez`)).status, patient).toBe(200)
    child.kill('SIGINT')
    child.kill('SIGTERM')
    await expect.poll(first.log, patient).toContain('"stopping')
    await sleep(1_000)
    expect(child.exitCode).toBeNull()
    child.kill('SIGTERM')
    expect(await exit).toBe(1)
    socket.destroy()
  })

  it('stops when PostgreSQL is gone', async () => {
    const first = start(environment)
    await ready(first)
    const postmaster = await findPostmaster(clusterIn(dataFolder))
    process.kill(postmaster?.pid ?? Number.NaN, 'SIGKILL')
    expect(await first.exit).toBe(1)
    expect(first.log()).toContain('PostgreSQL has stopped')
  })
})

describe('main with DATABASE_URL', { timeout: 120_000 }, () => {
  it('brings an empty database up to date, and refuses to start on it with another root key', async () => {
    const database = await createTestDatabase({ isBlank: true })
    const environment = {
      POSTERN_LISTEN: '127.0.0.1:0',
      POSTERN_URL: 'https://postern.example.com',
      DATABASE_URL: database.url,
      POSTERN_ROOT_KEY: randomBytes(32).toString('base64'),
    }
    const first = start(environment)
    expect((await fetch(`${await ready(first)}/readyz`)).status).toBe(200)
    first.child.kill('SIGINT')
    expect(await first.exit).toBe(0)

    const other = start({ ...environment, POSTERN_ROOT_KEY: randomBytes(32).toString('base64') })
    expect(await other.exit).toBe(1)
    expect(other.told()).toMatch(/root key is not the one/)
    await database.close()
  })
})
