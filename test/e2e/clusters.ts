import { startKubernetesStandIn } from '@postern/testing/kubernetes-stand-in'
import type { TestCluster } from '@postern/testing/test-cluster'
import { findKubeApiServerAssets } from '../kubernetes/kube-apiserver-assets.ts'
import { startKubeApiServer } from '../kubernetes/kube-apiserver-cluster.ts'

export interface ClusterKind {
  name: string
  start(): Promise<TestCluster>
}

const standIn: ClusterKind = { name: 'the stand-in', start: () => startKubernetesStandIn() }
const real: ClusterKind = { name: 'a real kube-apiserver', start: () => startKubeApiServer() }

/** Every kind of Kubernetes API that can run here. */
export const clusterKinds: readonly ClusterKind[] =
  'missing' in findKubeApiServerAssets() ? [standIn] : [standIn, real]
