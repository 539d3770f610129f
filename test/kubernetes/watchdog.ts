// Runs processes for as long as its standard input is open. The parent holds the other end and never writes after
// the first line, so the pipe closes whenever the parent ends, by whatever signal: then everything is killed, the
// folder is removed, and the watchdog ends. It leads a session of its own: a Ctrl-C at the terminal reaches only the
// parent, and what it started ends after it, in one way.
//
// In: one line of JSON (WatchdogOrder). Out: one line of JSON for each start and end (WatchdogReport).
import { spawn, type ChildProcess } from 'node:child_process'
import { openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { WatchdogOrder, WatchdogReport } from './watched-processes.ts'

function report(line: WatchdogReport): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function createWatchdog() {
  const running = new Map<ChildProcess, Promise<void>>()
  const folders: string[] = []

  async function untilEnded(child: ChildProcess, name: string): Promise<void> {
    // A command that cannot be started ends with an error, maybe without a close.
    await new Promise((resolve) => child.once('error', resolve).once('close', resolve))
    running.delete(child)
    report({ ended: name, exitCode: child.exitCode })
  }

  return {
    start({ folder, processes }: WatchdogOrder): void {
      folders.push(folder)
      for (const { name, command, arguments: args } of processes) {
        const log = openSync(join(folder, `${name}.log`), 'a')
        const child = spawn(command, args, { cwd: folder, stdio: ['ignore', log, log] })
        running.set(child, untilEnded(child, name))
        if (child.pid !== undefined) report({ started: name, processId: child.pid })
      }
    },
    async end(): Promise<void> {
      const ended = [...running.values()]
      for (const child of running.keys()) child.kill('SIGKILL')
      await Promise.all(ended)
      for (const folder of folders) await rm(folder, { recursive: true, force: true })
      process.exit(0)
    },
  }
}

const watchdog = createWatchdog()
createInterface({ input: process.stdin }).once('line', (line) => {
  const order: WatchdogOrder = JSON.parse(line)
  watchdog.start(order)
})
process.stdin.once('close', () => void watchdog.end())
// The parent may be gone already: a report that nobody reads is no reason to leave the processes behind.
process.stdout.on('error', () => process.stdin.destroy())
