import { startKubernetesStandIn } from '@postern/testing/kubernetes-stand-in'
import type { TestCluster } from '@postern/testing/test-cluster'
import { startKubeApiServer } from '@postern/test/kubernetes'
import { findKubeApiServerAssets } from '@postern/test/kubernetes/assets'
import { openKubeconfigCluster } from './kubeconfig-cluster.ts'

/** What the demonstration needs of a cluster. */
export type DemoCluster = Pick<
  TestCluster,
  'name' | 'url' | 'caCert' | 'createServiceAccount' | 'mintToken' | 'grantTokenReview' | 'close'
>

export interface ClusterChoice {
  cluster: DemoCluster
  /** Why it is this cluster, for the reader. */
  because: string
}

/** The reader's own cluster if one is named, else a real API server where it is installed, else the stand-in. */
export async function chooseCluster(options: {
  kubeconfig?: string
  standIn: boolean
  stopping: AbortSignal
}): Promise<ClusterChoice> {
  if (options.kubeconfig !== undefined) {
    return { cluster: await openKubeconfigCluster(options.kubeconfig), because: 'the one of your kubeconfig' }
  }
  const assets = findKubeApiServerAssets()
  if (options.standIn) return { cluster: await startKubernetesStandIn(), because: 'as --stand-in asks' }
  if ('missing' in assets) {
    return {
      cluster: await startKubernetesStandIn(),
      because: 'a small server that answers as Kubernetes does; for a real one: pnpm kubernetes:install',
    }
  }
  const startedAt = performance.now()
  const cluster = await startKubeApiServer({ signal: options.stopping })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  return {
    cluster,
    because: `a real API server with etcd, for this demonstration alone; it served after ${seconds} s`,
  }
}
