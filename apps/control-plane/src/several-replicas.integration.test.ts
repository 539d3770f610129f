import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'

import { type NatsServer, findNatsServer, startNatsServer } from '@postern/testing/nats-server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { type TestDatabase, createTestDatabase } from './database/test/create-test-database.ts'

const program = join(import.meta.dirname, 'main.ts')
const children: ChildProcess[] = []

interface Started {
  child: ChildProcess
  told: () => string
  url: () => Promise<string>
}

function start(environment: Record<string, string>): Started {
  const child = spawn(process.execPath, [program], {
    env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const text = { told: '', log: '' }
  child.stdout.on('data', (chunk: Buffer) => (text.log += chunk.toString('utf8')))
  child.stderr.on('data', (chunk: Buffer) => (text.told += chunk.toString('utf8')))
  const readyLine = (): string | undefined => text.log.split('\n').find((line) => line.includes('"ready"'))
  return {
    child,
    told: () => text.told,
    url: async () => {
      await expect
        .poll(() => child.exitCode !== null || readyLine() !== undefined, { timeout: 60_000 })
        .toBe(true)
      return (JSON.parse(readyLine() ?? '{}') as { url?: string }).url ?? ''
    },
  }
}

/** @returns the exit code and what it told; it must end by itself */
async function refused(started: Started): Promise<string> {
  const [exitCode] = (await once(started.child, 'close')) as [number | null]
  expect(exitCode).toBe(1)
  return started.told()
}

describe.skipIf(findNatsServer(process.env['PATH']) === undefined)(
  'several control planes on one database',
  { timeout: 120_000 },
  () => {
    let nats: NatsServer
    let database: TestDatabase
    let alone: Record<string, string>
    beforeAll(async () => {
      nats = await startNatsServer({
        configuration: ['authorization { user: postern, password: right-canary }'],
      })
    })
    afterAll(() => nats.stop())
    beforeEach(async () => {
      database = await createTestDatabase()
      alone = {
        POSTERN_LISTEN: '127.0.0.1:0',
        POSTERN_URL: 'https://postern.example.com',
        DATABASE_URL: database.url,
        POSTERN_ROOT_KEY: randomBytes(32).toString('base64'),
      }
    })
    afterEach(async () => {
      for (const child of children.splice(0)) {
        if (child.exitCode !== null || child.signalCode !== null) continue
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      await database.close()
    })

    const connected = (): Record<string, string> => ({
      ...alone,
      POSTERN_NATS_URL: nats.url,
      POSTERN_NATS_USER: 'postern',
      POSTERN_NATS_PASSWORD: 'right-canary',
    })

    it('refuses a second one without NATS, and one with NATS beside one without, and says what to do', async () => {
      await start({ ...alone, POSTERN_REPLICA_ID: 'first' }).url()
      const second = await refused(start(alone))
      expect(second).toMatch(
        /Another control plane uses this database \(first\), and without NATS there can be only one: .*POSTERN_NATS_URL/,
      )
      const third = await refused(start(connected()))
      expect(third).toMatch(/knows of no others uses this database \(first\): give it POSTERN_NATS_URL too/)
    })

    it('lets in who is connected, and refuses without NATS, under another root key, under a known name', async () => {
      const urls = await Promise.all([
        start({ ...connected(), POSTERN_REPLICA_ID: 'first' }).url(),
        start({ ...connected(), POSTERN_REPLICA_ID: 'second' }).url(),
      ])
      for (const url of urls) {
        expect(await (await fetch(`${url}/readyz`)).json()).toEqual({
          ready: true,
          reasons: [],
          warnings: [],
        })
        expect(await (await fetch(`${url}/metrics`)).text()).toContain('postern_nats_connected 1')
      }
      const [lonely, foreign, twin] = await Promise.all([
        refused(start(alone)),
        refused(start({ ...connected(), POSTERN_ROOT_KEY: randomBytes(32).toString('base64') })),
        refused(start({ ...connected(), POSTERN_REPLICA_ID: 'second' })),
      ])
      expect(lonely).toMatch(
        /that NATS connects use this database \(first, second.*set POSTERN_NATS_URL here/,
      )
      expect(foreign).toMatch(/root key is not the one/)
      expect(twin).toMatch(/is called second as well: give each a POSTERN_REPLICA_ID of its own/)
    })

    it('refuses to start where NATS refuses it; and is ready without NATS, and says so', async () => {
      const wrong = await refused(start({ ...connected(), POSTERN_NATS_PASSWORD: 'wrong-canary' }))
      expect(wrong).toMatch(
        /refuses the credentials: check POSTERN_NATS_CREDENTIALS_FILE, or POSTERN_NATS_USER/,
      )
      expect(wrong).not.toContain('canary')

      await nats.kill()
      const { child, url } = start(connected())
      const reply = await fetch(`${await url()}/readyz`)
      expect([reply.status, await reply.json()]).toEqual([
        200,
        { ready: true, reasons: [], warnings: ['nats-disconnected'] },
      ])
      expect(await (await fetch(`${await url()}/metrics`)).text()).toContain('postern_nats_connected 0')
      await nats.restart()
      const readiness = async (): Promise<unknown> => (await fetch(`${await url()}/readyz`)).json()
      await expect.poll(readiness, { timeout: 10_000 }).toEqual({ ready: true, reasons: [], warnings: [] })
      child.kill('SIGTERM')
      const [exitCode] = (await once(child, 'close')) as [number | null]
      expect(exitCode).toBe(0)
    })
  },
)
