import { waitUntilInForce, type Administrator } from './administer-cluster.ts'
import { jsonAt, textAt } from './json-at.ts'
import type { MintTokenOptions, ServiceAccountName, TestCluster } from './test-cluster.ts'

type AccountMethods = Pick<TestCluster, 'createServiceAccount' | 'deleteServiceAccount' | 'mintToken'> & {
  /** The uid of the account's object, which its tokens carry. */
  readonly uidOf: (account: ServiceAccountName) => Promise<string>
}

const probeAudience = 'deleted-account-probe'

export function createAccountMethods({ change, create }: Administrator): AccountMethods {
  async function mintToken({
    namespace,
    name,
    audiences,
    expirationSeconds = 3600,
  }: MintTokenOptions): Promise<string> {
    const spec = { expirationSeconds, ...(audiences === undefined ? {} : { audiences }) }
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec }
    const answer = await change({ method: 'POST', path: `${pathOf({ namespace, name })}/token`, body })
    return textAt(answer.json, 'status', 'token')
  }

  /** Accepted reviews are cached by token and audiences: a new second audience each time asks anew. */
  async function isRefused(token: string, attempt: number): Promise<boolean> {
    const spec = { token, audiences: [probeAudience, `attempt-${attempt}`] }
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec }
    const answer = await change({ method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews', body })
    return jsonAt(answer.json, 'status', 'authenticated') !== true
  }

  return {
    mintToken,
    async createServiceAccount(namespace, name) {
      await create('/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: namespace },
      })
      const body = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } }
      await create(`/api/v1/namespaces/${namespace}/serviceaccounts`, body)
    },
    async deleteServiceAccount(namespace, name) {
      const path = pathOf({ namespace, name })
      const account = await change({ path }, 404)
      if (account.status === 404) return
      const token = await mintToken({ namespace, name, audiences: [probeAudience] })
      await change({ method: 'DELETE', path }, 404)
      await waitUntilInForce(`deletion of ${namespace}/${name}`, (attempt) => isRefused(token, attempt))
    },
    async uidOf(account) {
      return textAt((await change({ path: pathOf(account) })).json, 'metadata', 'uid')
    },
  }
}

function pathOf({ namespace, name }: ServiceAccountName): string {
  return `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`
}
