import { randomOf } from '../../../apps/control-plane/src/gateway-pools/test/virtual-time.ts'
import { announceTunnels } from './announce-tunnels.ts'
import { type CommitFigures, commitInGroups } from './commit-in-groups.ts'
import { countHops } from './count-hops.ts'
import { countReads } from './count-reads.ts'
import { measuredCosts } from './measured-costs.ts'
import { type Placement, placeTunnels } from './place-tunnels.ts'

export interface Demand {
  gateways: number
  identities: number
  loginsPerSecond: number
}

export interface ScaleFigures {
  demand: Demand
  replicas: number
  /** Logins whose review goes to another replica. */
  hopShare: number
  /** Of a core of each replica, while one is away. */
  cpu: { logins: number; hops: number; presence: number; tunnels: number }
  tunnels: { all: number; perReplicaMax: number; processesOnOneReplica: number }
  postgres: CommitFigures & {
    connections: number
    readsPerSecond: number
    cores: number
    auditBytesPerDay: number
  }
  nats: {
    presencePerSecond: number
    presenceBytesOutPerSecond: number
    reviewMessagesPerSecond: number
    cores: number
  }
  memoryBytes: number
}

/** As docs/operations.md has it. */
const processesPerGateway = 2
const tunnelsPerProcess = 2
const announceSeconds = 5
/** Of one core, with one replica away: the rest is for what comes unevenly. */
const cpuMax = 0.7
const connectionsPerReplica = 12
/** Request and answer, each into NATS and out of it. */
const messagesPerHop = 4
const sampledLogins = 3_000

/** The fewest replicas that bear it with one of them away, and what they then have to do. Always the same for a seed. */
export async function simulateScale(demand: Demand, seed = 1): Promise<ScaleFigures> {
  const random = randomOf(seed)
  const replicas = fewestReplicas(demand, random)
  const placement = place(demand, replicas, random)
  const hopShare = countHops(placement, sampledLogins, random)
  const { loginsPerSecond, identities } = demand
  const seconds = sampledLogins / loginsPerSecond
  const commits = await commitInGroups({ replicas, loginsPerSecond, seconds, random })
  const perReplica = { loginsPerSecond: loginsPerSecond / replicas, logins: sampledLogins, random }
  const reads = await countReads({ identities, ...perReplica })
  const { login, hop, presence, tunnel, auditBytesPerEvent, replicaBytes } = measuredCosts
  const said = placement.ofReplica.map((count) => announceTunnels(count))
  const all = placement.ofReplica.reduce((total, count) => total + count, 0)
  const perReplicaMax = Math.max(...placement.ofReplica)
  const messages = said.reduce((total, one) => total + one.messages, 0) / announceSeconds
  const bytes = said.reduce((total, one) => total + one.bytes, 0) / announceSeconds
  return {
    demand,
    replicas,
    hopShare,
    cpu: loadOf(demand, place(demand, replicas - 1, random), random),
    tunnels: { all, perReplicaMax, processesOnOneReplica: shareOnOneReplica(placement) },
    postgres: {
      ...commits,
      connections: replicas * connectionsPerReplica,
      readsPerSecond: reads * loginsPerSecond,
      cores: (loginsPerSecond * login.postgresMicros) / 1e6,
      auditBytesPerDay: loginsPerSecond * 86_400 * auditBytesPerEvent,
    },
    nats: {
      presencePerSecond: messages,
      presenceBytesOutPerSecond: bytes * (replicas - 1),
      reviewMessagesPerSecond: loginsPerSecond * hopShare * messagesPerHop,
      cores: (loginsPerSecond * hopShare * hop.natsMicros) / 1e6,
    },
    memoryBytes: replicaBytes + perReplicaMax * tunnel.bytes + (all - perReplicaMax) * presence.keptBytes,
  }
}

/** With one of them away, the others are not above their limit; by bisection, as each more makes it easier. */
function fewestReplicas(demand: Demand, random: () => number): number {
  const cores = (demand.loginsPerSecond * measuredCosts.login.controlPlaneMicros) / 1e6
  let [tooFew, enough] = [1, Math.max(3, Math.ceil(8 * cores))]
  while (enough - tooFew > 1) {
    const replicas = Math.floor((tooFew + enough) / 2)
    if (sum(loadOf(demand, place(demand, Math.max(1, replicas - 1), random), random)) > cpuMax)
      tooFew = replicas
    else enough = replicas
  }
  return Math.max(3, enough)
}

function place(demand: Demand, replicas: number, random: () => number): Placement {
  return placeTunnels({ gateways: demand.gateways, processesPerGateway, tunnelsPerProcess, replicas, random })
}

/** Of a core of the replica with the most tunnels. */
function loadOf(
  { loginsPerSecond }: Demand,
  placement: Placement,
  random: () => number,
): ScaleFigures['cpu'] {
  const { login, hop, presence, tunnel } = measuredCosts
  const logins = loginsPerSecond / placement.ofReplica.length
  const hops = logins * countHops(placement, sampledLogins, random)
  const own = Math.max(...placement.ofReplica)
  const others = placement.ofReplica.reduce((total, count) => total + count, 0) - own
  return {
    logins: (logins * login.controlPlaneMicros) / 1e6,
    hops: (hops * (hop.requesterMicros + hop.holderMicros)) / 1e6,
    presence: (own * presence.sayMicros + others * presence.hearMicros) / announceSeconds / 1e6,
    tunnels: (own * tunnel.microsPerSecond) / 1e6,
  }
}

function sum({ logins, hops, presence, tunnels }: ScaleFigures['cpu']): number {
  return logins + hops + presence + tunnels
}

/** Processes whose tunnels would be lost together. */
function shareOnOneReplica({ ofGateway }: Placement): number {
  let [processes, together] = [0, 0]
  for (const tunnels of ofGateway) {
    for (let start = 0; start < tunnels.length; start += tunnelsPerProcess) {
      processes += 1
      if (new Set(tunnels.slice(start, start + tunnelsPerProcess)).size < tunnelsPerProcess) together += 1
    }
  }
  return together / processes
}
