import type { ClusterFrame, Frame, HealthFrame } from '@postern/protocol'

/** What a gateway last said of itself and of its cluster on one tunnel. */
export class GatewayReports {
  #health: HealthFrame | undefined
  #cluster: ClusterFrame | undefined

  get health(): HealthFrame | undefined {
    return this.#health
  }

  /** The same object as long as the gateway says the same. */
  get cluster(): ClusterFrame | undefined {
    return this.#cluster
  }

  /** @returns false for frames of other kinds, which are none of its business */
  receive(frame: Frame): boolean {
    if (frame.kind === 'health') this.#health = frame
    else if (frame.kind === 'cluster') this.#cluster = keepCluster(this.#cluster, frame)
    else return false
    return true
  }
}

/**
 * What is kept of a Cluster frame: a copy, because the frame's bytes are views of a whole message; or the one that is
 * kept already when it says the same, so that others may compare by identity.
 */
function keepCluster(kept: ClusterFrame | undefined, said: ClusterFrame): ClusterFrame {
  if (kept !== undefined && isSame(kept, said)) return kept
  return {
    kind: 'cluster',
    rootCaSha256: said.rootCaSha256.map(copyOf),
    tokenIssuer: said.tokenIssuer,
    issuerKeySha256: said.issuerKeySha256.map(copyOf),
  }
}

function isSame(one: ClusterFrame, other: ClusterFrame): boolean {
  return (
    one.tokenIssuer === other.tokenIssuer &&
    areSame(one.rootCaSha256, other.rootCaSha256) &&
    areSame(one.issuerKeySha256, other.issuerKeySha256)
  )
}

function areSame(some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  return (
    some.length === others.length &&
    some.every((bytes, index) => Buffer.compare(bytes, others[index] ?? Buffer.alloc(0)) === 0)
  )
}

function copyOf(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes)
}
