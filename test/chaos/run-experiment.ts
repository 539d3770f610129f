import { availableParallelism, loadavg } from 'node:os'
import { inspect } from 'node:util'
import type { Experiment, ExperimentLine, ExperimentSize } from './experiment.ts'

/** Runs it and never rejects: an experiment that throws has not shown its property. */
export async function runExperiment(
  experiment: Experiment,
  size: ExperimentSize,
  say: (line: string) => void,
): Promise<ExperimentLine> {
  const { name: chaos, asked } = experiment
  try {
    const { measured, ok } = await experiment.run(size, say)
    sayHowBusy(say)
    return { chaos, asked, measured, ok }
  } catch (error) {
    say(inspect(error))
    const message = error instanceof Error ? error.message : String(error)
    return { chaos, asked, measured: { error: message.slice(0, 2_000) }, ok: false }
  }
}

/** An experiment alone loads the cores it has; more was somebody else, and then the figures are his, too. */
function sayHowBusy(say: (line: string) => void): void {
  const cores = availableParallelism()
  const [load = 0] = loadavg()
  if (load > 3 * cores) say(`load ${load.toFixed(1)} on ${cores} cores: others used this machine meanwhile`)
}

/** The experiments of these names, in their order; `unknown` are names that there are none of. */
export function chooseExperiments(
  all: readonly Experiment[],
  names: readonly string[],
): { chosen: Experiment[]; unknown: string[] } {
  const byName = new Map(all.map((experiment) => [experiment.name.toLowerCase(), experiment]))
  const chosen: Experiment[] = []
  const unknown: string[] = []
  for (const name of names) {
    const found = byName.get(name.toLowerCase())
    if (found === undefined) unknown.push(name)
    else chosen.push(found)
  }
  return { chosen, unknown }
}
