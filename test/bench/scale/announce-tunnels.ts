import { createSecretKey } from 'node:crypto'
import { MessageSealer } from '../../../apps/control-plane/src/replicas/sealed-message.ts'
import {
  type AnnouncedTunnel,
  presenceLimits,
  writePresence,
} from '../../../apps/control-plane/src/tunnel/remote/presence.ts'

export interface Announcement {
  messages: number
  bytes: number
}

/** What one replica says when it names all its tunnels. */
export function announceTunnels(tunnels: number): Announcement {
  const sealer = new MessageSealer(createSecretKey(Buffer.alloc(32)))
  const all = Array.from({ length: tunnels }, (_, index) => anyTunnel(index))
  let [messages, bytes] = [0, 0]
  for (let start = 0; start < tunnels; start += presenceLimits.hereMax) {
    messages += 1
    const here = all.slice(start, start + presenceLimits.hereMax)
    const from = { processId: idOf(0), replicaId: 'postern-0', sequence: messages, sentAtMs: 1_000_000.125 }
    const message = writePresence({ ...from, here, gone: [], isLeaving: false })
    bytes += sealer.seal('postern.tunnels', message).byteLength
  }
  return { messages, bytes }
}

/** As a gateway in a cluster of today says it. */
export function anyTunnel(index: number): AnnouncedTunnel {
  const fingerprint = (seed: number): Uint8Array => Buffer.alloc(32, seed)
  return {
    tunnelId: idOf(index),
    gatewayId: idOf(Math.floor(index / 4)),
    organizationId: idOf(1),
    instanceId: idOf(Math.floor(index / 2)),
    keyId: idOf(Math.floor(index / 4)),
    features: 7,
    isRoutable: true,
    isSuspect: false,
    roundTripMs: 12.25,
    load: { inFlight: 1, eventLoopLagMs: 0.5 },
    health: {
      kind: 'health',
      apiServerReachable: true,
      mayReviewTokens: true,
      credentialExpiresAtS: 1_800_000_000,
      detail: '',
    },
    cluster: {
      kind: 'cluster',
      rootCaSha256: [fingerprint(1)],
      tokenIssuer: 'https://kubernetes.default.svc.cluster.local',
      issuerKeySha256: [fingerprint(2), fingerprint(3)],
    },
  }
}

function idOf(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}
