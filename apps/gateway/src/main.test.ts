import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startKubernetesStandIn, type KubernetesStandIn } from '@postern/testing/kubernetes-stand-in'
import { createServiceAccountFolder } from '@postern/testing/service-account-folder'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { startEnrolmentServer, type EnrolmentServer } from './test/enrolment-server.ts'

// Each test starts a Node process, which takes a while where many do.
vi.setConfig({ testTimeout: 30_000 })

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const account = { namespace: 'postern', name: 'postern-gateway' }
let cluster: KubernetesStandIn
let folder: Awaited<ReturnType<typeof createServiceAccountFolder>>
let controlPlane: EnrolmentServer
let stateFolder: string
const running: ChildProcess[] = []

beforeAll(async () => {
  cluster = await startKubernetesStandIn()
  await cluster.createServiceAccount(account.namespace, account.name)
  folder = await createServiceAccountFolder({ cluster, ...account })
  controlPlane = await startEnrolmentServer([])
  stateFolder = await mkdtemp(join(tmpdir(), 'gateway-'))
  await writeFile(join(stateFolder, 'token'), 'enrol-canary\n')
})
afterAll(async () => {
  await controlPlane.close()
  await folder.close()
  await cluster.close()
  await rm(stateFolder, { recursive: true })
})
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

interface Run {
  child: ChildProcess
  output: () => string
  exited: Promise<number | null>
}

function run(userArguments: string[], environment: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [main, ...userArguments], { env: environment, stdio: 'pipe' })
  running.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exited = once(child, 'close').then(() => child.exitCode)
  return { child, output: () => output, exited }
}

function environmentOf(): Record<string, string> {
  return {
    POSTERN_URL: controlPlane.origin,
    POSTERN_KUBERNETES_URL: cluster.url,
    POSTERN_SERVICE_ACCOUNT_FOLDER: folder.path,
    POSTERN_CREDENTIAL: `file:${join(stateFolder, 'credential.json')}`,
    POSTERN_LISTEN: '127.0.0.1:0',
    POSTERN_ENROLMENT_TOKEN_FILE: join(stateFolder, 'token'),
  }
}

it('lists every problem of its configuration and exits with 1', async () => {
  const { exited, output } = run(['--listen', 'nowhere'], { POSTERN_ENROLLMENT_TOKEN: 'enrol-canary' })
  expect(await exited).toBe(1)
  expect(output()).toMatch(/^Warning: POSTERN_ENROLLMENT_TOKEN is set/)
  expect(output()).not.toContain('canary')
  expect(output()).toMatch(
    /cannot start:\n {2}\* POSTERN_URL.*\n {2}\* The API server.*\n {2}\* POSTERN_LISTEN/,
  )
})

it.each([
  ['--help', 0, 'POSTERN_ENROLMENT_TOKEN_FILE'],
  ['--version', 0, '0.1.0'],
  ['--nonsense', 1, 'unknown option'],
])('answers %s with %i', async (flag, code, text) => {
  const { exited, output } = run([flag])
  expect(await exited).toBe(code)
  expect(output()).toContain(text)
})

it('exits with 1 and the remedy when its enrolment token is refused, without printing the token', async () => {
  const { exited, output } = run([], environmentOf())
  expect(await exited).toBe(1)
  expect(output()).toContain('create a new enrolment token')
  expect(output()).not.toContain('canary')
})

it('exits with 0 on SIGTERM', async () => {
  controlPlane.answerNext(...Array.from({ length: 100 }, () => ({ status: 503, body: '{}' })))
  const { child, exited, output } = run([], environmentOf())
  await expect.poll(output, { timeout: 20_000 }).toContain('no credential yet')
  child.kill('SIGTERM')
  expect(await exited).toBe(0)
})
