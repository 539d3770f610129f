import type { AnnouncedTunnel, Presence } from '../remote/presence.ts'

export function announcedTunnel(fields: Partial<AnnouncedTunnel> = {}): AnnouncedTunnel {
  return {
    tunnelId: 'tunnel-1',
    gatewayId: 'gateway-1',
    organizationId: 'organization',
    instanceId: 'instance-1',
    keyId: 'key-1',
    features: 1,
    isRoutable: true,
    isSuspect: false,
    load: { inFlight: 0, eventLoopLagMs: 0 },
    ...fields,
  }
}

export function presenceOf(fields: Partial<Presence> = {}): Presence {
  return {
    processId: 'process-1',
    replicaId: 'there',
    sequence: 1,
    sentAtMs: 0,
    here: [],
    gone: [],
    isLeaving: false,
    ...fields,
  }
}
