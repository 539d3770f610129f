/**
 * `pnpm bench api`: reads with an access token that was seen before, over HTTP, with PostgreSQL, audit and logs on, each
 * part its own process. Beside them what a bare fastify server needs for answers of the same size, and what the check of
 * a token needs by itself, in the same run.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { measureWarmCheck } from '../../apps/control-plane/src/access-tokens/test/measure-warm-check.ts'
import { startControlPlane } from '../processes/control-plane-process.ts'
import { bootstrap, createIdentity, type Platform } from '../processes/platform.ts'
import { createPosternApi, expectOk, textAt } from '../processes/postern-api.ts'
import { runClosedLoop } from './closed-loop.ts'
import { openHttpCaller, prepareHttpGet } from './http-caller.ts'
import { readProcessCpuMicros } from './process-cpu.ts'

export interface ApiBenchOptions {
  inFlight: number
  seconds: number
  /** Where the control plane writes a CPU profile when it ends, to look at in a browser's developer tools. */
  profileFolder?: string
  /** Progress for the person who waits; the result is the caller's to print. */
  say(line: string): void
}

interface ReadFigures {
  perSecond: number
  p50Ms: number
  p99Ms: number
  /** Of the server's process, a request. */
  cpuMicros: number
}

const secretCount = 100
/** Until then the compiler's own threads take a fifth of the CPU. */
const warmUpSecondsMax = 5

export async function benchApi(options: ApiBenchOptions): Promise<Record<string, unknown>> {
  await using cleanup = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true }))
  options.say('the check of a token')
  const check = await measureWarmCheck()
  const controlPlane = await startControlPlane({
    dataFolder: join(folder, 'control-plane'),
    environment: {
      ...(options.profileFolder === undefined
        ? {}
        : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${options.profileFolder}` }),
      POSTERN_READS_PER_MINUTE_PER_ACTOR: '0',
      POSTERN_WRITES_PER_MINUTE_PER_ACTOR: '0',
      POSTERN_SECRET_REQUESTS_PER_MINUTE_PER_ACTOR: '0',
      POSTERN_LOGINS_PER_MINUTE_PER_IP: '0',
    },
  })
  cleanup.defer(async () => void (await controlPlane.end()))
  const { url, pid } = controlPlane
  const { projectId, token } = await setUp(await bootstrap(url))
  const headers = { authorization: `Bearer ${token}` }
  const measure = (path: string): Promise<ReadFigures> => {
    options.say(path)
    return measureReads({ url, pid }, prepareHttpGet(url, path, headers), options)
  }
  const reads = await measure('/api/v1/identities/details')
  const at = `projectId=${projectId}&environment=dev&secretPath=%2F`
  const secret = await measure(`/api/v4/secrets/SECRET_1?${at}`)
  const list = await measure(`/api/v4/secrets?${at}`)
  const bare = await measureBare(options)
  return {
    bench: 'api',
    inFlight: options.inFlight,
    tokenCheckMicros: Math.round(check.microsPerCheck * 100) / 100,
    reads,
    secret,
    secretsListOf100: list,
    ...bare,
  }
}

/** A machine that may read a project's hundred secrets, and its access token. */
async function setUp(platform: Platform): Promise<{ projectId: string; token: string }> {
  const { admin, organizationId } = platform
  const project = expectOk(await admin.post('/api/v2/workspace', { projectName: 'Bench', slug: 'bench-1' }))
  const projectId = textAt(project, 'project.id')
  for (let index = 0; index < secretCount; index += 1) {
    const body = {
      projectId,
      environment: 'dev',
      secretPath: '/',
      secretValue: `value-${index}`.padEnd(40, 'x'),
    }
    expectOk(await admin.post(`/api/v4/secrets/SECRET_${index}`, body))
  }
  const identityId = await createIdentity({ ...platform, organizationId }, 'reader')
  const roles = [{ role: 'viewer' }]
  expectOk(await admin.post(`/api/v1/projects/${projectId}/memberships/identities/${identityId}`, { roles }))
  const root = `/api/v1/auth/universal-auth/identities/${identityId}`
  const clientId = textAt(expectOk(await admin.get(root)), 'identityUniversalAuth.clientId')
  const clientSecret = textAt(expectOk(await admin.post(`${root}/client-secrets`, {})), 'clientSecret')
  const login = await createPosternApi(platform.admin.url).post('/api/v1/auth/universal-auth/login', {
    clientId,
    clientSecret,
  })
  return { projectId, token: textAt(expectOk(login), 'accessToken') }
}

async function measureReads(
  server: { url: string; pid: number },
  request: Buffer,
  { inFlight, seconds }: ApiBenchOptions,
): Promise<ReadFigures> {
  const callers = await Promise.all(Array.from({ length: inFlight }, () => openHttpCaller(server.url)))
  const free = [...callers]
  const call = async (): Promise<void> => {
    const caller = free.pop()
    if (caller === undefined) throw new Error('more calls under way than connections')
    const status = await caller.call(request)
    free.push(caller)
    if (status !== 200) throw new Error(`${server.url} answered ${status}`)
  }
  try {
    await runClosedLoop({ inFlight, seconds: Math.min(warmUpSecondsMax, seconds), call })
    const before = readProcessCpuMicros(server.pid)
    const figures = await runClosedLoop({ inFlight, seconds, call })
    const cpuMicros = Math.round((readProcessCpuMicros(server.pid) - before) / figures.calls)
    return { perSecond: figures.callsPerSecond, p50Ms: figures.p50Ms, p99Ms: figures.p99Ms, cpuMicros }
  } finally {
    callers.forEach((caller) => caller.close())
  }
}

/** A server that does nothing, with answers as small and as long. */
async function measureBare(
  options: ApiBenchOptions,
): Promise<{ bareSmall: ReadFigures; bareListOf100: ReadFigures }> {
  options.say('a bare server')
  const child = fork(fileURLToPath(new URL('bare-http-process.ts', import.meta.url)))
  try {
    const [message] = await once(child, 'message')
    const { pid } = child
    if (pid === undefined) throw new Error('the bare server did not start')
    const server = { url: String(message), pid }
    return {
      bareSmall: await measureReads(server, prepareHttpGet(server.url, '/small'), options),
      bareListOf100: await measureReads(server, prepareHttpGet(server.url, '/list'), options),
    }
  } finally {
    child.disconnect()
  }
}
