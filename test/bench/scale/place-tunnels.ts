import { ReplicaSpread } from '../../../apps/gateway/src/tunnel/replica-spread.ts'

export interface Placement {
  /** The replica of each tunnel, by gateway. */
  ofGateway: readonly (readonly number[])[]
  /** Tunnels, by replica. */
  ofReplica: readonly number[]
}

export interface PlacementOptions {
  gateways: number
  processesPerGateway: number
  tunnelsPerProcess: number
  replicas: number
  /** From 0 to 1, without 1. */
  random: () => number
}

/** How long gateways have had to find different replicas, in milliseconds. */
const settledAfterMs = 10 * 60_000

/** Where tunnels end up when a balancer sends each dial to any replica, and a tunnel beside another dials again. */
export function placeTunnels(options: PlacementOptions): Placement {
  const { gateways, processesPerGateway, replicas } = options
  const ofReplica = Array.from({ length: replicas }, () => 0)
  const ofGateway = Array.from({ length: gateways }, () =>
    Array.from({ length: processesPerGateway }, () => placeProcess(options)).flat(),
  )
  for (const replica of ofGateway.flat()) ofReplica[replica] = (ofReplica[replica] ?? 0) + 1
  return { ofGateway, ofReplica }
}

function placeProcess({ tunnelsPerProcess, replicas, random }: PlacementOptions): number[] {
  const spread = new ReplicaSpread(random)
  return Array.from({ length: tunnelsPerProcess }, (_, slot) => {
    for (let elapsedMs = 0; ;) {
      const replica = Math.floor(random() * replicas)
      const againMs = spread.welcomed(slot, `replica-${replica}`)
      elapsedMs += againMs ?? settledAfterMs
      if (elapsedMs >= settledAfterMs) return replica
    }
  })
}
