import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { ExperimentLine, ExperimentSize } from './experiment.ts'

export interface RunInProcessOptions {
  size: ExperimentSize
  /** Beside this process' own. */
  environment: Record<string, string>
  say: (line: string) => void
}

const mainFile = fileURLToPath(new URL('main.ts', import.meta.url))
/** An experiment that takes longer hangs. */
const patienceMs = { quick: 120_000, full: 30 * 60_000 } as const

/** Runs one experiment as `pnpm chaos <name>` does, in a process of its own. Never rejects. */
export async function runInProcess(
  { name, asked }: { name: string; asked: string },
  { size, environment, say }: RunInProcessOptions,
): Promise<ExperimentLine> {
  const startedAt = performance.now()
  say(`${name}: ${asked}`)
  const child = spawn(process.execPath, [mainFile, name, ...(size === 'quick' ? ['--quick'] : [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  })
  const end = (): void => void child.kill('SIGTERM')
  process.once('exit', end)
  let tookTooLong = false
  const impatient = setTimeout(() => {
    tookTooLong = true
    end()
  }, patienceMs[size])
  const [printed] = await Promise.all([text(child.stdout), once(child, 'exit')])
  clearTimeout(impatient)
  process.off('exit', end)
  say(`${name}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  const error = tookTooLong ? `took longer than ${patienceMs[size] / 1000} s` : howItEnded(child)
  return readLine(printed) ?? { chaos: name, asked, measured: { error }, ok: false }
}

function howItEnded(child: { exitCode: number | null; signalCode: string | null }): string {
  return `ended without a result (${child.signalCode ?? `exit code ${child.exitCode}`})`
}

function readLine(printed: string): ExperimentLine | undefined {
  const last = printed.trimEnd().split('\n').at(-1) ?? ''
  return last.startsWith('{"chaos":') ? (JSON.parse(last) as ExperimentLine) : undefined
}
