import type {
  GatewayCredential,
  GatewayCredentialStore,
  RevokedCredential,
} from './gateway-credential-store.ts'
import type { LiveTunnels } from './live-tunnels.ts'
import { type RepeatOptions, type Repetition, startRepeating } from './repeat.ts'

export interface RevocationWatchDependencies {
  credentials: Pick<GatewayCredentialStore, 'findRevokedAmong'>
  tunnels: Pick<LiveTunnels, 'closeTunnelsOf' | 'connectedCredentials'>
  logger: { warn(fields: Record<string, unknown>, message: string): void }
  now: () => Date
  sleep: RepeatOptions['sleep']
}

export interface RevocationWatch extends Repetition {
  /** Another replica has revoked something: not in a second, but now. However many ask meanwhile, one check follows. */
  checkNow(): void
}

/** What another replica revoked is known within a second though its notice is lost, with room for the database. */
export const revocationCheckIntervalMs = 800

/**
 * Closes what another replica revoked, and what authenticated at the very moment of its revocation. A database that
 * does not answer is waited for: without it no login succeeds either.
 */
export function startRevocationWatch(dependencies: RevocationWatchDependencies): RevocationWatch {
  const onFailure = (error: unknown): void =>
    dependencies.logger.warn({ err: error }, 'could not check gateways for revocation')
  let checking: Promise<void> | undefined
  let isAskedAgain = false
  const check = async (): Promise<void> => {
    do {
      isAskedAgain = false
      await closeRevoked(dependencies).catch(onFailure)
    } while (isAskedAgain)
    checking = undefined
  }
  const repetition = startRepeating({
    intervalMs: revocationCheckIntervalMs,
    task: () => closeRevoked(dependencies),
    onFailure,
    sleep: dependencies.sleep,
  })
  return {
    checkNow: () => {
      isAskedAgain = checking !== undefined
      checking ??= check()
    },
    close: async () => {
      isAskedAgain = false
      await Promise.all([repetition.close(), checking])
    },
  }
}

async function closeRevoked({ credentials, tunnels, now }: RevocationWatchDependencies): Promise<void> {
  const connected = [...tunnels.connectedCredentials()]
  if (connected.length === 0) return
  const revoked = await credentials.findRevokedAmong(connected, now())
  const [replaced, gone] = [
    revoked.filter(isReplaced),
    revoked.filter((credential) => !isReplaced(credential)),
  ]
  for (const [gatewayId, keyIds] of keyIdsByGateway(gone)) {
    tunnels.closeTunnelsOf(gatewayId, 'gateway-revoked', keyIds)
  }
  for (const [gatewayId, keyIds] of keyIdsByGateway(replaced)) {
    tunnels.closeTunnelsOf(gatewayId, 'credential-replaced', keyIds)
  }
}

function isReplaced(credential: RevokedCredential): boolean {
  return credential.isReplaced
}

function keyIdsByGateway(credentials: readonly GatewayCredential[]): Map<string, Set<string>> {
  const result = new Map<string, Set<string>>()
  for (const { gatewayId, keyId } of credentials) {
    const keyIds = result.get(gatewayId) ?? new Set()
    result.set(gatewayId, keyIds.add(keyId))
  }
  return result
}
