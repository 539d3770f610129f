/** Tries for a replica of its own, in all, before a tunnel settles beside another. */
const triesMax = 3
/** Between those tries, in milliseconds: this and as much again by chance. */
const tryAgainMs = 500
/** Once settled it tries again after this, half as much more or less, and each time after twice as long … */
const settledMs = 60_000
/** … up to this: a replica that was added without any tunnel being cut is found in the end. */
const settledMsMax = 600_000
/** Replicas whose names are remembered. */
const knownMax = 16

/**
 * On which replica each tunnel of this process is, so that the loss of one replica is not the loss of all. Of two that
 * meet on one replica, the later tries for another: soon and a few times while that can help, rarely once it cannot.
 */
export class ReplicaSpread {
  readonly #replicas = new Map<number, string>()
  readonly #known = new Set<string>()
  readonly #random: () => number
  #tries = 0

  /** @param random from 0 to 1 */
  constructor(random: () => number) {
    this.#random = random
  }

  /** A slot has a tunnel to this replica. After how many milliseconds it should try for another; undefined: never. */
  welcomed(slot: number, replicaId: string): number | undefined {
    this.#replicas.set(slot, replicaId)
    if (!this.#known.has(replicaId)) this.#learn(replicaId)
    if (!this.isShared(slot)) return undefined
    this.#tries += 1
    if (this.#tries < triesMax) return tryAgainMs * (1 + this.#random())
    const wait = Math.min(settledMs * 2 ** (this.#tries - triesMax), settledMsMax)
    return wait * (0.5 + this.#random())
  }

  /** The slot has no tunnel. */
  lost(slot: number): void {
    this.#replicas.delete(slot)
  }

  /** Whether another slot is on the same replica. */
  isShared(slot: number): boolean {
    const replicaId = this.#replicas.get(slot)
    if (replicaId === undefined) return false
    return [...this.#replicas].some(([other, its]) => other !== slot && its === replicaId)
  }

  /** What was tried before says nothing of a replica that is new. */
  #learn(replicaId: string): void {
    this.#tries = 0
    this.#known.add(replicaId)
    const [oldest] = this.#known
    if (this.#known.size > knownMax && oldest !== undefined) this.#known.delete(oldest)
  }
}
