import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { createServiceAccountFolder } from '@postern/testing/service-account-folder'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { ApiServerConnection } from '../../apps/gateway/src/api-server/api-server-connection.ts'
import { ServiceAccountFolder } from '../../apps/gateway/src/api-server/service-account-folder.ts'
import { createSecretCredentialStore } from '../../apps/gateway/src/credential/credential-store-secret.ts'
import { describeCredentialStore } from '../../apps/gateway/src/credential/credential-store.conformance.ts'
import { createReviewToken } from '../../apps/gateway/src/token-review/create-review-token.ts'
import { createKubernetesTokenReview } from '../../apps/gateway/src/token-review/kubernetes-token-review.ts'
import { findKubeApiServerAssets, startKubeApiServer, type KubeApiServer } from './kube-apiserver-cluster.ts'

interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string }
}

const assets = findKubeApiServerAssets()
const missing = 'missing' in assets ? assets.missing : undefined
const gateway = { namespace: 'postern', name: 'postern-gateway' }
const workload = { namespace: 'payments', name: 'api' }
const manifestPath = fileURLToPath(new URL('../../deploy/kubernetes/gateway.yaml', import.meta.url))

describe.skipIf(missing !== undefined)(
  `a gateway at a real API server${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let cluster: KubeApiServer
    let connection: ApiServerConnection
    let secrets = 0
    const closing: (() => Promise<unknown>)[] = []

    beforeAll(async () => {
      cluster = await startKubeApiServer()
      closing.push(() => cluster.close())
      for (const { namespace, name } of [gateway, workload])
        await cluster.createServiceAccount(namespace, name)
      for (const document of parseAllDocuments(await readFile(manifestPath, 'utf8'))) {
        await apply(cluster, document.toJS())
      }
      const folder = await createServiceAccountFolder({ cluster, ...gateway })
      closing.push(() => folder.close())
      const now = (): number => performance.now()
      const account = new ServiceAccountFolder({ path: folder.path, now, onUnreadable: () => undefined })
      connection = new ApiServerConnection({ url: cluster.url, account, now })
      closing.push(() => connection.close(0))
    })
    afterAll(async () => {
      for (const close of closing.toReversed()) await close()
    })

    it('T47: has the rights of the manifest and no others beside everybody’s', async () => {
      const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectRulesReview',
        spec: { namespace: gateway.namespace },
      }
      const token = await cluster.mintToken(gateway)
      const own = [
        { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'] },
        { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'] },
        { verbs: ['get', 'patch'], apiGroups: [''], resources: ['secrets'], resourceNames: [gateway.name] },
      ]
      const everybodys = {
        verbs: ['create'],
        apiGroups: ['authorization.k8s.io'],
        resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
      }
      await expect
        .poll(async () => (await cluster.send({ method: 'POST', path, token, body })).json, {
          timeout: 10_000,
        })
        .toHaveProperty('status.resourceRules.length', own.length + 1)
      const { json } = await cluster.send({ method: 'POST', path, token, body })
      expect(json).toHaveProperty('status.resourceRules', expect.arrayContaining([...own, everybodys]))
    })

    it('reviews tokens by the right that the manifest gives', async () => {
      const reviewToken = createReviewToken(createKubernetesTokenReview(connection))
      const token = await cluster.mintToken({ ...workload, audiences: ['postern'] })
      const review = (audience: string) => reviewToken({ token, audiences: [audience], deadlineMs: 5_000 })
      await expect
        .poll(() => review('postern'), { timeout: 10_000 })
        .toMatchObject({
          kind: 'reviewed',
          verdict: {
            authenticated: true,
            username: 'system:serviceaccount:payments:api',
            audiences: ['postern'],
          },
        })
      expect(await review('vault')).toMatchObject({ kind: 'reviewed', verdict: { authenticated: false } })
    })

    describeCredentialStore('a Secret of a real API server', async () => {
      const name = `credential-${(secrets += 1)}`
      const { namespace } = gateway
      await cluster.allowSecret({ namespace, serviceAccountName: gateway.name, secretName: name })
      return {
        open: () => createSecretCredentialStore({ connection, namespace, name }),
        close: async () => undefined,
      }
    })
  },
)

async function apply(cluster: KubeApiServer, manifest: Manifest): Promise<void> {
  const group = manifest.apiVersion === 'v1' ? '/api/v1' : `/apis/${manifest.apiVersion}`
  const { namespace } = manifest.metadata
  const folder = namespace === undefined ? '' : `/namespaces/${namespace}`
  const path = `${group}${folder}/${manifest.kind.toLowerCase()}s`
  const answer = await cluster.send({ method: 'POST', path, token: cluster.adminToken, body: manifest })
  // 409: the accounts above brought their namespace and themselves.
  if (answer.status !== 201 && answer.status !== 409)
    throw new Error(`${manifest.kind}: status ${answer.status}`)
}
