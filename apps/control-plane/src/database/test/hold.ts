import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const program = join(import.meta.dirname, 'hold-embedded-postgres.ts')

export interface Holder {
  child: ChildProcess
  /** What it said of the server; undefined if it refused to start. */
  server: { pid: number; isFresh: boolean; isAdopted: boolean } | undefined
  refusal: string
  lastCommitted(): number
  committed(atLeast: number): Promise<void>
}

/** Starts the program and waits for its first line, or its end. */
export async function hold(folder: string, account: { uid?: number; gid?: number } = {}): Promise<Holder> {
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'pipe'], ...account })
  let refusal = ''
  child.stderr.on('data', (chunk: Buffer) => {
    refusal += chunk.toString('utf8')
  })
  const lines = createInterface({ input: child.stdout })
  const ended = once(child, 'close')
  const first = await Promise.race([once(lines, 'line'), ended.then(() => undefined)])
  let last = 0
  lines.on('line', (line) => {
    last = Number(line)
  })
  return {
    child,
    server: first && (JSON.parse(String(first[0])) as Holder['server']),
    refusal,
    lastCommitted: () => last,
    committed: async (atLeast) => {
      for (;;) {
        if (last >= atLeast) return
        await once(lines, 'line')
      }
    },
  }
}

/** SIGKILL, and waits for the end. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
