// One experiment with raw streams, in a process that has loaded nothing but what that takes: the control plane's end is
// in it, and garbage collection there would go through the modules of every other experiment, in front of the reviews.
// Takes the experiment's name and size as its arguments; sends lines of progress and, last, the finding.
import { measureStreamBesideLogins } from '../p13-stream-beside-logins.ts'
import { measureStalledStreams } from '../p14-stalled-streams.ts'
import { measureOneStream } from '../p15-one-stream.ts'
import type { Measure, MeasureMessage, MeasureName } from './measure-alone.ts'

const measures: Record<MeasureName, Measure> = {
  P13: measureStreamBesideLogins,
  P14: measureStalledStreams,
  P15: measureOneStream,
}
const [name = 'P13', size = 'quick'] = process.argv.slice(2)
const send = (message: MeasureMessage): void => void process.send?.(message)
const leave = (): never => process.exit(1)
process.once('disconnect', leave)
const finding = await measures[name as MeasureName](size === 'full' ? 'full' : 'quick', (line) =>
  send({ line }),
)
process.off('disconnect', leave)
process.send?.({ finding } satisfies MeasureMessage, undefined, {}, () => process.disconnect())
