import type { FrameSocket, GoAwayCode, WelcomeFrame } from '@postern/protocol'
import type { ConnectionHop } from '../http/connection-outcome.ts'

// What a phase of the tunnel came to. The supervisor's policy turns each into the next step.

/** Where on the way to the control plane something failed. */
export type Hop = ConnectionHop | 'upgrade' | 'welcome'

/** The control plane, or something before it, was reached and said no. */
export interface TunnelRefusal {
  /** Of the protocol; `upgrade`, the hop, if what answered has no tunnels. */
  code: string
  message: string
  /** The HTTP status; absent when the answer was a Refusal frame. */
  status?: number
  /** Trying again cannot help until a person has changed something. */
  permanent: boolean
  retryAfterMs?: number
  /** The server's clock, Unix time in milliseconds. */
  serverTimeMs?: number
}

export interface Unreachable {
  kind: 'unreachable'
  hop: Hop
  detail: string
  remedy: string
}

/** What came instead of a tunnel. */
export type DialFailure =
  | { kind: 'refused'; refusal: TunnelRefusal }
  /** Refused because of this machine's clock, which was corrected by this much for the next dial. */
  | { kind: 'clock-off'; offsetMs: number; refusal: TunnelRefusal }
  /** The key was refused, and there is another one for the next dial. */
  | { kind: 'key-replaced'; refusal: TunnelRefusal }
  | Unreachable
  | { kind: 'stopped' }

export type DialOutcome =
  | { kind: 'connected'; socket: FrameSocket }
  | { kind: 'refused'; refusal: TunnelRefusal }
  | Unreachable
  | { kind: 'stopped' }

export type HandshakeOutcome =
  | { kind: 'welcomed'; welcome: WelcomeFrame }
  | { kind: 'refused'; refusal: TunnelRefusal }
  | Unreachable
  | { kind: 'stopped' }

export type SessionEnd =
  /** The connection broke, or the other side fell silent. */
  | { kind: 'lost'; detail: string }
  | { kind: 'told-to-leave'; code: GoAwayCode; reason: string; reconnectAfterMs: number }
  | { kind: 'malformed-frame'; reason: string }
  /** This side left, as it meant to. */
  | { kind: 'left' }

/** Why a tunnel that serves wants another in its place first. */
export type ReliefCause =
  /** Its replica is leaving. */
  | 'replica-drains'
  /** The gateway has another key. */
  | 'key-changed'
  /** The other tunnel is on the same replica. */
  | 'same-replica'
  /** Something on the way has cut those before it at an age that it will reach soon. */
  | 'cut-age'

/** What one round of dial, handshake and serve came to. */
export type RoundOutcome =
  | { kind: 'served'; end: Exclude<SessionEnd, { kind: 'left' }>; servedMs: number; idleMs: number }
  /** The tunnel goes on serving until the next round has another. */
  | { kind: 'relief'; cause: ReliefCause; servedMs: number }
  | DialFailure
