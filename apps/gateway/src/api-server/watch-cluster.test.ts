import { expect, it } from 'vitest'
import type { Cluster, ClusterReading } from './read-cluster.ts'
import { watchCluster } from './watch-cluster.ts'

const clusterOf = (root: number, tokenIssuer = 'https://issuer', key = 1): Cluster => ({
  rootCaSha256: [Uint8Array.of(root)],
  tokenIssuer,
  issuerKeySha256: tokenIssuer === '' ? [] : [Uint8Array.of(key)],
})
const complete = (cluster: Cluster): ClusterReading => ({ cluster, isComplete: true })
const incomplete = (cluster: Cluster): ClusterReading => ({ cluster, isComplete: false })

/** Runs the watch over the moments at which it looks, 20 s apart. */
async function watch(
  moments: readonly { digest: string; reading: ClusterReading }[],
  lookSeconds = 20,
): Promise<{ told: Cluster[]; reads: number[] }> {
  const stop = new AbortController()
  const told: Cluster[] = []
  const reads: number[] = []
  let moment = 0
  const at = (): (typeof moments)[number] =>
    moments[moment] ?? { digest: '', reading: complete(clusterOf(0)) }
  const watching = watchCluster({
    readCluster: async () => {
      reads.push(moment)
      return at().reading
    },
    authorityDigest: async () => at().digest,
    elapsed: () => moment * lookSeconds * 1000,
    sleep: async () => {
      moment += 1
      if (moment === moments.length) stop.abort()
    },
    signal: stop.signal,
  })
  watching.onChange((cluster) => void told.push(cluster))
  await watching.ended
  expect(watching.current()).toEqual(told.at(-1))
  return { told, reads }
}

it('reads at once and every ten minutes, and tells only what changed', async () => {
  const same = { digest: 'a', reading: complete(clusterOf(1)) }
  const rotated = { digest: 'a', reading: complete(clusterOf(1, 'https://issuer', 2)) }
  const { told, reads } = await watch(Array.from({ length: 70 }, (_, index) => (index < 59 ? same : rotated)))
  expect(reads).toEqual([0, 30, 60])
  expect(told).toEqual([clusterOf(1), clusterOf(1, 'https://issuer', 2)])
})

it('reads again as soon as the root authorities change', async () => {
  const { told, reads } = await watch([
    { digest: 'a', reading: complete(clusterOf(1)) },
    { digest: 'a', reading: complete(clusterOf(1)) },
    { digest: 'b', reading: complete(clusterOf(2)) },
    { digest: 'b', reading: complete(clusterOf(2)) },
  ])
  expect(reads).toEqual([0, 2])
  expect(told).toEqual([clusterOf(1), clusterOf(2)])
})

it('asks again for an issuer that it got no answer about, and tells the root authorities meanwhile', async () => {
  const { told, reads } = await watch([
    { digest: 'a', reading: incomplete(clusterOf(1, '')) },
    { digest: 'a', reading: incomplete(clusterOf(1, '')) },
    { digest: 'a', reading: complete(clusterOf(1)) },
    { digest: 'a', reading: complete(clusterOf(1)) },
  ])
  expect(reads).toEqual([0, 1, 2])
  expect(told).toEqual([clusterOf(1, ''), clusterOf(1)])
})

it('keeps what it knew of the issuer while the API server is away', async () => {
  const { told } = await watch([
    { digest: 'a', reading: complete(clusterOf(1)) },
    { digest: 'b', reading: incomplete(clusterOf(2, '')) },
  ])
  expect(told).toEqual([clusterOf(1), clusterOf(2)])
})

it('T6: says that it has looked once the cluster is known, or cannot be known for now', async () => {
  const stop = new AbortController()
  const reading = Promise.withResolvers<ClusterReading>()
  const watching = watchCluster({
    readCluster: () => reading.promise,
    authorityDigest: async () => 'a',
    elapsed: () => 0,
    sleep: (_ms, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    signal: stop.signal,
  })
  const first = await Promise.race([watching.looked.then(() => 'looked'), Promise.resolve('not yet')])
  expect(first).toBe('not yet')
  reading.resolve(incomplete(clusterOf(1, '')))
  await watching.looked
  expect(watching.current()).toEqual(clusterOf(1, ''))
  stop.abort()
  await watching.ended
})
