import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServiceAccountFolder } from '@postern/testing/service-account-folder'
import type { TestCluster } from '@postern/testing/test-cluster'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase } from '../../apps/control-plane/src/database/test/create-test-database.ts'
import { startGateway } from '../processes/gateway-process.ts'
import { findReplicaPrograms } from '../processes/installed-programs.ts'
import { logIn } from '../processes/log-in.ts'
import {
  attachKubernetesAuth,
  bootstrap,
  createGateway,
  createIdentity,
  type Platform,
} from '../processes/platform.ts'
import { createPosternApi, expectOk, textAt } from '../processes/postern-api.ts'
import { startReplicaSet, type Replica, type ReplicaSet } from '../processes/replica-set.ts'
import { clusterKinds } from './clusters.ts'
import { eventually } from './pool-world.ts'

const programs = findReplicaPrograms()
if ('missing' in programs)
  process.stderr.write(`three replicas are not tested here; to test them: ${programs.missing}\n`)
const [kind] = clusterKinds.slice(-1)
const pod = { namespace: 'shop', name: 'checkout' }
/** Asked with each token: it needs one that holds, and a role. */
const path = '/api/v1/gateway-pools'

describe.skipIf('missing' in programs)('three replicas behind nginx', () => {
  const cleanup = new AsyncDisposableStack()
  let cluster: TestCluster
  let set: ReplicaSet
  let platform: Platform
  let gatewayId: string

  beforeAll(async () => {
    if (kind === undefined) throw new Error('there is always the stand-in')
    const folder = await mkdtemp(join(tmpdir(), 'postern-e2e-replicas-'))
    cleanup.defer(() => rm(folder, { recursive: true, force: true }))
    const database = await createTestDatabase()
    cleanup.defer(() => database.close())
    cluster = await kind.start()
    cleanup.defer(() => cluster.close())
    set = await startReplicaSet({ folder, databaseUrl: database.url })
    cleanup.defer(() => set.close())
    platform = await bootstrap(set.url)
    gatewayId = await installGateway(folder)
    await cluster.createServiceAccount(pod.namespace, pod.name)
  })

  afterAll(() => cleanup.disposeAsync())

  async function installGateway(folder: string): Promise<string> {
    const gateway = await createGateway(platform, 'cluster-1')
    const account = { namespace: 'postern', name: 'postern-gateway' }
    await cluster.createServiceAccount(account.namespace, account.name)
    await cluster.grantTokenReview(account.namespace, account.name)
    const mounted = await createServiceAccountFolder({ cluster, ...account, path: join(folder, 'mounted') })
    const started = await startGateway({
      controlPlaneUrl: set.url,
      kubernetesUrl: cluster.url,
      serviceAccountFolder: mounted.path,
      credential: `file:${join(folder, 'gateway', 'credential.json')}`,
      enrolmentToken: gateway.enrolmentToken,
    })
    cleanup.defer(async () => void (await started.end()))
    return gateway.gatewayId
  }

  async function createWorkload(name: string, settings: object = {}): Promise<string> {
    const identityId = await createIdentity(platform, name, 'admin')
    await attachKubernetesAuth(platform, identityId, {
      tokenReviewMode: 'gateway',
      gatewayId,
      allowedNamespaces: pod.namespace,
      allowedNames: pod.name,
      ...settings,
    })
    return identityId
  }

  async function tokenOf(identityId: string, url: string): Promise<string> {
    const reply = await eventually(async () => {
      const answer = await logIn(url, identityId, await cluster.mintToken(pod))
      if (answer.status === 503) throw new Error(JSON.stringify(answer.body))
      return answer
    })
    return textAt(expectOk(reply), 'accessToken')
  }

  async function statusAt({ url }: Pick<Replica, 'url'>, token: string): Promise<number> {
    return (await createPosternApi(url).as(token).get(path)).status
  }

  it('log in through a gateway whose tunnels are on two of them', async () => {
    const identityId = await createWorkload('everywhere')
    for (const replica of set.replicas) expect(await tokenOf(identityId, replica.url)).toMatch(/^ey/)
  })

  /** Connections for streams that gateways have opened, and direct connections between replicas, each of all replicas. */
  async function countStreamConnections(): Promise<{ gateways: number; incoming: number; outgoing: number }> {
    const texts = await Promise.all(
      set.replicas.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()),
    )
    const sumOf = (series: string): number => {
      const lines = texts.flatMap((text) => text.split('\n')).filter((line) => line.startsWith(`${series} `))
      return lines.reduce((sum, line) => sum + Number(line.slice(series.length)), 0)
    }
    return {
      gateways: sumOf('postern_stream_connections_open'),
      incoming: sumOf('postern_stream_hops_open{direction="incoming"}'),
      outgoing: sumOf('postern_stream_hops_open{direction="outgoing"}'),
    }
  }

  it('log in by a raw stream, wherever the balancer leads the gateway’s second connection', async () => {
    const identityId = await createWorkload('by-raw-stream', {
      tokenReviewMode: 'api',
      kubernetesHost: cluster.url,
      caCert: cluster.caCert,
      tokenReviewerJwt: cluster.adminToken,
    })
    for (let round = 0; round < 3; round += 1)
      for (const replica of set.replicas) expect(await tokenOf(identityId, replica.url)).toMatch(/^ey/)
    const { gateways, incoming, outgoing } = await countStreamConnections()
    // One for each of the two replicas that the gateway has a tunnel to, and none that was called for twice.
    expect(gateways).toBeGreaterThanOrEqual(1)
    expect(gateways).toBeLessThanOrEqual(2)
    expect(outgoing).toBeGreaterThanOrEqual(1)
    expect(incoming).toBe(outgoing)
  })

  it('T47: reach by a raw stream only what the gateway’s own configuration allows, whoever asks', async () => {
    const identityId = await createIdentity(platform, 'elsewhere', 'admin')
    const { port } = new URL(set.url)
    for (const { url } of set.replicas) {
      const reply = await admin(url).post(`/api/v1/auth/kubernetes-auth/identities/${identityId}`, {
        tokenReviewMode: 'api',
        gatewayId,
        kubernetesHost: `https://127.0.0.1:${port}`,
        tokenReviewerJwt: cluster.adminToken,
        allowedNamespaces: pod.namespace,
        allowedNames: pod.name,
        allowedAudience: '',
      })
      expect(reply.status).toBe(400)
      expect(JSON.stringify(reply.body)).toContain('POSTERN_ALLOWED_KUBERNETES_HOSTS')
    }
  })

  it('T42: take each other’s tokens the moment the login replied', async () => {
    const identityId = await createWorkload('at-once')
    for (let round = 0; round < 3; round += 1) {
      for (const issuer of set.replicas) {
        const token = await tokenOf(identityId, issuer.url)
        const statuses = await Promise.all(set.replicas.map((replica) => statusAt(replica, token)))
        expect(statuses).toEqual([200, 200, 200])
      }
    }
  })

  it('T38: let exactly 5 of 200 parallel uses of a token pass whose limit is 5', async () => {
    const identityId = await createWorkload('five-uses', { accessTokenNumUsesLimit: 5 })
    const token = await tokenOf(identityId, set.url)
    const statuses = await Promise.all(
      Array.from({ length: 200 }, (_, index) => {
        const replica = set.replicas[index % set.replicas.length]
        if (replica === undefined) throw new Error('there are replicas')
        return statusAt(replica, token)
      }),
    )
    expect(statuses.filter((status) => status === 200)).toHaveLength(5)
    expect(new Set(statuses)).toEqual(new Set([200, 401]))
  })

  /** What ends tokens, asked of one replica. */
  const revocations: [
    string,
    (url: string, identityId: string, token: string) => Promise<{ status: number }>,
  ][] = [
    [
      'the token is revoked',
      (url, _identityId, accessToken) =>
        createPosternApi(url).post('/api/v1/auth/token/revoke', { accessToken }),
    ],
    [
      'all tokens of the identity are',
      (url, identityId) => admin(url).post(`/api/v1/identities/${identityId}/revoke-tokens`, {}),
    ],
    [
      'its Kubernetes Auth is removed',
      (url, identityId) => admin(url).delete(`/api/v1/auth/kubernetes-auth/identities/${identityId}`),
    ],
    ['the identity is deleted', (url, identityId) => admin(url).delete(`/api/v1/identities/${identityId}`)],
  ]

  function admin(url: string) {
    return createPosternApi(url).as(platform.adminToken)
  }

  /** On each of the others within a second of the reply, and for good. */
  async function expectRefusedEverywhere(token: string, by: Replica): Promise<void> {
    const repliedAt = performance.now()
    await sleep(repliedAt + 1_000 - performance.now())
    const statuses = await Promise.all(set.replicas.map((replica) => statusAt(replica, token)))
    expect(statuses).toEqual([401, 401, 401])
    expect(await statusAt(by, token)).toBe(401)
  }

  it.each(revocations)(
    'T41: refuse a token everywhere within a second once %s on one',
    async (what, revoke) => {
      for (const by of set.replicas) {
        const identityId = await createWorkload(`revoked-${what.replaceAll(/\W/g, '-')}-${by.id}`)
        const token = await tokenOf(identityId, set.url)
        expect(await statusAt(by, token)).toBe(200)
        expect((await revoke(by.url, identityId, token)).status).toBe(200)
        expect(await statusAt(by, token)).toBe(401)
        await expectRefusedEverywhere(token, by)
      }
    },
  )

  it('T41: refuse it everywhere within a second without NATS, too', async () => {
    const [by] = set.replicas
    if (by === undefined) throw new Error('there are replicas')
    const identityId = await createWorkload('revoked-without-nats')
    const token = await tokenOf(identityId, set.url)
    await Promise.all(set.nats.nodes.map((node) => node.end('SIGTERM')))
    try {
      expect(await statusAt(by, token)).toBe(200)
      expectOk(await admin(by.url).post(`/api/v1/identities/${identityId}/revoke-tokens`, {}))
      await expectRefusedEverywhere(token, by)
      const probes = await Promise.all(set.replicas.map(({ url }) => fetch(`${url}/readyz`)))
      expect(probes.map(({ status }) => status)).toEqual([200, 200, 200])
    } finally {
      await Promise.all(set.nats.nodes.map((node) => node.start()))
    }
  })
})
