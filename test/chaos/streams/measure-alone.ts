import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Experiment, Finding } from '../experiment.ts'

export type MeasureName = 'P13' | 'P14' | 'P15'
export type Measure = Experiment['run']
export type MeasureMessage = { line: string } | { finding: Finding }

const processFile = fileURLToPath(new URL('measure-process.ts', import.meta.url))

/** What `measure-process.ts` finds. Rejects when it ends without a finding. */
export function measureAlone(name: MeasureName): Measure {
  return async (size, say) => {
    const child = fork(processFile, [name, size])
    let found: Finding | undefined
    child.on('message', (message: MeasureMessage) => {
      if ('line' in message) say(message.line)
      else found = message.finding
    })
    await once(child, 'exit')
    if (found === undefined) throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode}`)
    return found
  }
}
