/**
 * The least program that logs in with the same parts: the same API server, an own database of the same PostgreSQL with
 * the same table, fastify and zod, a WebSocket, pooled TLS, the same signature, rows, lines and replies of the same size,
 * in the same kinds of processes. It has none of Postern's code and cares for nothing that goes wrong. What it takes is
 * the machine's and the libraries', so that the product's figures can be judged on any machine.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { runClosedLoop } from './closed-loop.ts'
import { prepareHttpPost } from './http-caller.ts'
import { openConnections } from './connections.ts'
import { type LoginCpu, type LoginParts, measureLoginCpu } from './login-cpu.ts'

/** To the gateway. */
export interface BareReview {
  id: number
  nonce: string
  token: string
}

/** From the gateway. */
export interface BareAnswer {
  id: number
  nonce: string
  tokenHash: string
  user: { username: string; uid: string; groups: string[] }
}

export interface BareLoginOptions {
  apiServerUrl: string
  /** Of the account that the gateway asks with. */
  serviceAccountFolder: string
  tokens: readonly string[]
  /** Of those that it shares with the product. */
  parts: Pick<LoginParts, 'apiServer' | 'postgres'>
  /** Has the table. */
  databaseUrl: string
  inFlight: number
  seconds: number
  warmUpSeconds: number
}

export interface BareLoginFigures extends LoginCpu {
  loginsPerSecond: number
  p50Ms: number
}

export async function measureBareLogin(options: BareLoginOptions): Promise<BareLoginFigures> {
  const { inFlight, seconds, warmUpSeconds } = options
  await using cleanup = new AsyncDisposableStack()
  const controlPlane = start('bare-login-control-plane-process.ts', [options.databaseUrl])
  cleanup.defer(() => controlPlane.end())
  const { url, tunnelUrl } = (await controlPlane.firstMessage) as { url: string; tunnelUrl: string }
  const { apiServerUrl, serviceAccountFolder } = options
  const gateway = start('bare-login-gateway-process.ts', [tunnelUrl, apiServerUrl, serviceAccountFolder])
  cleanup.defer(() => gateway.end())
  await gateway.firstMessage
  const identityId = '00000000-0000-4000-8000-000000000000'
  const requests = options.tokens.map((jwt) =>
    prepareHttpPost(url, '/login', {}, JSON.stringify({ identityId, jwt })),
  )
  const { call, close } = await openConnections({ url }, requests, 200, inFlight)
  cleanup.defer(close)
  await runClosedLoop({ inFlight, seconds: warmUpSeconds, call })
  const cpuOf = measureLoginCpu({ ...options.parts, controlPlane: controlPlane.pid, gateway: gateway.pid })
  const { calls, callsPerSecond, p50Ms } = await runClosedLoop({ inFlight, seconds, call })
  return { loginsPerSecond: callsPerSecond, p50Ms, ...cpuOf(calls) }
}

interface BareProcess {
  pid: number
  firstMessage: Promise<unknown>
  end(): Promise<void>
}

/** What it prints is read, and dropped, as that of the product's processes. */
function start(file: string, args: readonly string[]): BareProcess {
  const script = fileURLToPath(new URL(file, import.meta.url))
  const child: ChildProcess = fork(script, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  if (child.pid === undefined) throw new Error(`${file} did not start`)
  child.stdout?.setEncoding('utf8').resume()
  const exited = once(child, 'exit')
  const failed = exited.then(() => Promise.reject(new Error(`${file} has ended`)))
  return {
    pid: child.pid,
    firstMessage: Promise.race([once(child, 'message').then(([message]: unknown[]) => message), failed]),
    async end() {
      child.disconnect()
      await exited
    },
  }
}
