import { waitUntilInForce, type Administrator } from './administer-cluster.ts'
import { isJsonObject, jsonAt } from './json-at.ts'
import type { ServiceAccountName, TestCluster } from './test-cluster.ts'

type RightsMethods = Pick<
  TestCluster,
  'grantTokenReview' | 'revokeTokenReview' | 'allowSecret' | 'readSecret'
>

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const apiVersion = 'rbac.authorization.k8s.io/v1'
const reviewTokens = { group: 'authentication.k8s.io', resource: 'tokenreviews', verb: 'create' }

export function createRightsMethods({ change, create }: Administrator): RightsMethods {
  async function isAllowed(account: ServiceAccountName, resourceAttributes: object): Promise<boolean> {
    const spec = { user: `system:serviceaccount:${account.namespace}:${account.name}`, resourceAttributes }
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec }
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
    const answer = await change({ method: 'POST', path, body })
    return jsonAt(answer.json, 'status', 'allowed') === true
  }

  return {
    async grantTokenReview(namespace, name) {
      const account = { namespace, name }
      const metadata = { name: delegationOf(account) }
      const role = { kind: 'ClusterRole', name: 'system:auth-delegator' }
      const body = { kind: 'ClusterRoleBinding', metadata, ...bound(role, account) }
      await create(`${rbac}/clusterrolebindings`, body)
      await waitUntilInForce('the right to review tokens', () => isAllowed(account, reviewTokens))
    },
    async revokeTokenReview(namespace, name) {
      const account = { namespace, name }
      await change({ method: 'DELETE', path: `${rbac}/clusterrolebindings/${delegationOf(account)}` }, 404)
      const what = 'the revocation of the right to review tokens'
      await waitUntilInForce(what, async () => !(await isAllowed(account, reviewTokens)))
    },
    async allowSecret({ namespace, serviceAccountName, secretName }) {
      const account = { namespace, name: serviceAccountName }
      const metadata = { name: `${secretName}-of-${serviceAccountName}`, namespace }
      await create(`/api/v1/namespaces/${namespace}/secrets`, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: secretName, namespace },
        type: 'Opaque',
      })
      const rules = [
        { apiGroups: [''], resources: ['secrets'], resourceNames: [secretName], verbs: ['get', 'patch'] },
      ]
      await create(`${rbac}/namespaces/${namespace}/roles`, { apiVersion, kind: 'Role', metadata, rules })
      const role = { kind: 'Role', name: metadata.name }
      const body = { kind: 'RoleBinding', metadata, ...bound(role, account) }
      await create(`${rbac}/namespaces/${namespace}/rolebindings`, body)
      const patch = { namespace, resource: 'secrets', name: secretName, verb: 'patch' }
      await waitUntilInForce('the right to a Secret', () => isAllowed(account, patch))
    },
    readSecret: async (namespace, secretName) =>
      readSecret(change, `/api/v1/namespaces/${namespace}/secrets/${secretName}`),
  }
}

async function readSecret(
  change: Administrator['change'],
  path: string,
): Promise<Record<string, Buffer> | undefined> {
  const answer = await change({ path }, 404)
  if (answer.status === 404) return undefined
  const encoded = jsonAt(answer.json, 'data')
  const entries = isJsonObject(encoded) ? Object.entries(encoded) : []
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(String(value), 'base64')]))
}

/** What a binding says beside its own name: which role, and to whom. */
function bound(role: { kind: string; name: string }, account: ServiceAccountName): object {
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', ...role }
  return { apiVersion, roleRef, subjects: [{ kind: 'ServiceAccount', ...account }] }
}

function delegationOf({ namespace, name }: ServiceAccountName): string {
  return `review-tokens:${namespace}:${name}`
}
