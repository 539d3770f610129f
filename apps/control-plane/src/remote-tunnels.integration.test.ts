import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeFrame } from '@postern/protocol'
import { type NatsServer, startNatsServer } from '@postern/testing/nats-server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { createTestKey, signGatewayToken, type TestKey } from './gateways/test/gateway-tokens.ts'
import {
  type PosternWithCluster,
  startPosternWithCluster,
} from './kubernetes-auth/test/postern-with-cluster.ts'
import { hasNatsServer, openTestBus } from './replicas/test/open-test-bus.ts'
import type { Replica, Reply } from './test/start-test-app.ts'
import { FakeGateway, verdictOn } from './tunnel/test/fake-gateway.ts'

// Two control planes on one database, with a real nats-server between them.

const soon = { timeout: 10_000, interval: 2 }
const withId = z.object({ id: z.string() })

describe.skipIf(!hasNatsServer)('two replicas', () => {
  let nats: NatsServer
  let postern: PosternWithCluster
  let other: Replica
  let identityId: string
  let gatewayId: string
  let key: TestKey
  let jwt: string
  let open: FakeGateway[]

  beforeAll(async () => {
    nats = await startNatsServer()
    const openBus = async () => (await openTestBus({ urls: [nats.url] })).bus
    postern = await startPosternWithCluster({ replicaId: 'one' }, { openBus })
    other = await postern.app.startReplica({ replicaId: 'two' })
    jwt = await postern.cluster.mintToken({ namespace: 'payments', name: 'api' })
  }, 60_000)
  afterAll(async () => {
    await other.stop()
    await postern.close()
    await nats.stop()
  })

  beforeEach(async () => {
    open = []
    gatewayId = withId.parse((await asAdmin('POST', '/api/v3/gateways', { name: randomUUID() })).body).id
    const path = `/api/v3/gateways/${gatewayId}/token-auth/generate-enrollment-token`
    const { token } = z.object({ token: z.string() }).parse((await asAdmin('POST', path)).body)
    key = createTestKey()
    const body = { token, publicKey: key.publicKey }
    await postern.app.call('POST', '/api/v3/gateways/token-auth/enroll', { body })
    identityId = await postern.createIdentity()
    // What is saved is tried at once, through the other's tunnel.
    const first = await connect(other, 'first')
    await untilKnown(1)
    const attached = await postern.attach(identityId, {
      tokenReviewMode: 'gateway',
      gatewayId,
      kubernetesHost: null,
      caCert: '',
      tokenReviewerJwt: null,
    })
    if (attached.status !== 200) throw new Error(JSON.stringify(attached.body))
    first.webSocket.close()
    await untilKnown(0)
  })
  afterEach(async () => {
    for (const { webSocket } of open) webSocket.close()
    await Promise.all(open.map((gateway) => gateway.closed()))
  })

  function asAdmin(method: string, path: string, body?: object): Promise<Reply> {
    return postern.app.call(method, path, { token: postern.admin, body })
  }

  function logIn(replica: Pick<Replica, 'call'>): Promise<Reply> {
    return replica.call('POST', '/api/v1/auth/kubernetes-auth/login', { body: { identityId, jwt } })
  }

  /** A gateway whose cluster vouches for payments/api. */
  async function connect({ url }: Pick<Replica, 'url'>, instanceId = 'instance'): Promise<FakeGateway> {
    const bearer = signGatewayToken(key, gatewayId, 'https://postern.example.com', Date.now())
    const tunnelUrl = `${url.replace('http', 'ws')}/api/v3/gateways/tunnel`
    const gateway = await FakeGateway.connect(tunnelUrl, bearer, { instanceId })
    open.push(gateway)
    gateway.webSocket.on('message', (message: Buffer) => {
      const frame = decodeFrame(message)
      if (frame.kind !== 'review-token') return
      const vouches = frame.token === jwt
      gateway.send(
        verdictOn(frame, {
          authenticated: vouches,
          username: vouches ? 'system:serviceaccount:payments:api' : '',
          groups: vouches ? ['system:serviceaccounts'] : [],
          error: vouches ? '' : 'unknown',
        }),
      )
    })
    return gateway
  }

  async function tunnelCountOn(replica: Pick<Replica, 'call'>): Promise<number> {
    const { body } = await replica.call('GET', `/api/v3/gateways/${gatewayId}`, { token: postern.admin })
    return z.object({ connectedTunnels: z.number() }).parse(body).connectedTunnels
  }

  function untilKnown(tunnels: number): Promise<void> {
    return vi.waitFor(async () => {
      if ((await tunnelCountOn(postern.app)) !== tunnels) throw new Error('not yet')
    }, soon)
  }

  it('log in through each other’s tunnels, and write down who held them', async () => {
    await connect(other)
    await vi.waitFor(async () => expect((await logIn(postern.app)).status).toBe(200), soon)
    const rows = await postern.app.database.kysely
      .selectFrom('audit_events')
      .select('details')
      .where('event', '=', 'kubernetes-login')
      .where('outcome', '=', 'success')
      .orderBy('occurred_at', 'desc')
      .limit(1)
      .execute()
    expect(rows[0]?.details).toMatchObject({ review: { gatewayId, heldBy: 'two', attempts: 1 } })
    expect((await logIn(other)).status).toBe(200)
    expect(await tunnelCountOn(postern.app)).toBe(1)
  })

  it('P7: a new tunnel is reachable at once from the other, and a closed one is gone at once', async () => {
    const [reachableMs, goneMs]: [number[], number[]] = [[], []]
    for (let round = 0; round < 10; round += 1) {
      const gateway = await connect(other, `instance-${round}`)
      let at = performance.now()
      await vi.waitFor(async () => expect((await logIn(postern.app)).status).toBe(200), soon)
      reachableMs.push(performance.now() - at)
      at = performance.now()
      gateway.webSocket.close()
      await vi.waitFor(async () => expect(await tunnelCountOn(postern.app)).toBe(0), soon)
      goneMs.push(performance.now() - at)
      await gateway.closed()
    }
    process.stdout.write(`P7: reachable ms ${figures(reachableMs)}; gone ms ${figures(goneMs)}\n`)
  })

  it('T48: a gateway that one of them revokes loses its tunnels on both', async () => {
    const gateway = await connect(other)
    await vi.waitFor(async () => expect((await logIn(postern.app)).status).toBe(200), soon)
    expect((await asAdmin('POST', `/api/v3/gateways/${gatewayId}/revoke`)).status).toBe(200)
    expect((await logIn(postern.app)).status).toBe(503)
    await gateway.closed()
    expect(gateway.of('go-away')).toMatchObject([{ code: 'revoked' }])
  })

  it('go on with their own tunnels while NATS is gone, refuse the others in time, and find them again', async () => {
    await connect(other)
    await vi.waitFor(async () => expect((await logIn(postern.app)).status).toBe(200), soon)
    await nats.kill()
    expect((await logIn(other)).status).toBe(200)
    const [waiting] = await Promise.all([logIn(postern.app), sleep(300).then(() => nats.restart())])
    // Either it was found again within the time that a login waits for a gateway, or the caller is told to come again.
    expect([200, 503]).toContain(waiting.status)
    await vi.waitFor(async () => expect((await logIn(postern.app)).status).toBe(200), soon)
  })
})

function figures(all: readonly number[]): string {
  const sorted = all.toSorted((one, other) => one - other)
  return [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)]
    .map((ms) => ms?.toFixed(1))
    .join(' / ')
}
