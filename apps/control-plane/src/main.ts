import packageJson from '../package.json' with { type: 'json' }
import { readCommandLine } from './command-line.ts'
import { type Config, configFrom, readEnvironment } from './config.ts'
import { type ControlPlane, openControlPlane } from './control-plane.ts'
import { type ProcessLogger, createLogger } from './observability/logger.ts'
import { StartupProblem } from './startup-problem.ts'

/** One Ctrl-C comes twice where a supervisor such as `node --watch` passes on what the terminal has sent to all. */
const doubledSignalMsMax = 500

process.exit(await main())

/** @returns the exit code: 0 after a signal, 1 when the operator must do something, or after a loss or a bug */
async function main(): Promise<number> {
  const commandLine = readCommandLine(process.argv.slice(2))
  if (commandLine.kind === 'print') {
    const stream = commandLine.exitCode === 0 ? process.stdout : process.stderr
    stream.write(commandLine.text)
    return commandLine.exitCode
  }
  const outcome = configFrom(readEnvironment(), commandLine.flags)
  for (const warning of outcome.warnings) tell(`Warning: ${warning}`)
  if (outcome.ok) return run(outcome.config)
  tell(['Postern cannot start:', ...outcome.problems.map((problem) => `  * ${problem}`)].join('\n'))
  return 1
}

async function run(config: Config): Promise<number> {
  const processLogger = createLogger({ level: config.logLevel, replicaId: config.replicaId })
  const { logger, logRequest, flush } = processLogger
  dieOfBugs(processLogger)
  const stopping = new AbortController()
  const { promise: ending, resolve: end } = Promise.withResolvers<{ exitCode: number }>()
  onSignals((signal) => {
    logger.info({ signal }, 'stopping; a second signal ends at once')
    stopping.abort()
    end({ exitCode: 0 })
  }, flush)
  const onLoss = (reason: string): void => {
    logger.fatal({ reason }, 'stopping: this process cannot go on')
    end({ exitCode: 1 })
  }
  try {
    const { version } = packageJson
    const controlPlane = await openControlPlane({
      config,
      logger,
      logRequest,
      version,
      onLoss,
      signal: stopping.signal,
    })
    logger.info({ url: controlPlane.url, publicUrl: config.publicUrl, version }, 'ready')
    tellFirstStep(controlPlane)
    const { exitCode } = await ending
    await controlPlane.close()
    logger.info('stopped')
    return exitCode
  } catch (error) {
    if (stopping.signal.aborted) return 0
    if (error instanceof StartupProblem) tell(`Postern cannot start: ${error.message}`)
    else logger.fatal({ err: error }, 'cannot start')
    return 1
  } finally {
    flush()
  }
}

/** The first signal asks to stop; the second one does not wait. The embedded PostgreSQL is adopted at the next start. */
function onSignals(stop: (signal: NodeJS.Signals) => void, flush: () => void): void {
  let firstAt: number | undefined
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (firstAt === undefined) {
        firstAt = performance.now()
        stop(name)
      } else if (performance.now() - firstAt > doubledSignalMsMax) {
        flush()
        process.exit(1)
      }
    })
  }
}

/** After an error that nobody caught, nothing can be relied on. */
function dieOfBugs({ logger, flush }: ProcessLogger): void {
  process.on('uncaughtException', (error, origin) => {
    logger.fatal({ err: error, origin }, 'a bug: this process ends')
    flush()
    process.exit(1)
  })
}

function tellFirstStep({ url, isFresh }: ControlPlane): void {
  if (!isFresh) return
  const body = JSON.stringify({
    email: 'you@example.com',
    password: 'choose-a-long-one',
    organization: 'Example',
  })
  tell(
    [
      `Postern is at ${url}. It has no organization yet; make the first one, and its admin:`,
      `  curl -X POST ${url}/api/v1/admin/bootstrap -H 'content-type: application/json' \\`,
      `    -d '${body}'`,
    ].join('\n'),
  )
}

/** For people: standard output carries the log. */
function tell(text: string): void {
  process.stderr.write(`${text}\n`)
}
