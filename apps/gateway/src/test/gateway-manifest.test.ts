import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startKubernetesStandIn, type KubernetesStandIn } from '@postern/testing/kubernetes-stand-in'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'

interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string }
  [field: string]: unknown
}

const path = fileURLToPath(new URL('../../../../deploy/kubernetes/gateway.yaml', import.meta.url))
const manifests = parseAllDocuments(await readFile(path, 'utf8')).map((document): Manifest => document.toJS())
const subjects = [{ kind: 'ServiceAccount', name: 'postern-gateway', namespace: 'postern' }]

function find(kind: string): Manifest {
  const [found, ...others] = manifests.filter((manifest) => manifest.kind === kind)
  if (found === undefined || others.length > 0) throw new Error(`not exactly one ${kind} in the manifest`)
  return found
}

describe('T47: the rights in the manifest of a gateway', () => {
  it('are two bindings and one role, and nothing else', () => {
    expect(manifests.map(({ kind }) => kind).toSorted()).toEqual([
      'ClusterRoleBinding',
      'Deployment',
      'Namespace',
      'PodDisruptionBudget',
      'Role',
      'RoleBinding',
      'Secret',
      'ServiceAccount',
    ])
  })

  it('are: to review tokens', () => {
    expect(find('ClusterRoleBinding')).toMatchObject({
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:auth-delegator' },
      subjects,
    })
  })

  it('are: to get and patch its own Secret', () => {
    expect(find('Role')['rules']).toEqual([
      {
        apiGroups: [''],
        resources: ['secrets'],
        resourceNames: ['postern-gateway'],
        verbs: ['get', 'patch'],
      },
    ])
    expect(find('RoleBinding')).toMatchObject({
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'postern-gateway' },
      subjects,
    })
    expect(find('Secret')).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'postern-gateway', namespace: 'postern' },
      type: 'Opaque',
    })
  })
})

describe('the pod in the manifest of a gateway', () => {
  it('runs with nothing that it does not need', () => {
    expect(find('Deployment')).toHaveProperty(
      'spec.template.spec',
      expect.objectContaining({
        serviceAccountName: 'postern-gateway',
        automountServiceAccountToken: false,
        securityContext: expect.objectContaining({
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
        }),
        containers: [
          expect.objectContaining({
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
            resources: {
              requests: expect.objectContaining({ memory: expect.any(String) }),
              limits: expect.objectContaining({ memory: expect.any(String), cpu: expect.any(String) }),
            },
          }),
        ],
      }),
    )
    const text = JSON.stringify(find('Deployment'))
    expect(text).not.toMatch(/hostPath|hostNetwork|hostPID|privileged|envFrom/)
  })

  it('asks for what the gateway reads and answers', () => {
    const text = JSON.stringify(find('Deployment'))
    for (const part of [
      '"/livez"',
      '"/readyz"',
      '"POSTERN_URL"',
      '"secret:postern-gateway"',
      '"expirationSeconds":3600',
    ]) {
      expect(text).toContain(part)
    }
    for (const file of ['token', 'ca.crt', 'namespace']) expect(text).toContain(`"path":"${file}"`)
  })
})

describe('the processes of a gateway in the manifest', () => {
  const labels = { 'app.kubernetes.io/name': 'postern-gateway' }

  it('are two, on different nodes where there are, of which an eviction takes one', () => {
    expect(find('Deployment')).toHaveProperty('spec.replicas', 2)
    expect(find('Deployment')).toHaveProperty('spec.template.metadata.labels', labels)
    const antiAffinity =
      'spec.template.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution'
    expect(find('Deployment')).toHaveProperty(antiAffinity, [
      {
        weight: 100,
        podAffinityTerm: {
          topologyKey: 'kubernetes.io/hostname',
          labelSelector: { matchLabels: labels },
        },
      },
    ])
    expect(find('PodDisruptionBudget')['spec']).toEqual({
      maxUnavailable: 1,
      selector: { matchLabels: labels },
    })
  })

  it('are replaced one by one, each once the new one is ready, with time to drain', () => {
    expect(find('Deployment')).toHaveProperty('spec.strategy.rollingUpdate', {
      maxUnavailable: 0,
      maxSurge: 1,
    })
    expect(find('Deployment')).toHaveProperty('spec.template.spec.terminationGracePeriodSeconds', 40)
    expect(find('Deployment')).toHaveProperty('spec.template.spec.containers.0.readinessProbe.httpGet', {
      path: '/readyz',
      port: 'health',
    })
  })
})

describe('T47: in a cluster to which the manifest was applied', () => {
  let cluster: KubernetesStandIn
  let token: string

  beforeAll(async () => {
    cluster = await startKubernetesStandIn()
    await cluster.createServiceAccount('postern', 'postern-gateway')
    token = await cluster.mintToken({ namespace: 'postern', name: 'postern-gateway' })
    for (const kind of ['ClusterRoleBinding', 'Role', 'RoleBinding', 'Secret']) await apply(find(kind))
  })
  afterAll(() => cluster.close())

  async function apply(manifest: Manifest): Promise<void> {
    const group = manifest.apiVersion === 'v1' ? '/api/v1' : `/apis/${manifest.apiVersion}`
    const { namespace } = manifest.metadata
    const folder = namespace === undefined ? '' : `/namespaces/${namespace}`
    const url = `${group}${folder}/${manifest.kind.toLowerCase()}s`
    const answer = await cluster.send({
      method: 'POST',
      path: url,
      token: cluster.adminToken,
      body: manifest,
    })
    expect(answer).toHaveProperty('status', 201)
  }

  async function isAllowed(resourceAttributes: Record<string, string>): Promise<unknown> {
    const answer = await cluster.send({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      token,
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes },
      },
    })
    expect(answer.status).toBe(201)
    return answer.json
  }

  const secret = { resource: 'secrets', namespace: 'postern', name: 'postern-gateway' }

  it.each([
    { verb: 'create', group: 'authentication.k8s.io', resource: 'tokenreviews' },
    { ...secret, verb: 'get' },
    { ...secret, verb: 'patch' },
  ])('the gateway may $verb $resource $name', async (attributes) => {
    expect(await isAllowed(attributes)).toHaveProperty('status.allowed', true)
  })

  it.each([
    { ...secret, verb: 'update' },
    { ...secret, verb: 'delete' },
    { ...secret, verb: 'list' },
    { ...secret, verb: 'watch' },
    { verb: 'create', resource: 'secrets', namespace: 'postern' },
    { ...secret, verb: 'get', name: 'another' },
    { ...secret, verb: 'get', namespace: 'kube-system' },
    { verb: 'list', resource: 'secrets', namespace: 'postern' },
    {
      verb: 'create',
      resource: 'serviceaccounts',
      subresource: 'token',
      namespace: 'postern',
      name: 'postern-gateway',
    },
    { verb: 'get', resource: 'pods', namespace: 'postern' },
    { verb: 'create', resource: 'pods', namespace: 'postern' },
    { verb: 'impersonate', resource: 'users', name: 'system:admin' },
    { verb: 'get', resource: 'nodes', name: 'node-1' },
  ])('the gateway may not $verb $resource $name in $namespace', async (attributes) => {
    expect(await isAllowed(attributes)).toHaveProperty('status.allowed', false)
  })
})
