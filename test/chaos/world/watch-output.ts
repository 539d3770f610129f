import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeProcess } from '../../processes/node-process.ts'

/** A line that a program of ours has logged. */
export interface LogLine {
  /** Milliseconds of Unix time. */
  time: number
  msg: string
  [field: string]: unknown
}

/** What it has logged since `since` (Unix time in milliseconds) with this message. */
export function linesOf(program: Pick<NodeProcess, 'output'>, message: string, since: number): LogLine[] {
  const found: LogLine[] = []
  for (const text of program.output().split('\n')) {
    if (!text.includes(`"msg":"${message}"`)) continue
    const line = JSON.parse(text) as Record<string, unknown>
    const time = Date.parse(String(line['time']))
    if (time >= since) found.push({ ...line, time, msg: message })
  }
  return found
}

/** Resolves with the time that it took until `holds` did, looking every `everyMs`; undefined when it did not in time. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  withinMs: number,
  everyMs = 10,
): Promise<number | undefined> {
  const startedAt = performance.now()
  for (;;) {
    if (await holds()) return performance.now() - startedAt
    if (performance.now() - startedAt > withinMs) return undefined
    await sleep(everyMs)
  }
}
