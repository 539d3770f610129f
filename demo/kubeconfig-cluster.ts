import { readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { type Cluster, KubeConfig } from '@kubernetes/client-node'
import { createAccountMethods } from '@postern/testing/administer-accounts'
import { createAdministrator } from '@postern/testing/administer-cluster'
import { createRightsMethods } from '@postern/testing/administer-rights'
import { exchangeWithKubernetes, type SendKubernetesRequest } from '@postern/testing/kubernetes-request'
import type { DemoCluster } from './demo-cluster.ts'

/**
 * The cluster of the current context of a kubeconfig, with whatever credentials that context has. The demonstration
 * makes two namespaces and one ClusterRoleBinding there and removes them at the end.
 */
export async function openKubeconfigCluster(file: string): Promise<DemoCluster> {
  const config = new KubeConfig()
  config.loadFromFile(file)
  const cluster = config.getCurrentCluster()
  if (cluster === null)
    throw new Error(`${file} has no current context; set one: kubectl config use-context <name>`)
  if (!cluster.server.startsWith('https://')) throw new Error(`${file}: the server must be an https:// URL`)
  const send: SendKubernetesRequest = async (wanted) => {
    const credentials: RequestOptions = {}
    await config.applyToHTTPSOptions(credentials)
    // The context's own credentials speak, not a bearer token of ours.
    const { token: _unused, ...request } = wanted
    return exchangeWithKubernetes(new URL(`${cluster.server}${wanted.path}`), request, credentials)
  }
  const administrator = createAdministrator(send, '')
  const caCert = readCaCert(cluster)
  const made = { namespaces: new Set<string>(), bindings: new Set<string>() }
  const accounts = createAccountMethods(administrator)
  const rights = createRightsMethods(administrator)
  return {
    name: 'your cluster',
    url: cluster.server,
    caCert,
    mintToken: (options) => accounts.mintToken(options),
    async createServiceAccount(namespace, name) {
      const existing = await send({ path: `/api/v1/namespaces/${namespace}` })
      if (existing.status === 404) made.namespaces.add(namespace)
      await accounts.createServiceAccount(namespace, name)
    },
    async grantTokenReview(namespace, name) {
      made.bindings.add(`${namespace}/${name}`)
      await rights.grantTokenReview(namespace, name)
    },
    async close() {
      for (const account of made.bindings) {
        const [namespace = '', name = ''] = account.split('/')
        await rights.revokeTokenReview(namespace, name)
      }
      for (const namespace of made.namespaces) {
        await administrator.change({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` }, 404)
      }
    },
  }
}

function readCaCert(cluster: Cluster): string {
  if (cluster.caData !== undefined) return Buffer.from(cluster.caData, 'base64').toString('utf8')
  if (cluster.caFile !== undefined) return readFileSync(cluster.caFile, 'utf8')
  throw new Error(
    'the kubeconfig names no certificate authority: add certificate-authority-data to its cluster',
  )
}
