import { heartbeatDefaults, type WelcomeFrame } from '@postern/protocol'

/** A server that asks for pings more often or more rarely than this is not followed, in milliseconds. */
const pingIntervalBounds = { min: 10, max: 30_000 } as const

export function pingIntervalOf({ pingIntervalMs }: Pick<WelcomeFrame, 'pingIntervalMs'>): number {
  if (pingIntervalMs === 0) return heartbeatDefaults.pingIntervalMs
  return Math.min(Math.max(pingIntervalMs, pingIntervalBounds.min), pingIntervalBounds.max)
}
