import { clusterVariable, postgresVariable } from './config.ts'
import type { Experiment, ExperimentLine, ExperimentSize } from './experiment.ts'
import { runInProcess } from './run-in-process.ts'
import { startSharedCluster } from './world/open-cluster.ts'
import { openPostgres } from './world/start-postgres.ts'

export interface RunEachOptions {
  size: ExperimentSize
  say: (line: string) => void
  print: (line: ExperimentLine) => void
}

/**
 * Each experiment in a process of its own, so that none measures what another left on the event loop or in the heap;
 * PostgreSQL and the API server, which take long to start, serve all. True when every property that can be shown here holds.
 */
export async function runEach(
  several: readonly Experiment[],
  { size, say, print }: RunEachOptions,
): Promise<boolean> {
  await using ends = new AsyncDisposableStack()
  const [postgres, cluster] = await Promise.all([openPostgres(), startSharedCluster()])
  ends.defer(() => postgres.close())
  ends.defer(async () => cluster?.close())
  const environment = {
    [postgresVariable]: postgres.url,
    ...(cluster === undefined ? {} : { [clusterVariable]: JSON.stringify(cluster.handover) }),
  }
  const run = async (experiment: Experiment): Promise<boolean> => {
    const missing = experiment.missing?.()
    if (missing !== undefined) {
      say(`${experiment.name}: NOT RUN, something is not installed here; to run it: ${missing}`)
      return true
    }
    const line = await runInProcess(experiment, { size, environment, say })
    print(line)
    return line.ok
  }
  return await runInTurn(several, run)
}

/** One after the other, and those that mostly wait after the others, two at a time. @returns whether all hold */
export async function runInTurn(
  several: readonly Experiment[],
  run: (experiment: Experiment) => Promise<boolean>,
): Promise<boolean> {
  const [demanding, waiting] = [
    several.filter(({ mostlyWaits }) => mostlyWaits !== true),
    several.filter(({ mostlyWaits }) => mostlyWaits === true),
  ]
  let allHold = true
  const work = async (queue: Experiment[]): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      if (!(await run(next))) allHold = false
  }
  await work(demanding)
  await Promise.all([work(waiting), work(waiting)])
  return allHold
}
