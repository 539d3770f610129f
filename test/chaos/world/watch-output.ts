import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeProcess } from '../../processes/node-process.ts'

/** A line that a program of ours has logged. */
export interface LogLine {
  /** Milliseconds of Unix time. */
  time: number
  msg: string
  [field: string]: unknown
}

/**
 * What it has logged since `since` (Unix time in milliseconds) with this message. From the end: whoever looks often must
 * not read megabytes each time, and count that for what is looked at.
 */
export function linesOf(program: Pick<NodeProcess, 'output'>, message: string, since: number): LogLine[] {
  const output = program.output()
  const mark = `"msg":"${message}"`
  const found: LogLine[] = []
  for (let at = output.lastIndexOf(mark); at >= 0; at = output.lastIndexOf(mark, at - 1)) {
    const end = output.indexOf('\n', at)
    // Half a line is read with its other half.
    if (end < 0) continue
    const line = JSON.parse(output.slice(output.lastIndexOf('\n', at) + 1, end)) as Record<string, unknown>
    const time = Date.parse(String(line['time']))
    if (time < since) break
    found.unshift({ ...line, time, msg: message })
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
