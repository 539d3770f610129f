import { logRedaction } from '@postern/log-redaction'
import { type DestinationStream, type Logger, destination, pino, stdTimeFunctions } from 'pino'

import type { LogRequest } from '../http/access-log.ts'
import { createRequestLine } from './request-line.ts'

export interface LoggerOptions {
  level: string
  replicaId: string
  /** For tests; default: standard output, written without blocking. */
  stream?: DestinationStream
}

export interface ProcessLogger {
  logger: Logger
  /** The access log. */
  logRequest: LogRequest
  /** Writes what is still in memory; to be called before the process ends. */
  flush: () => void
}

/** Lines leave together when this many bytes have come, or after this many milliseconds: a write costs as much as ten. */
const linesBytes = 4096
const linesAgeMsMax = 100

/** One JSON object a line. What looks like a secret never reaches the line, see @postern/log-redaction. */
export function createLogger({ level, replicaId, stream }: LoggerOptions): ProcessLogger {
  const standardOutput =
    stream === undefined
      ? destination({ dest: 1, sync: false, minLength: linesBytes, periodicFlush: linesAgeMsMax })
      : undefined
  const logger = pino(
    {
      level,
      base: { replica: replicaId },
      timestamp: stdTimeFunctions.isoTime,
      ...logRedaction,
      formatters: { ...logRedaction.formatters, level: (label) => ({ level: label }) },
    },
    stream ?? standardOutput,
  )
  const out = stream ?? standardOutput
  const requestLine = createRequestLine(replicaId, () => Date.now())
  const logRequest: LogRequest = logger.isLevelEnabled('info')
    ? (finished, reqId, ip) => {
        out?.write(requestLine(finished, reqId, ip))
      }
    : () => undefined
  return { logger, logRequest, flush: () => standardOutput?.flushSync() }
}
