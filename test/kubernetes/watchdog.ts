// Runs processes for as long as its standard input is open. The parent holds the other end and never writes after
// the first line, so the pipe closes whenever the parent ends, by whatever signal: then everything is killed, the
// folder is removed, and the watchdog ends. It leads a session of its own: a Ctrl-C at the terminal reaches only the
// parent, and what it started ends after it, in one way.
//
// In: one line of JSON (WatchdogOrder). Out: one line of JSON for each start and end (WatchdogReport).
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { WatchdogOrder, WatchdogReport } from './watched-processes.ts'

const running = new Map<ChildProcess, Promise<unknown>>()
let folder: string | undefined

function report(line: WatchdogReport): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function start(order: WatchdogOrder): void {
  folder = order.folder
  for (const { name, command, arguments: args } of order.processes) {
    const log = openSync(join(order.folder, `${name}.log`), 'a')
    const child = spawn(command, args, { cwd: order.folder, stdio: ['ignore', log, log] })
    const ended = once(child, 'close').finally(() => {
      running.delete(child)
      report({ ended: name, exitCode: child.exitCode })
    })
    running.set(child, ended)
    child.once('error', () => report({ ended: name, exitCode: null }))
    if (child.pid !== undefined) report({ started: name, processId: child.pid })
  }
}

async function end(): Promise<void> {
  const ended = [...running.values()]
  for (const child of running.keys()) child.kill('SIGKILL')
  await Promise.allSettled(ended)
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  process.exit(0)
}

// The parent may be gone already: a report that nobody reads is no reason to leave the processes behind.
process.stdout.on('error', () => process.stdin.destroy())
const input = createInterface({ input: process.stdin })
input.once('line', (line) => {
  const order: WatchdogOrder = JSON.parse(line)
  start(order)
})
process.stdin.once('close', () => void end())
