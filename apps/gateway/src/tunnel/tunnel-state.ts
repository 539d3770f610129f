import type { Hop } from './outcome.ts'

/** Why a tunnel was last not there, with what to do about it. */
export interface TunnelTrouble {
  /** Unix time in milliseconds. */
  at: number
  /** A hop, a refusal's code, or how a session ended. */
  code: Hop | 'lost' | 'malformed-frame' | (string & {})
  detail: string
  remedy: string
}

/** Of one slot, for health and metrics; times are Unix time in milliseconds. */
export type TunnelState =
  /** The second tunnel is not dialled before the first is up, on a control plane that takes two. */
  | { phase: 'not-yet'; since: number }
  | { phase: 'dialling'; since: number; trouble: TunnelTrouble | undefined }
  | { phase: 'connected'; since: number; replicaId: string }
  /** It serves, while another is dialled that will take its place. */
  | { phase: 'handing-over'; since: number; replicaId: string; trouble: TunnelTrouble | undefined }
  | { phase: 'waiting'; since: number; until: number; trouble: TunnelTrouble }
  /** The gateway stops: what is in flight is finished. */
  | { phase: 'draining'; since: number }
  /** Refused for good: final. */
  | { phase: 'refused'; since: number; trouble: TunnelTrouble }
  | { phase: 'closed'; since: number }

export const tunnelPhases = [
  'not-yet',
  'dialling',
  'connected',
  'handing-over',
  'waiting',
  'draining',
  'refused',
  'closed',
] as const satisfies TunnelState['phase'][]

/** Whether reviews come through a tunnel in this state. */
export function isServing({ phase }: TunnelState): boolean {
  return phase === 'connected' || phase === 'handing-over'
}
