import type { Cluster, ClusterReading } from './read-cluster.ts'
import { ServiceAccountUnreadable } from './service-account-folder.ts'

export interface ClusterWatch {
  /** Undefined until it was read. */
  current(): Cluster | undefined
  /** Told of the first reading and of every change; returns how to stop. */
  onChange(listener: (cluster: Cluster) => void): () => void
  /** Resolves once it was tried to read it, within some seconds. Never rejects. */
  looked: Promise<void>
  /** Resolves when the signal has fired. Rejects only on a bug. */
  ended: Promise<void>
}

export interface ClusterWatchOptions {
  readCluster: () => Promise<ClusterReading>
  /** Changes whenever the root authorities' file does. */
  authorityDigest: () => Promise<string>
  /** Milliseconds of a monotonic clock. */
  elapsed: () => number
  /** Resolves after that time, or as soon as the signal fires. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Ends the watch. */
  signal: AbortSignal
}

const nothingKnown: Cluster = { rootCaSha256: [], tokenIssuer: '', issuerKeySha256: [] }
const refreshMs = 600_000
/** How late a new authority is noticed, and how soon an API server that gave no answer is asked again. */
const lookMs = 20_000

/** Reads the cluster at once, every ten minutes, and when its root authorities change. */
export function watchCluster(options: ClusterWatchOptions): ClusterWatch {
  const listeners = new Set<(cluster: Cluster) => void>()
  let current: Cluster | undefined
  let readAt = -Infinity
  let digestRead: string | undefined
  const looked = Promise.withResolvers<void>()

  async function look(): Promise<void> {
    const digest = await options.authorityDigest().catch(passUnreadable)
    const isDue = options.elapsed() - readAt >= refreshMs || digest !== digestRead
    if (!isDue || digest === undefined) return
    const { cluster, isComplete } = await options.readCluster()
    if (options.signal.aborted) return
    if (isComplete) {
      readAt = options.elapsed()
      digestRead = digest
    }
    // Without an answer, what was known of the issuer stays; the file is always known.
    const known = isComplete || current === undefined ? cluster : withIssuerOf(cluster, current)
    if (textOf(known) === textOf(current ?? nothingKnown)) return
    current = known
    for (const listener of listeners) listener(known)
  }

  async function run(): Promise<void> {
    try {
      while (!options.signal.aborted) {
        await look()
        looked.resolve()
        await options.sleep(lookMs, options.signal)
      }
    } finally {
      looked.resolve()
    }
  }

  return {
    current: () => current,
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    looked: looked.promise,
    ended: run(),
  }
}

function withIssuerOf(cluster: Cluster, { tokenIssuer, issuerKeySha256 }: Cluster): Cluster {
  return {
    rootCaSha256: cluster.rootCaSha256,
    tokenIssuer: cluster.tokenIssuer === '' ? tokenIssuer : cluster.tokenIssuer,
    issuerKeySha256: cluster.issuerKeySha256.length === 0 ? issuerKeySha256 : cluster.issuerKeySha256,
  }
}

function textOf({ rootCaSha256, tokenIssuer, issuerKeySha256 }: Cluster): string {
  const hex = (digests: readonly Uint8Array[]): string[] =>
    digests.map((digest) => Buffer.from(digest).toString('hex'))
  return JSON.stringify([hex(rootCaSha256), tokenIssuer, hex(issuerKeySha256)])
}

/** The folder tells of what it cannot read itself. */
function passUnreadable(error: unknown): undefined {
  if (!(error instanceof ServiceAccountUnreadable)) throw error
}
