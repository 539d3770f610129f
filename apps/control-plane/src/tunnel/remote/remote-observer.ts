/** What happens to reviews between replicas, for metrics. Every call is synchronous and must not throw. */
export interface RemoteObserver {
  /** Called once, with the function that counts; it is called whenever metrics are read. */
  countRemoteBy: (count: () => RemoteCount) => void
  /**
   * One attempt on another replica's tunnel.
   * @param hopMs what the way there and back took; undefined when the holder did not say
   */
  remoteReviewEnded: (outcome: string, hopMs: number | undefined) => void
  /** One attempt that another replica asked for on a tunnel of this one. */
  remoteReviewServed: (outcome: string) => void
  /** What another replica said of its tunnels was dropped. */
  presenceDropped: (reason: PresenceDrop) => void
}

export interface RemoteCount {
  /** Heard of lately, this one not. */
  replicas: number
  tunnels: number
}

/** `too-many`: more replicas or tunnels than are remembered. */
export type PresenceDrop = 'malformed' | 'too-many'

export const silentRemoteObserver: RemoteObserver = {
  countRemoteBy: () => undefined,
  remoteReviewEnded: () => undefined,
  remoteReviewServed: () => undefined,
  presenceDropped: () => undefined,
}
