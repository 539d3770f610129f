// Loaded into a process before its program (NODE_OPTIONS=--import): its wall clock is off by as many milliseconds as
// the file CHAOS_CLOCK_FILE says, read again ten times a second, so that it can be put right under a running program.
import { readFileSync } from 'node:fs'

const file = process.env['CHAOS_CLOCK_FILE'] ?? ''
const RealDate = Date
let offsetMs = Number(readFileSync(file, 'utf8'))
setInterval(() => {
  offsetMs = Number(readFileSync(file, 'utf8'))
}, 100).unref()

/** What is asked for the present gets the wrong one; everything else is as it was. */
globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(RealDate.now() + offsetMs).toString(),
  construct: (target, given: unknown[], newTarget) =>
    Reflect.construct(target, given.length === 0 ? [RealDate.now() + offsetMs] : given, newTarget) as Date,
  get: (target, name) =>
    name === 'now' ? () => RealDate.now() + offsetMs : (Reflect.get(target, name) as unknown),
})
