import { spawn } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { finished } from 'node:stream/promises'

export interface BuildCommand {
  readonly command: string
  readonly arguments: readonly string[]
  readonly folder?: string
  readonly environment?: NodeJS.ProcessEnv
}

/** Announces a step, runs it, and says how long it took. */
export async function buildStep<Result>(title: string, run: () => Promise<Result>): Promise<Result> {
  const startedAt = performance.now()
  process.stdout.write(`• ${title} … `)
  try {
    const result = await run()
    process.stdout.write(`done in ${seconds(startedAt)}\n`)
    return result
  } catch (error) {
    process.stdout.write(`failed after ${seconds(startedAt)}\n`)
    throw error
  }
}

/**
 * Runs a command with its output appended to a log file, and resolves with its standard output.
 * The command leads a process group of its own, so that an interrupt ends its whole tree.
 */
export async function runBuildCommand(
  build: BuildCommand,
  logFile: string,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted()
  const log = createWriteStream(logFile, { flags: 'a' })
  log.write(`\n$ ${build.command} ${build.arguments.join(' ')}\n`)
  const child = spawn(build.command, build.arguments, {
    cwd: build.folder,
    env: build.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const interrupt = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }
  signal.addEventListener('abort', interrupt)
  const printed: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk))
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    signal.throwIfAborted()
    if (exitCode !== 0) throw new Error(`${build.command} ended with ${exitCode ?? 'a signal'}`)
  } finally {
    signal.removeEventListener('abort', interrupt)
    log.end()
    await finished(log)
  }
  return Buffer.concat(printed).toString('utf8')
}

/** The end of a build log, with addresses left out: they name mirrors, which are nobody else's business. */
export function endOfLog(logFile: string, lines = 25): string {
  const text = readFileSync(logFile, 'utf8').trimEnd()
  return text
    .split('\n')
    .slice(-lines)
    .join('\n')
    .replaceAll(/\bhttps?:\/\/\S+/g, '(address)')
}

function seconds(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(0)} s`
}
