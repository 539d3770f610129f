import { logRedactionConformance } from '@postern/log-redaction/conformance'
import { createLogger } from './logger.ts'

logRedactionConformance((stream) => createLogger('trace', stream))
