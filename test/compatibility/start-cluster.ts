import { startKubernetesStandIn } from '@postern/testing/kubernetes-stand-in'

export interface Cluster {
  url: string
  caCert: string
  /** Of a service account that may review tokens. */
  reviewerJwt: string
  /** Of the service account `api` of the namespace `payments`. */
  mintPodToken(): Promise<string>
  [Symbol.asyncDispose](): Promise<void>
}

/** A Kubernetes API with a reviewer and a pod. */
export async function startCluster(): Promise<Cluster> {
  const cluster = await startKubernetesStandIn()
  await cluster.createServiceAccount('kube-system', 'reviewer')
  await cluster.grantTokenReview('kube-system', 'reviewer')
  await cluster.createServiceAccount('payments', 'api')
  return {
    url: cluster.url,
    caCert: cluster.caCert,
    reviewerJwt: await cluster.mintToken({ namespace: 'kube-system', name: 'reviewer' }),
    mintPodToken: () => cluster.mintToken({ namespace: 'payments', name: 'api' }),
    [Symbol.asyncDispose]: () => cluster.close(),
  }
}
