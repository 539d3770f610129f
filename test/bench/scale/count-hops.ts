import { chooseTunnel } from '../../../apps/control-plane/src/gateway-pools/choosing/choose-tunnel.ts'
import { TunnelStandings } from '../../../apps/control-plane/src/gateway-pools/choosing/tunnel-standing.ts'
import type { ReviewTunnel } from '../../../apps/control-plane/src/gateways/review-attempt.ts'
import type { Placement } from './place-tunnels.ts'

const remoteCostFactor = 1.25

/** The share of logins whose review goes to another replica: any gateway's, at any replica, nothing else under way. */
export function countHops(placement: Placement, logins: number, random: () => number): number {
  const { ofGateway, ofReplica } = placement
  let hops = 0
  for (let count = 0; count < logins; count += 1) {
    const gateway = Math.floor(random() * ofGateway.length)
    const here = Math.floor(random() * ofReplica.length)
    const standings = new TunnelStandings(() => 0)
    const candidates = (ofGateway[gateway] ?? []).map((replica, index) =>
      standings.of(idleTunnel(`${gateway}`, index, replica === here)),
    )
    const chosen = chooseTunnel(candidates, [], { now: 0, random })
    if (chosen?.tunnel.costFactor === remoteCostFactor) hops += 1
  }
  return hops / logins
}

function idleTunnel(gatewayId: string, index: number, isLocal: boolean): ReviewTunnel {
  return {
    tunnelId: `${gatewayId}-${index}`,
    gatewayId,
    organizationId: 'organization',
    instanceId: `${Math.floor(index / 2)}`,
    isRoutable: true,
    isSuspect: false,
    inFlight: 0,
    roundTripMs: 1,
    peer: { inFlight: 0, eventLoopLagMs: 0 },
    costFactor: isLocal ? 1 : remoteCostFactor,
    review: () => Promise.resolve({ kind: 'cancelled' }),
  }
}
