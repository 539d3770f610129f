import type { ReviewTunnel } from '../../gateways/review-attempt.ts'
import type { TunnelRegistry } from '../tunnel-registry.ts'
import type { RemoteTunnelTable } from './remote-tunnel-table.ts'

type Source = Pick<TunnelRegistry, 'isReturning' | 'waitForTunnel'> & {
  tunnelsOf(gatewayId: string): readonly ReviewTunnel[]
}

/** The tunnels of this replica and of all others, for reviews. No tunnel is on both sides. */
export function joinTunnels(
  own: Source,
  remote: Pick<RemoteTunnelTable, 'tunnelsOf' | 'isReturning' | 'waitForTunnel'>,
): Source {
  return {
    tunnelsOf: (gatewayId) => {
      const [ours, theirs] = [own.tunnelsOf(gatewayId), remote.tunnelsOf(gatewayId)]
      if (theirs.length === 0) return ours
      return ours.length === 0 ? theirs : [...ours, ...theirs]
    },
    isReturning: (gatewayId) => own.isReturning(gatewayId) || remote.isReturning(gatewayId),
    waitForTunnel: async (gatewayId, waitMs, signal) => {
      const over = new AbortController()
      const end = (): void => over.abort()
      signal?.addEventListener('abort', end)
      if (signal?.aborted === true) end()
      await Promise.race([
        own.waitForTunnel(gatewayId, waitMs, over.signal),
        remote.waitForTunnel(gatewayId, waitMs, over.signal),
      ])
      signal?.removeEventListener('abort', end)
      end()
    },
  }
}
