import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createClusterClient } from '@postern/testing/cluster-client'
import { readServiceAccountKey } from '@postern/testing/service-account-token'
import { startStandInProcess } from '@postern/testing/stand-in-process'
import type { TestCluster } from '@postern/testing/test-cluster'
import { findKubeApiServerAssets } from '../../kubernetes/kube-apiserver-assets.ts'
import { startKubeApiServer } from '../../kubernetes/kube-apiserver-cluster.ts'
import { readChaosEnvironment } from '../config.ts'

/** What another process needs to use a running cluster. */
export type ClusterHandover = Pick<
  TestCluster,
  'name' | 'url' | 'caCert' | 'adminToken' | 'issuer' | 'audiences'
> & {
  /** PEM of the private key that signs the accounts' tokens. */
  readonly serviceAccountKey: string
}

/** The real kube-apiserver: the one that `--all` started, else one of our own; the stand-in where there is none. */
export async function openCluster(): Promise<TestCluster> {
  const { cluster } = readChaosEnvironment()
  if (cluster !== undefined) return clusterFrom(JSON.parse(cluster) as ClusterHandover)
  return 'missing' in findKubeApiServerAssets() ? startStandInProcess() : startKubeApiServer()
}

/** A real kube-apiserver for several processes; undefined where there is none on this machine. */
export async function startSharedCluster(): Promise<
  { handover: ClusterHandover; close(): Promise<void> } | undefined
> {
  if ('missing' in findKubeApiServerAssets()) return undefined
  const cluster = await startKubeApiServer()
  const { name, url, caCert, adminToken, issuer, audiences } = cluster
  const serviceAccountKey = await readFile(join(cluster.folder, 'service-account.key'), 'utf8')
  return {
    handover: { name, url, caCert, adminToken, issuer, audiences, serviceAccountKey },
    close: () => cluster.close(),
  }
}

function clusterFrom(handover: ClusterHandover): TestCluster {
  return createClusterClient({
    ...handover,
    serviceAccountKey: readServiceAccountKey(handover.serviceAccountKey),
    close: () => Promise.resolve(),
  })
}
