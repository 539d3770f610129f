import { setTimeout as sleep } from 'node:timers/promises'
import type { DatabaseClock } from './database-clock.ts'
import { widerMarkerLifetimeSeconds } from './marker-lifetime.ts'
import { pause } from './pause.ts'
import { type RevocableToken, RevocationSet } from './revocation-set.ts'
import type { RevocationMarker, RevocationStore } from './revocation-store.ts'
import type { RevocationTarget, Revocations } from './revocations.ts'

export interface RevocationFeedOptions {
  store: RevocationStore
  clock: DatabaseClock
  /** Told of every failed read; the feed tries again at the next turn. */
  onReadFailed: (error: unknown) => void
  /** Something was revoked here and is committed: for telling the other replicas. */
  onRevoked?: () => void
  pollIntervalMs?: number
  staleAfterMs?: number
  random?: () => number
}

/** Less than `staleAfterMs`, so that one lost connection makes no token wait. */
const readTimeoutMs = 2000

/**
 * Keeps the revocation markers of all replicas in memory.
 * 1. A marker of this process is in memory before `revoke` resolves, or from `learn` on.
 * 2. Markers of others are read every 300 ms, and when another replica says that there are some, from the position that
 *    the last read returned, so none is missed.
 * 3. Freshness counts from when a successful read was sent. After 5 s without one nobody can tell whether a token is
 *    revoked; `isFresh` says so, and tokens are refused until the database answers again.
 * 4. `revoke` resolves only when this process's clock has passed the marker's millisecond, so that a login after it
 *    is never mistaken for one before.
 */
export class RevocationFeed implements Revocations {
  readonly #options: Required<RevocationFeedOptions>
  readonly #set = new RevocationSet()
  readonly #closing = new AbortController()
  #position: string | undefined
  #isReadingSoon = false
  #readSentAtMs = Number.NEGATIVE_INFINITY
  #polling: Promise<void> = Promise.resolve()

  private constructor(options: RevocationFeedOptions) {
    this.#options = {
      pollIntervalMs: 300,
      staleAfterMs: 5000,
      random: Math.random,
      onRevoked: () => undefined,
      ...options,
    }
  }

  /** Loads every marker, then follows. */
  static async open(options: RevocationFeedOptions): Promise<RevocationFeed> {
    const feed = new RevocationFeed(options)
    await feed.#load()
    feed.#polling = feed.#poll()
    return feed
  }

  isFresh(): boolean {
    return performance.now() - this.#readSentAtMs < this.#options.staleAfterMs
  }

  covers(token: RevocableToken): boolean {
    return this.#set.covers(token)
  }

  /** How many markers are in memory, for the metrics. */
  get size(): number {
    return this.#set.size
  }

  async revoke(target: RevocationTarget): Promise<void> {
    const { clock, store } = this.#options
    const lifetimeSeconds = widerMarkerLifetimeSeconds
    const sentAtMs = performance.now()
    const { databaseMs } = await store.add(target, lifetimeSeconds)
    clock.observe({ databaseMs, sentAtMs, receivedAtMs: performance.now() })
    const revokedAtMs = Math.floor(databaseMs)
    this.#set.add({ ...target, revokedAtMs, expiresAtMs: revokedAtMs + lifetimeSeconds * 1000 })
    this.#options.onRevoked()
    if (clock.nowMs() <= revokedAtMs) await sleep(2)
  }

  /** Of this process, and committed: holds here from now on, and need not be read. */
  learn(marker: RevocationMarker): void {
    this.#set.add(marker)
    this.#options.onRevoked()
  }

  /** Another replica has revoked something. However many say so at once, they cost one read. */
  readSoon(): void {
    if (this.#isReadingSoon || this.#closing.signal.aborted) return
    this.#isReadingSoon = true
    setImmediate(() => {
      this.#isReadingSoon = false
      this.read().catch(this.#options.onReadFailed)
    })
  }

  /** Forgets markers that no living token can meet. */
  removeExpired(): void {
    this.#set.removeExpired(this.#options.clock.nowMs())
  }

  /** Reads what others have revoked. */
  async read(): Promise<void> {
    if (this.#position === undefined) return
    const sentAtMs = performance.now()
    const signal = AbortSignal.timeout(readTimeoutMs)
    const { markers, position, databaseMs } = await this.#options.store.readSince(this.#position, signal)
    for (const marker of markers) this.#set.add(marker)
    this.#follow(sentAtMs, position, databaseMs)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#polling
  }

  async #load(): Promise<void> {
    const { store } = this.#options
    const sentAtMs = performance.now()
    const { position, databaseMs } = await store.position()
    const receivedAtMs = performance.now()
    let cursor: number | undefined
    do {
      const page = await store.readPage(cursor)
      for (const marker of page.markers) this.#set.add(marker)
      cursor = page.cursor
    } while (cursor !== undefined)
    this.#options.clock.observe({ databaseMs, sentAtMs, receivedAtMs })
    this.#position = position
    await this.read()
  }

  #follow(sentAtMs: number, position: string, databaseMs: number): void {
    this.#options.clock.observe({ databaseMs, sentAtMs, receivedAtMs: performance.now() })
    this.#position = position
    this.#readSentAtMs = Math.max(this.#readSentAtMs, sentAtMs)
  }

  async #poll(): Promise<void> {
    const { pollIntervalMs, random, onReadFailed } = this.#options
    const { signal } = this.#closing
    while (await pause(pollIntervalMs * (0.8 + 0.4 * random()), signal)) {
      try {
        await this.read()
      } catch (error) {
        onReadFailed(error)
      }
    }
  }
}
