/** Why a tunnel takes nothing new. */
export type FinishReason =
  /** A newer connection of the same slot of the same process has come. */
  | 'replaced'
  /** The gateway leaves; it ends the tunnel itself when it has answered everything. */
  | 'gateway-drains'
  /** This replica leaves. */
  | 'shutting-down'

/** How a tunnel ended. */
export type TunnelEndKind =
  | 'lost'
  | 'silent'
  | 'malformed-frame'
  /** The gateway said GoAway. */
  | 'left'
  /** The gateway drained, and then said GoAway. */
  | 'drained'
  | 'replaced'
  | 'revoked'
  | 'shutting-down'
