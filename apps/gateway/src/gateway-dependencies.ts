import type { Timing } from './tunnel/timing.ts'

export interface GatewayDependencies {
  log: GatewayLog
  timing: Timing
  /** This build's version. */
  version: string
}

/** A logger of pino's shape. */
export interface GatewayLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
