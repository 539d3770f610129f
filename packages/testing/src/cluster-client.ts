import { createAccountMethods } from './administer-accounts.ts'
import { createAdministrator } from './administer-cluster.ts'
import { createRightsMethods } from './administer-rights.ts'
import { connectToKubernetes } from './kubernetes-request.ts'
import { signServiceAccountToken, type ServiceAccountKey } from './service-account-token.ts'
import type { TestCluster } from './test-cluster.ts'

type Described = Pick<TestCluster, 'name' | 'url' | 'caCert' | 'adminToken' | 'issuer' | 'audiences'>

export interface ClusterClientOptions extends Described {
  /** The cluster's own key, to sign what the API would not: a token that is expired already. */
  readonly serviceAccountKey: ServiceAccountKey
  /** Ends what was started for the cluster, once the client's connections are closed. */
  readonly close: () => Promise<void>
}

/** A test cluster over the Kubernetes API alone: the same code for a real API server and for the stand-in. */
export function createClusterClient(options: ClusterClientOptions): TestCluster {
  const { serviceAccountKey, close, ...described } = options
  const connection = connectToKubernetes(described)
  const administrator = createAdministrator(connection.send, described.adminToken)
  const { uidOf, ...accountMethods } = createAccountMethods(administrator)
  return {
    ...described,
    ...accountMethods,
    ...createRightsMethods(administrator),
    send: connection.send,
    async mintExpiredToken(account) {
      const { issuer, audiences } = described
      const uid = await uidOf(account)
      const expiresAt = Math.floor(Date.now() / 1000) - 3600
      const claims = { ...account, issuer, audiences, uid, issuedAt: expiresAt - 3600, expiresAt }
      return signServiceAccountToken(serviceAccountKey, claims)
    },
    async close() {
      connection.close()
      await close()
    },
  }
}
