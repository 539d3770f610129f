/**
 * `pnpm demo`: the main job from end to end on this machine. A pod in a cluster that nothing dials into logs in
 * through a gateway and reads what it came for, and another one is refused. Every call is the public HTTP API's.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { runDemo } from './run-demo.ts'
import { createNarrator } from './narrator.ts'

interface DemoFlags {
  keep?: true
  standIn?: true
  kubeconfig?: string
}

const program = new Command('demo')
  .description('A control plane, a cluster, a gateway, one login that works and one that is refused.')
  .option('--keep', 'leave everything running, with the URLs and curl lines to try, until Ctrl-C')
  .option('--stand-in', 'use the built-in Kubernetes stand-in even where a real API server is installed')
  .option('--kubeconfig <file>', 'use your own cluster: the current context of this kubeconfig')
  .parse()
const flags = program.opts<DemoFlags>()

const stopping = new AbortController()
const signalled = new Promise<NodeJS.Signals>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // A second one changes nothing: everything is being closed.
    process.on(signal, () => {
      stopping.abort()
      resolve(signal)
    })
  }
})

const folder = await mkdtemp(join(tmpdir(), 'postern-demo-'))
const open: Array<{ close(): Promise<unknown> }> = []
const narrator = createNarrator(
  (text) => process.stdout.write(text),
  () => performance.now(),
  stopping.signal,
)
try {
  await runDemo({
    folder,
    narrator,
    closeLater: (it) => open.push(it),
    stopping: stopping.signal,
    standIn: flags.standIn === true,
    keep: flags.keep === true,
    ...(flags.kubeconfig === undefined ? {} : { kubeconfig: flags.kubeconfig }),
  })
  if (flags.keep === true) await signalled
} catch (error) {
  process.exitCode = stopping.signal.aborted ? tellSignal(await signalled) : tellFailure(error)
} finally {
  for (const it of open.toReversed()) {
    await it.close().catch((error: unknown) => process.stderr.write(`while closing: ${String(error)}\n`))
  }
  await rm(folder, { recursive: true, force: true })
}

/** Whatever went wrong then is of the stopping: Ctrl-C reaches what was started, too. */
function tellSignal(signal: NodeJS.Signals): number {
  process.stderr.write(`\nStopped by ${signal}.\n`)
  return 128 + constants.signals[signal]
}

function tellFailure(error: unknown): number {
  process.stderr.write(
    `\nThe demonstration failed: ${error instanceof Error ? error.message : String(error)}\n`,
  )
  return 1
}
