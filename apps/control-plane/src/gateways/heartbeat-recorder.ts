import type { GatewayStore } from './gateway-store.ts'
import type { LiveTunnels } from './live-tunnels.ts'
import { type RepeatOptions, type Repetition, startRepeating } from './repeat.ts'

export interface HeartbeatRecorderDependencies {
  gateways: Pick<GatewayStore, 'recordConnected'>
  tunnels: Pick<LiveTunnels, 'connectedCredentials'>
  logger: { warn(fields: Record<string, unknown>, message: string): void }
  now: () => Date
  sleep: RepeatOptions['sleep']
}

export const heartbeatIntervalMs = 20_000

/** Keeps `lastConnectedAt` near the truth for tunnels that stay up for weeks: one statement a round, whatever their number. */
export function startHeartbeatRecorder(dependencies: HeartbeatRecorderDependencies): Repetition {
  return startRepeating({
    intervalMs: heartbeatIntervalMs,
    task: () => recordConnected(dependencies),
    onFailure: (error) =>
      dependencies.logger.warn({ err: error }, 'could not record which gateways are connected'),
    sleep: dependencies.sleep,
  })
}

async function recordConnected({ gateways, tunnels, now }: HeartbeatRecorderDependencies): Promise<void> {
  const gatewayIds = new Set([...tunnels.connectedCredentials()].map(({ gatewayId }) => gatewayId))
  if (gatewayIds.size > 0) await gateways.recordConnected([...gatewayIds], now())
}
