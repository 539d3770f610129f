import type { GatewayCredential, GatewayCredentialStore } from './gateway-credential-store.ts'
import type { LiveTunnels } from './live-tunnels.ts'

export interface RevocationWatchDependencies {
  credentials: Pick<GatewayCredentialStore, 'findRevokedAmong'>
  tunnels: Pick<LiveTunnels, 'closeTunnelsOf' | 'connectedCredentials'>
  logger: { warn(fields: Record<string, unknown>, message: string): void }
  now: () => Date
  /** Resolves after the time, or rejects once the signal fires. */
  sleep: (ms: number, signal: AbortSignal) => Promise<unknown>
}

export interface RevocationWatch {
  /** Resolves when nothing runs any more. */
  close(): Promise<void>
}

/** Twice in the five seconds within which a revoked gateway must be gone, with room for a slow database. */
export const revocationCheckIntervalMs = 2000

/**
 * Closes what another replica revoked, and what authenticated at the very moment of its revocation. A database that
 * does not answer is waited for: without it no login succeeds either.
 */
export function startRevocationWatch(dependencies: RevocationWatchDependencies): RevocationWatch {
  const stopping = new AbortController()
  const running = watch(dependencies, stopping.signal)
  return {
    close: async () => {
      stopping.abort()
      await running
    },
  }
}

async function watch(dependencies: RevocationWatchDependencies, signal: AbortSignal): Promise<void> {
  while (await slept(dependencies, signal)) {
    try {
      await closeRevoked(dependencies)
    } catch (error) {
      dependencies.logger.warn({ err: error }, 'could not check gateways for revocation; checking again')
    }
  }
}

async function slept({ sleep }: RevocationWatchDependencies, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(revocationCheckIntervalMs, signal)
    return !signal.aborted
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}

async function closeRevoked({ credentials, tunnels, now }: RevocationWatchDependencies): Promise<void> {
  const connected = [...tunnels.connectedCredentials()]
  if (connected.length === 0) return
  const revoked = await credentials.findRevokedAmong(connected, now())
  for (const [gatewayId, keyIds] of keyIdsByGateway(revoked)) {
    tunnels.closeTunnelsOf(gatewayId, 'gateway-revoked', keyIds)
  }
}

function keyIdsByGateway(credentials: readonly GatewayCredential[]): Map<string, Set<string>> {
  const result = new Map<string, Set<string>>()
  for (const { gatewayId, keyId } of credentials) {
    const keyIds = result.get(gatewayId) ?? new Set()
    result.set(gatewayId, keyIds.add(keyId))
  }
  return result
}
