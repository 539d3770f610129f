import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { createServiceAccountFolder } from '@postern/testing/service-account-folder'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { ApiServerConnection } from '../../apps/gateway/src/api-server/api-server-connection.ts'
import { createReadCluster } from '../../apps/gateway/src/api-server/read-cluster.ts'
import { ServiceAccountFolder } from '../../apps/gateway/src/api-server/service-account-folder.ts'
import { createSecretCredentialStore } from '../../apps/gateway/src/credential/credential-store-secret.ts'
import { describeCredentialStore } from '../../apps/gateway/src/credential/credential-store.conformance.ts'
import { describeKeyRotation } from '../../apps/gateway/src/credential/rotate-key.conformance.ts'
import { watchHealth } from '../../apps/gateway/src/health/watch-health.ts'
import { createReviewToken } from '../../apps/gateway/src/token-review/create-review-token.ts'
import { createKubernetesTokenReview } from '../../apps/gateway/src/token-review/kubernetes-token-review.ts'
import { systemTiming } from '../../apps/gateway/src/tunnel/timing.ts'
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
const podTokenPatchPath = fileURLToPath(
  new URL('../../deploy/kubernetes/gateway-by-pod-token.yaml', import.meta.url),
)
const manifestPath = fileURLToPath(new URL('../../deploy/kubernetes/gateway.yaml', import.meta.url))

describe.skipIf(missing !== undefined)(
  `a gateway at a real API server${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let cluster: KubeApiServer
    let connection: ApiServerConnection
    let account: ServiceAccountFolder
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
      account = new ServiceAccountFolder({ path: folder.path, now, onUnreadable: () => undefined })
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

    const secret = { resource: 'secrets', namespace: gateway.namespace, name: gateway.name }
    const self = { resource: 'serviceaccounts', namespace: gateway.namespace, name: gateway.name }

    async function isAllowed(resourceAttributes: Record<string, string>): Promise<unknown> {
      const { json } = await cluster.send({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        token: await cluster.mintToken(gateway),
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes },
        },
      })
      return json
    }

    it.each([
      { verb: 'create', group: 'authentication.k8s.io', resource: 'tokenreviews' },
      { ...secret, verb: 'get' },
      { ...secret, verb: 'patch' },
    ])('T47: may $verb $resource', async (attributes) => {
      await expect
        .poll(() => isAllowed(attributes), { timeout: 10_000 })
        .toHaveProperty('status.allowed', true)
    })

    it.each([
      { ...secret, verb: 'update' },
      { ...secret, verb: 'delete' },
      { ...secret, verb: 'list' },
      { ...secret, verb: 'watch' },
      { ...secret, verb: 'create' },
      { ...secret, verb: 'get', name: 'another' },
      { ...secret, verb: 'get', namespace: 'kube-system' },
      { ...self, verb: 'create', subresource: 'token' },
      { ...self, verb: 'impersonate' },
      { verb: 'impersonate', resource: 'users', name: 'system:admin' },
      { verb: 'get', resource: 'pods', namespace: 'payments', name: 'api' },
      { verb: 'create', resource: 'pods', subresource: 'exec', namespace: 'payments', name: 'api' },
      { verb: 'create', resource: 'pods', namespace: gateway.namespace },
      { verb: 'get', resource: 'configmaps', namespace: gateway.namespace, name: 'kube-root-ca.crt' },
      { verb: 'get', resource: 'nodes', name: 'node-1' },
      { verb: 'bind', group: 'rbac.authorization.k8s.io', resource: 'clusterroles', name: 'cluster-admin' },
      { verb: 'create', group: 'certificates.k8s.io', resource: 'certificatesigningrequests' },
      { verb: '*', group: '*', resource: '*' },
    ])('T47: may not $verb $resource $name in $namespace', async (attributes) => {
      expect(await isAllowed(attributes)).toHaveProperty('status.allowed', false)
    })

    it('T47: is refused what it may not, whatever it asks', async () => {
      const token = await cluster.mintToken(gateway)
      const { namespace, name } = gateway
      for (const request of [
        { method: 'GET', path: `/api/v1/namespaces/${namespace}/secrets` },
        { method: 'DELETE', path: `/api/v1/namespaces/${namespace}/secrets/${name}` },
        { method: 'GET', path: '/api/v1/namespaces/kube-system/secrets/any' },
        { method: 'POST', path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, body: {} },
      ] as const) {
        expect(await cluster.send({ ...request, token })).toHaveProperty('status', 403)
      }
    })

    it('reads the cluster it is in without a right of its own', async () => {
      const { cluster: read, isComplete } = await createReadCluster({ connection, account })()
      expect(isComplete).toBe(true)
      expect(read.tokenIssuer).toBe(cluster.issuer)
      expect(read.rootCaSha256).toHaveLength(1)
      expect(read.issuerKeySha256).toHaveLength(1)
    })

    it('finds out that it may review by a token that cannot be valid', async () => {
      const reviewToken = createReviewToken(createKubernetesTokenReview(connection))
      const stop = new AbortController()
      const health = watchHealth({
        reviewToken,
        elapsed: () => performance.now(),
        random: () => 0.5,
        sleep: (ms, signal) => systemTiming.sleep(ms, signal),
        signal: stop.signal,
      })
      await expect
        .poll(() => health.current(), { timeout: 20_000 })
        .toMatchObject({ apiServerReachable: true, mayReviewTokens: true, detail: '' })
      stop.abort()
      await health.ended
    })

    it('takes the patch for enrolment by the token of the pod', async () => {
      const deployment = `/apis/apps/v1/namespaces/${gateway.namespace}/deployments/${gateway.name}`
      const [patch] = parseAllDocuments(await readFile(podTokenPatchPath, 'utf8'))
      const answer = await cluster.send({
        method: 'PATCH',
        path: deployment,
        token: cluster.adminToken,
        body: patch?.toJS(),
        contentType: 'application/strategic-merge-patch+json',
      })
      expect(answer).toHaveProperty('status', 200)
      const pod = 'spec.template.spec'
      const volume = {
        name: 'enrolment',
        projected: {
          defaultMode: 0o440,
          sources: [{ serviceAccountToken: { path: 'token', audience: 'postern', expirationSeconds: 3600 } }],
        },
      }
      expect(answer.json).toHaveProperty(`${pod}.volumes`, expect.arrayContaining([volume]))
      const names: unknown[] = []
      const env: unknown = Reflect.get(Object(answer.json), 'spec')
      JSON.stringify(env, (key, value: unknown) => {
        if (key === 'name') names.push(value)
        return value
      })
      expect(names).toEqual(
        expect.arrayContaining(['POSTERN_ENROL_METHOD', 'POSTERN_GATEWAY_ID', 'POSTERN_ENROL_TOKEN_FILE']),
      )
      expect(names).not.toContain('POSTERN_ENROLMENT_TOKEN_FILE')
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

    for (const describeStore of [describeCredentialStore, describeKeyRotation]) {
      describeStore('a Secret of a real API server', async () => {
        const name = `credential-${(secrets += 1)}`
        const { namespace } = gateway
        await cluster.allowSecret({ namespace, serviceAccountName: gateway.name, secretName: name })
        return {
          open: () => createSecretCredentialStore({ connection, namespace, name }),
          close: async () => undefined,
        }
      })
    }
  },
)

async function apply(cluster: KubeApiServer, manifest: Manifest): Promise<void> {
  const group = manifest.apiVersion === 'v1' ? '/api/v1' : `/apis/${manifest.apiVersion}`
  const { namespace } = manifest.metadata
  const folder = namespace === undefined ? '' : `/namespaces/${namespace}`
  const path = `${group}${folder}/${manifest.kind.toLowerCase()}s`
  const answer = await cluster.send({ method: 'POST', path, token: cluster.adminToken, body: manifest })
  if (answer.status === 404 && manifest.apiVersion === 'policy/v1') {
    // Kubernetes before 1.21 has the same budget under this version only.
    return apply(cluster, { ...manifest, apiVersion: 'policy/v1beta1' })
  }
  // 409: the accounts above brought their namespace and themselves.
  if (answer.status !== 201 && answer.status !== 409)
    throw new Error(`${manifest.kind}: status ${answer.status}`)
  return undefined
}
