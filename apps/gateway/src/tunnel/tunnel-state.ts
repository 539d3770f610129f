import type { Hop } from './outcome.ts'

/** Why the tunnel was last not there, with what to do about it. */
export interface TunnelTrouble {
  /** Unix time in milliseconds. */
  at: number
  /** A hop, a refusal's code, or how a session ended. */
  code: Hop | 'lost' | 'told-to-leave' | 'malformed-frame' | (string & {})
  detail: string
  remedy: string
}

/** For health and metrics; times are Unix time in milliseconds. */
export type TunnelState =
  | { phase: 'dialling'; since: number; trouble: TunnelTrouble | undefined }
  | { phase: 'connected'; since: number; replicaId: string }
  | { phase: 'waiting'; since: number; until: number; trouble: TunnelTrouble }
  /** Refused for good: final. */
  | { phase: 'refused'; since: number; trouble: TunnelTrouble }
  | { phase: 'closed'; since: number }
