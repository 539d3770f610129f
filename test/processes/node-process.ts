import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface NodeProcess {
  readonly pid: number
  /** What the process printed so far, newest lines last; at most 2,000 lines are kept. */
  output(): string
  /** Sends the signal and waits until the process is gone. */
  end(signal?: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** The exit code, once the process ended by itself or by `end`. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

const outputLinesMax = 2_000
const endPatienceMs = 30_000

/**
 * Starts a program of the workspace as a user would: another process, its settings from the environment alone (nothing
 * of the caller's environment but PATH and HOME), under the same Node.
 */
export function startNodeProcess(file: string, environment: Record<string, string>): NodeProcess {
  return startProcess([process.execPath, file], environment)
}

/** The same for a program of others. */
export function startProcess(
  [command = '', ...args]: readonly string[],
  environment: Record<string, string>,
): NodeProcess {
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (child.pid === undefined) throw new Error(`could not start ${command} ${args.join(' ')}`)
  const lines = collectOutput(child)
  const ended = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }))
  const endWithTest = (): void => void child.kill('SIGKILL')
  process.once('exit', endWithTest)
  void ended.then(() => process.off('exit', endWithTest))
  return {
    pid: child.pid,
    output: () => lines.join(''),
    ended,
    async end(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      const impatient = setTimeout(() => child.kill('SIGKILL'), endPatienceMs)
      const how = await ended
      clearTimeout(impatient)
      return how
    },
  }
}

/** For a busy machine. */
const readyMsMax = 90_000

/**
 * Waits until `url` answers 200; a process that ends before, or takes too long, is an error that shows its output.
 * Rejects with the signal's reason once that is aborted.
 */
export async function waitUntilReady(
  started: NodeProcess,
  url: string,
  { withinMs = readyMsMax, signal }: { withinMs?: number; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const deadline = Date.now() + withinMs
  let hasEnded = false
  void started.ended.then(() => (hasEnded = true))
  while (Date.now() < deadline) {
    signal?.throwIfAborted()
    if (hasEnded) throw new Error(`the process ended before ${url} was ready:\n${tailOf(started)}`)
    if (await answersOk(url)) return
    await sleep(50)
  }
  throw new Error(`${url} was not ready within ${withinMs} ms:\n${tailOf(started)}`)
}

/** A port that was free a moment ago, for programs that must come back on the same one after a restart. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no TCP port to be had')
  return address.port
}

/** The end of the output, where the reason stands. */
function tailOf(started: NodeProcess): string {
  return started.output().slice(-4_000)
}

async function answersOk(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
  await answer?.body?.cancel()
  return answer?.status === 200
}

function collectOutput(child: ChildProcess): string[] {
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      lines.push(text)
      if (lines.length > outputLinesMax) lines.splice(0, lines.length - outputLinesMax)
    })
  }
  return lines
}
