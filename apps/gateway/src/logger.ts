import { logRedaction } from '@postern/log-redaction'
import { pino, type DestinationStream, type Logger } from 'pino'

/** One JSON object a line. What looks like a secret never reaches the line, see @postern/log-redaction. */
export function createLogger(
  level: string,
  stream: DestinationStream = pino.destination({ dest: 1, sync: false }),
): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, ...logRedaction }, stream)
}
