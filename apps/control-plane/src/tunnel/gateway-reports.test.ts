import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ClusterFrame, HealthFrame, RotateKeyFrame } from '@postern/protocol'
import type { KeyRotation } from './key-rotation.ts'
import { FakeGateway } from './test/fake-gateway.ts'
import { TunnelBench } from './test/tunnel-bench.ts'

const bearer = 'gateway-1.x.y'
let bench: TunnelBench
let rotations: KeyRotation[]
let rotateAnswers: (() => Promise<{ code: 'rotated' | 'refused'; keyId: string; detail: string }>)[]

beforeEach(async () => {
  rotations = []
  rotateAnswers = []
  bench = await TunnelBench.start({
    rotateGatewayKey: (rotation) => {
      rotations.push(rotation)
      return rotateAnswers.shift()?.() ?? Promise.reject(new Error('database'))
    },
  })
})
afterEach(async () => {
  await bench.stop()
})

const health: HealthFrame = {
  kind: 'health',
  apiServerReachable: false,
  mayReviewTokens: true,
  credentialExpiresAtS: 7,
  detail: 'why',
}
const cluster: ClusterFrame = {
  kind: 'cluster',
  rootCaSha256: [new Uint8Array(32).fill(1)],
  tokenIssuer: 'https://issuer',
  issuerKeySha256: [new Uint8Array(32).fill(2), new Uint8Array(32).fill(3)],
}
const rotate: RotateKeyFrame = {
  kind: 'rotate-key',
  publicKey: new Uint8Array(32).fill(4),
  proof: new Uint8Array(64).fill(5),
}

test('a tunnel keeps what its gateway last said of itself', async () => {
  const gateway = await FakeGateway.connect(bench.url, bearer)
  const session = bench.registry.tunnelsOf('gateway-1')[0]
  expect([session?.health, session?.cluster]).toEqual([undefined, undefined])
  gateway.send(health, cluster)
  await expect.poll(() => session?.cluster).toEqual(cluster)
  expect(session?.health).toEqual(health)
  gateway.send({ ...health, apiServerReachable: true })
  await expect.poll(() => session?.health?.apiServerReachable).toBe(true)
})

test('a cluster that says the same again stays the same object, and keeps no message alive', async () => {
  const gateway = await FakeGateway.connect(bench.url, bearer)
  const session = bench.registry.tunnelsOf('gateway-1')[0]
  gateway.send(cluster)
  await expect.poll(() => session?.cluster).toBeDefined()
  const first = session?.cluster
  for (const bytes of [...(first?.rootCaSha256 ?? []), ...(first?.issuerKeySha256 ?? [])]) {
    expect(bytes.buffer.byteLength).toBe(32)
  }
  gateway.send(cluster, health)
  await expect.poll(() => session?.health).toBeDefined()
  expect(session?.cluster).toBe(first)
  gateway.send({ ...cluster, tokenIssuer: 'https://other' })
  await expect.poll(() => session?.cluster?.tokenIssuer).toBe('https://other')
})

describe('a rotation of a key', () => {
  test('is asked of the gateways feature with who asks, and answered', async () => {
    rotateAnswers.push(async () => ({ code: 'rotated', keyId: 'new-key', detail: '' }))
    const gateway = await FakeGateway.connect(bench.url, bearer)
    gateway.send(rotate)
    const [answer] = await gateway.frames('key-rotated')
    expect(answer).toEqual({ kind: 'key-rotated', keyId: 'new-key', code: 'rotated', detail: '' })
    expect(rotations[0]).toMatchObject({
      gatewayId: 'gateway-1',
      organizationId: 'organization',
      keyId: 'key-of-gateway-1',
      publicKey: Buffer.from(rotate.publicKey),
      proof: Buffer.from(rotate.proof),
      ipAddress: '127.0.0.1',
    })
    expect(bench.registry.tunnelsOf('gateway-1')[0]?.keyId).toBe('key-of-gateway-1')
  })

  test('that fails is unavailable, and says nothing of why', async () => {
    const gateway = await FakeGateway.connect(bench.url, bearer)
    gateway.send(rotate)
    const [answer] = await gateway.frames('key-rotated')
    expect(answer).toMatchObject({ code: 'unavailable', keyId: '' })
    expect(answer?.detail).not.toContain('database')
  })

  test('waits for no other: a second one meanwhile is unavailable', async () => {
    const first = Promise.withResolvers<{ code: 'rotated'; keyId: string; detail: string }>()
    rotateAnswers.push(() => first.promise)
    const gateway = await FakeGateway.connect(bench.url, bearer)
    gateway.send(rotate, rotate)
    expect((await gateway.frames('key-rotated'))[0]).toMatchObject({ code: 'unavailable' })
    first.resolve({ code: 'rotated', keyId: 'new-key', detail: '' })
    expect((await gateway.frames('key-rotated', 2))[1]).toMatchObject({ code: 'rotated' })
    expect(rotations).toHaveLength(1)
  })

  test('is not asked for without end', async () => {
    for (let index = 0; index < 5; index++)
      rotateAnswers.push(async () => ({ code: 'refused', keyId: '', detail: '' }))
    const gateway = await FakeGateway.connect(bench.url, bearer)
    for (let index = 1; index <= 6; index++) {
      gateway.send(rotate)
      await gateway.frames('key-rotated', index)
    }
    expect(gateway.of('key-rotated').map(({ code }) => code)).toEqual([
      ...Array.from({ length: 5 }, () => 'refused'),
      'unavailable',
    ])
  })
})
