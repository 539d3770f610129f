import type { TunnelLog } from './tunnel-observer.ts'
import { busy } from './read-upgrade.ts'
import type { UpgradeRefusal } from './upgrade-refusal.ts'

/** Who dials, as the upgrade has proven. */
export interface AuthenticatedGateway {
  gatewayId: string
  organizationId: string
  keyId: string
  /** Where it dials from. */
  ipAddress?: string
}

export interface UpgradeDial {
  bearer: string | undefined
  /** Unix time in milliseconds. */
  nowMs: number
  ipAddress?: string
}

/** Who a gateway is, by the bearer of its upgrade. Rejects only when the answer cannot be known now. */
export type AuthenticateUpgrade = (dial: UpgradeDial) => Promise<
  | ({ ok: true } & Omit<AuthenticatedGateway, 'ipAddress'>)
  /** `isProven`: by whoever holds a key that was ours once, whatever the refusal says of it. */
  | ({ ok: false; isProven?: boolean } & UpgradeRefusal)
>

/** What a dial has shown of whom it is from. `none`: anybody could have sent it. */
export type Proof = 'proven' | 'none' | 'unclear'

export type UpgradeAuthentication =
  | { proof: 'proven'; gateway: AuthenticatedGateway }
  | { proof: 'none' | 'unclear'; refusal: UpgradeRefusal }

/** What a dial without a key of ours is refused with. */
const strangersCodes: ReadonlySet<string> = new Set(['credential-unknown', 'token-malformed'])

/** Never rejects, and takes no longer than the deadline. */
export async function authenticateUpgrade(
  { authenticateGateway, log }: { authenticateGateway: AuthenticateUpgrade; log: Pick<TunnelLog, 'error'> },
  dial: UpgradeDial,
  deadline: AbortSignal,
): Promise<UpgradeAuthentication> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  const onDeadline = (): void => {
    resolve(undefined)
  }
  deadline.addEventListener('abort', onDeadline)
  if (deadline.aborted) onDeadline()
  try {
    const answer = await Promise.race([authenticateGateway(dial), late])
    if (answer === undefined) return unclear('the gateway could not be authenticated in time')
    if (answer.ok) {
      const { gatewayId, organizationId, keyId } = answer
      const { ipAddress } = dial
      const from = ipAddress === undefined ? {} : { ipAddress }
      return { proof: 'proven', gateway: { gatewayId, organizationId, keyId, ...from } }
    }
    const isStranger = answer.isProven !== true && strangersCodes.has(answer.code)
    return { proof: isStranger ? 'none' : 'unclear', refusal: answer }
  } catch (error) {
    log.error({ err: error }, 'gateways cannot be authenticated now')
    return unclear('gateways cannot be authenticated now')
  } finally {
    deadline.removeEventListener('abort', onDeadline)
  }
}

function unclear(message: string): UpgradeAuthentication {
  return { proof: 'unclear', refusal: busy(message, 2) }
}
