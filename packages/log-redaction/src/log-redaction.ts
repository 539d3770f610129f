import { bindingNames, redactFields, redacted, redactLine } from './redact.ts'

/** The part of pino's options that keeps secrets out of every line, whoever logs them by mistake. */
export const logRedaction = {
  formatters: { log: redactFields },
  // redactFields has already made plain objects of errors.
  serializers: { err: (error: unknown) => error },
  redact: { paths: [...bindingNames], censor: redacted },
  hooks: { streamWrite: redactLine },
}
