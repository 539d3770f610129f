import { sign } from 'node:crypto'
import { rotationProofText } from '@postern/protocol'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test/create-test-database.ts'
import { createRotateGatewayKey, type GatewayKeyRotated } from './rotate-gateway-key.ts'
import { createOrganization } from './test/gateway-fixtures.ts'
import { createTestKey, signGatewayToken, type TestKey } from './test/gateway-tokens.ts'
import { type GatewayFeature, origin, type Reply, startGatewayFeature } from './test/start-gateway-feature.ts'

let database: TestDatabase
let feature: GatewayFeature
let organizationId: string
let gatewayId: string
let key: TestKey

beforeAll(async () => {
  database = await createTestDatabase({ poolMax: 20 })
})
afterAll(() => database.close())
beforeEach(async () => {
  feature = await startGatewayFeature(database.kysely)
  organizationId = await createOrganization(database.kysely)
  gatewayId = String((await administer('POST', '', { name: 'berlin' })).body['id'])
  const path = `/${gatewayId}/token-auth/generate-enrollment-token`
  const token = String((await administer('POST', path)).body['token'])
  key = createTestKey()
  const body = { token, publicKey: key.publicKey }
  await feature.call('POST', '/api/v3/gateways/token-auth/enroll', { body })
  feature.audit.events.length = 0
  return () => feature.close()
})

function administer(method: string, path: string, body?: unknown): Promise<Reply> {
  return feature.call(method, `/api/v3/gateways${path}`, { as: `admin ${organizationId}`, body })
}

interface Changes {
  from?: TestKey
  signer?: TestKey
  text?: string
  atMs?: number
  publicKey?: Uint8Array
}

function rotate(fresh: TestKey, changes: Changes = {}): Promise<GatewayKeyRotated> {
  const { from = key, signer = fresh, atMs = Date.now() + 60_000 } = changes
  const text = changes.text ?? rotationProofText(gatewayId, from.keyId, fresh.keyId)
  return feature.rotateGatewayKey({
    gatewayId,
    organizationId,
    keyId: from.keyId,
    publicKey: changes.publicKey ?? fresh.raw,
    proof: sign(null, Buffer.from(text), signer.privateKey),
    at: new Date(atMs),
    ipAddress: '203.0.113.7',
  })
}

function dial(holder: TestKey, nowMs = Date.now()) {
  const bearer = signGatewayToken(holder, gatewayId, origin, nowMs)
  return feature.authenticateGateway({ bearer, nowMs })
}

it('refuses a new key whose possession is not proven, whatever the proof was made for', async () => {
  const fresh = createTestKey()
  const proofs: Changes[] = [
    { signer: key },
    { signer: createTestKey() },
    { text: rotationProofText(gatewayId, fresh.keyId, key.keyId) },
    { text: rotationProofText(organizationId, key.keyId, fresh.keyId) },
    { text: rotationProofText(gatewayId, createTestKey().keyId, fresh.keyId) },
    { text: '' },
  ]
  for (const proof of proofs) {
    expect(await rotate(fresh, proof)).toMatchObject({ code: 'refused', keyId: fresh.keyId })
  }
  expect(feature.audit.events.map(({ reason }) => reason)).toEqual(proofs.map(() => 'gateway-proof-invalid'))
  expect(await dial(fresh)).toMatchObject({ ok: false, code: 'credential-unknown' })
})

it('refuses what is no key', async () => {
  for (const publicKey of [Buffer.alloc(32), Buffer.from([2, ...Buffer.alloc(31)]), Buffer.alloc(31)]) {
    expect(await rotate(createTestKey(), { publicKey })).toMatchObject({ code: 'refused' })
  }
  expect(feature.audit.events.at(-1)).toMatchObject({ reason: 'public-key-invalid', outcome: 'denied' })
})

it('lets the gateway dial with both keys for ten minutes, and with the new one ever after', async () => {
  const fresh = createTestKey()
  const atMs = Date.now() + 60_000
  expect(await rotate(fresh, { atMs })).toEqual({ code: 'rotated', keyId: fresh.keyId, detail: '' })
  expect(await rotate(fresh, { atMs })).toMatchObject({ code: 'rotated' })
  expect(await dial(key, atMs + 599_000)).toMatchObject({ ok: true })
  expect(await dial(key, atMs + 600_000)).toMatchObject({ ok: false, code: 'credential-revoked' })
  expect(await dial(fresh, atMs + 600_000)).toMatchObject({ ok: true, keyId: fresh.keyId })
  expect(feature.audit.events.slice(0, 2)).toMatchObject([
    {
      event: 'gateway-key-rotated',
      outcome: 'success',
      organizationId,
      actor: { kind: 'gateway', id: gatewayId },
      ipAddress: '203.0.113.7',
      details: { keyId: key.keyId, newKeyId: fresh.keyId, isRepeated: false, gatewayName: 'berlin' },
    },
    { details: { isRepeated: true } },
  ])
})

it('tells a gateway that rotates too often to try later, with the same key', async () => {
  const fresh = createTestKey()
  expect(await rotate(fresh, { atMs: Date.now() })).toMatchObject({ code: 'unavailable', keyId: fresh.keyId })
  expect(await rotate(fresh)).toMatchObject({ code: 'rotated' })
})

it('T49 refuses a revoked gateway, whose old and new keys are both dead', async () => {
  const fresh = createTestKey()
  await rotate(fresh)
  feature.tunnels.open({ gatewayId, keyId: key.keyId })
  feature.tunnels.open({ gatewayId, keyId: fresh.keyId })
  await administer('POST', `/${gatewayId}/revoke`)
  expect(feature.tunnels.tunnelCount(gatewayId)).toBe(0)
  for (const dead of [key, fresh]) {
    expect(await dial(dead)).toMatchObject({ code: 'credential-revoked', permanent: true })
  }
  const next = createTestKey()
  expect(await rotate(next, { from: fresh, atMs: Date.now() + 120_000 })).toMatchObject({ code: 'refused' })
  expect(feature.audit.events.at(-1)).toMatchObject({ reason: 'gateway-revoked' })
})

it('has not rotated when the audit row or the database failed, and can be told again', async () => {
  const fresh = createTestKey()
  feature.audit.refuse(true)
  expect(await rotate(fresh)).toMatchObject({ code: 'unavailable', keyId: fresh.keyId })
  feature.audit.refuse(false)
  expect(await dial(fresh)).toMatchObject({ code: 'credential-unknown' })
  const broken = createRotateGatewayKey({
    commit: async () => {
      await sql`select 1/0`.execute(database.kysely)
      throw new Error('unreachable')
    },
    auditLog: feature.audit,
    logger: { warn: () => undefined },
  })
  const proof = sign(
    null,
    Buffer.from(rotationProofText(gatewayId, key.keyId, fresh.keyId)),
    fresh.privateKey,
  )
  const rotation = {
    gatewayId,
    organizationId,
    keyId: key.keyId,
    publicKey: fresh.raw,
    proof,
    at: new Date(),
  }
  expect(await broken(rotation)).toMatchObject({ code: 'unavailable' })
  expect(await rotate(fresh)).toMatchObject({ code: 'rotated' })
})
