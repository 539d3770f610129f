import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface StepResult {
  ok: boolean
  seconds: number
  /** Standard output and standard error together; empty when they went straight to the terminal. */
  output: string
}

/** Runs one command to its end. `quiet` keeps its output for the caller, who shows it when the command failed. */
export async function runStep(
  command: readonly string[],
  options: { quiet: boolean; environment?: Record<string, string> },
): Promise<StepResult> {
  const startedAt = performance.now()
  const [program = '', ...words] = command
  const child = spawn(program, words, {
    stdio: options.quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...options.environment },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  const code = await once(child, 'close').then(
    ([code]) => code as number | null,
    (error: Error) => {
      output += `${program}: ${error.message}\n`
      return 1
    },
  )
  return { ok: code === 0, seconds: (performance.now() - startedAt) / 1000, output }
}
