// pnpm chaos P3: shows one property of tunnel.md §5 on the running program and prints its figures as JSON on the last line.
import { Command } from 'commander'
import type { ExperimentLine, ExperimentSize } from './experiment.ts'
import { experiments } from './experiments.ts'
import { runEach } from './run-each.ts'
import { chooseExperiments, runExperiment } from './run-experiment.ts'

const say = (line: string): void => void process.stderr.write(`${line}\n`)
const print = (line: ExperimentLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`)

// Whatever an experiment started ends with this process: see start-…-process.ts and work-folder.ts.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.once(signal, () => process.exit(code))

const program = new Command('chaos')
  .description('Breaks things and measures what that costs: each property of the tunnel is an experiment.')
  .argument('[names...]', 'experiments, as in P3 P5')
  .option('--all', 'every experiment, a line each; goes on after a failure')
  .option('--quick', 'some 25 s for each experiment instead of what the property says')
  .option('--list', 'says which experiments there are')
  .addHelpText(
    'after',
    '\nProgress goes to standard error, JSON to standard output. Exit code 1 when a property does not hold.',
  )
  .parse()
const options = program.opts<{ all?: true; quick?: true; list?: true }>()
const size: ExperimentSize = options.quick === true ? 'quick' : 'full'
const { chosen, unknown } = chooseExperiments(experiments, program.args)

if (options.list === true) {
  for (const { name, asked } of experiments) process.stdout.write(`${name.padEnd(4)} ${asked}\n`)
} else if (unknown.length > 0) {
  program.error(
    `error: no experiment ${unknown.join(', ')}; there are ${experiments.map(({ name }) => name).join(', ')}`,
  )
} else if (options.all === true || chosen.length > 1) {
  const several = options.all === true ? experiments : chosen
  process.exitCode = (await runEach(several, { size, say, print })) ? 0 : 1
} else if (chosen[0] === undefined) {
  program.error('error: name an experiment, or --all; --list says which there are')
} else {
  const line = await runExperiment(chosen[0], size, say)
  print(line)
  process.exit(line.ok ? 0 : 1)
}
