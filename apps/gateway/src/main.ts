import { CommanderError } from 'commander'
import type { Logger } from 'pino'
import { createGateway, type Gateway } from './app.ts'
import { gatewayVersion, parseCommandLine } from './command-line.ts'
import { configFrom, readEnvironment, type GatewayConfig, type GatewayFlags } from './config.ts'
import { createLogger } from './logger.ts'
import { systemTiming } from './tunnel/timing.ts'

process.exitCode = await main()
process.exit()

/** The exit code: 0 after a signal, 1 when a person has to do something first; the kubelet then starts it again. */
async function main(): Promise<number> {
  const flags = readFlags()
  if (typeof flags === 'number') return flags
  const outcome = configFrom(readEnvironment(), flags)
  for (const warning of outcome.warnings) process.stderr.write(`Warning: ${warning}\n`)
  if (outcome.kind === 'config') return run(outcome.config)
  const list = outcome.problems.map((problem) => `  * ${problem}\n`).join('')
  process.stderr.write(`postern-gateway cannot start:\n${list}`)
  return 1
}

function readFlags(): GatewayFlags | number {
  try {
    return parseCommandLine(process.argv.slice(2))
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode
    throw error
  }
}

async function run(config: GatewayConfig): Promise<number> {
  const log = createLogger(config.logLevel)
  const gateway = createGateway(config, { log, timing: systemTiming, version: gatewayVersion })
  const code = await serve(gateway, log)
  await new Promise<void>((resolve) => log.flush(() => resolve()))
  return code
}

async function serve(gateway: Gateway, log: Logger): Promise<number> {
  const signalled = firstSignal(log)
  try {
    await gateway.start()
    const end = await Promise.race([gateway.ended, signalled])
    if (typeof end === 'string') log.info({ signal: end }, 'stopping')
    else if (end.kind === 'refused') log.fatal({ remedy: end.remedy }, 'stopping: this needs a person')
    await gateway.close()
    return typeof end === 'string' || end.kind === 'closed' ? 0 : 1
  } catch (error) {
    // What start() rejects with names the remedy and holds no secret; a bug is told with its stack.
    log.fatal({ err: error }, 'the gateway cannot go on')
    await gateway.close()
    return 1
  }
}

/** Resolves with the first signal to stop; a second one does not wait for the end of what the first began. */
function firstSignal(log: Logger): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let isStopping = false
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isStopping) {
      log.warn({ signal }, 'stopping at once')
      log.flush(() => process.exit(1))
      return
    }
    isStopping = true
    resolve(signal)
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  return promise
}
