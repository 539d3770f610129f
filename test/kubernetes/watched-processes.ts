import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface WatchedProcess {
  /** Also names its log in the folder: `<name>.log`. */
  readonly name: string
  readonly command: string
  readonly arguments: readonly string[]
}

export interface WatchdogOrder {
  /** Where the processes run; removed when they end. */
  readonly folder: string
  readonly processes: readonly WatchedProcess[]
}

export type WatchdogReport =
  | { readonly started: string; readonly processId: number }
  | { readonly ended: string; readonly exitCode: number | null }

export interface WatchedProcesses {
  /** In the order of the processes. */
  readonly processIds: readonly number[]
  /** Names a process that has ended by itself, if one has. */
  endedByItself(): string | undefined
  /** Kills the processes and removes their folder; resolves when they are gone. */
  close(): Promise<void>
}

const closeWithinMs = 10_000

/** Starts processes that end when this process does, even by SIGKILL: see watchdog.ts. */
export async function startWatchedProcesses(order: WatchdogOrder): Promise<WatchedProcesses> {
  const script = fileURLToPath(new URL('watchdog.ts', import.meta.url))
  const watchdog = spawn(process.execPath, [script], { detached: true, stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(watchdog, 'exit')
  const processIds: number[] = []
  let ended: string | undefined
  let closing = false
  const started = new Promise<void>((resolve, reject) => {
    watchdog.once('error', reject)
    watchdog.once('exit', () => reject(new Error('the watchdog of the test processes has ended')))
    createInterface({ input: watchdog.stdout }).on('line', (line) => {
      const report: WatchdogReport = JSON.parse(line)
      if ('ended' in report) ended ??= report.ended
      else processIds.push(report.processId)
      if ('ended' in report || processIds.length === order.processes.length) resolve()
    })
  })
  watchdog.stdin.on('error', () => watchdog.stdin.destroy())
  watchdog.stdin.write(`${JSON.stringify(order)}\n`)
  await started
  return {
    processIds,
    endedByItself: () => (closing ? undefined : ended),
    async close() {
      if (closing) return
      closing = true
      watchdog.stdin.end()
      const timer = setTimeout(() => watchdog.kill('SIGKILL'), closeWithinMs)
      await exited.finally(() => clearTimeout(timer))
    },
  }
}
