import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test/create-test-database.ts'
import { createOrganization } from './test/gateway-fixtures.ts'
import { createTestKey, signGatewayToken, type TestKey } from './test/gateway-tokens.ts'
import { type GatewayFeature, origin, type Reply, startGatewayFeature } from './test/start-gateway-feature.ts'

let database: TestDatabase
let feature: GatewayFeature
let organizationId: string
let gatewayId: string

beforeAll(async () => {
  database = await createTestDatabase({ poolMax: 20 })
})
afterAll(() => database.close())
beforeEach(async () => {
  feature = await startGatewayFeature(database.kysely)
  organizationId = await createOrganization(database.kysely)
  const { body } = await administer('POST', '', { name: 'berlin' })
  gatewayId = String(body['id'])
  return () => feature.close()
})

function administer(method: string, path: string, body?: unknown): Promise<Reply> {
  return feature.call(method, `/api/v3/gateways${path}`, { as: `admin ${organizationId}`, body })
}

async function generateToken(): Promise<string> {
  const { status, body } = await administer('POST', `/${gatewayId}/token-auth/generate-enrollment-token`)
  expect(status).toBe(200)
  return String(body['token'])
}

function enrol(token: string, publicKey: string): Promise<Reply> {
  return feature.call('POST', '/api/v3/gateways/token-auth/enroll', { body: { token, publicKey } })
}

async function enrolled(): Promise<TestKey> {
  const key = createTestKey()
  expect((await enrol(await generateToken(), key.publicKey)).status).toBe(200)
  return key
}

function dial(key: TestKey, bearer = signGatewayToken(key, gatewayId, origin, Date.now())) {
  return feature.authenticateGateway({ bearer, nowMs: Date.now(), requestId: 'dial-1' })
}

function refusals(): (string | undefined)[] {
  return feature.audit.events
    .filter(({ event }) => event === 'gateway-enrolment-refused')
    .map(({ reason }) => reason)
}

it('makes a token that is recognizable, lives an hour, and is stored as a hash alone', async () => {
  const { body } = await administer('POST', `/${gatewayId}/token-auth/generate-enrollment-token`)
  const token = String(body['token'])
  expect(token).toMatch(/^pget_[\w-]{43}$/)
  const livesMs = Date.parse(String(body['expiresAt'])) - Date.now()
  expect(livesMs).toBeGreaterThan(3_540_000)
  expect(livesMs).toBeLessThanOrEqual(3_600_000)
  const rows = await database.kysely.selectFrom('gateway_enrolment_tokens').selectAll().execute()
  expect(JSON.stringify(rows.map((row) => [row, row.token_hash.toString('latin1')]))).not.toContain(
    token.slice(5),
  )
})

it('T47 binds the key to the gateway, answers with names and ids only, and lets the gateway connect', async () => {
  const token = await generateToken()
  const key = createTestKey()
  expect(await enrol(token, key.publicKey)).toEqual({
    status: 200,
    body: { gatewayId, gatewayName: 'berlin', organizationId, keyId: key.keyId },
  })
  expect(await dial(key)).toEqual({ ok: true, gatewayId, organizationId, keyId: key.keyId })
  const { body } = await administer('GET', `/${gatewayId}`)
  expect(body).toMatchObject({ canRevoke: true, status: 'disconnected', heartbeat: expect.any(String) })
  expect(feature.audit.events).toMatchObject([
    { event: 'gateway-created' },
    { event: 'gateway-enrolment-token-created', organizationId, details: { gatewayId } },
    {
      event: 'gateway-enrolled',
      outcome: 'success',
      organizationId,
      actor: { kind: 'gateway', id: gatewayId },
      details: { keyId: key.keyId, isRepeated: false },
    },
  ])
})

it('spends a token once, when 50 gateways race for it', async () => {
  const token = await generateToken()
  const keys = Array.from({ length: 50 }, () => createTestKey())
  const replies = await Promise.all(keys.map((key) => enrol(token, key.publicKey)))
  const winners = replies.filter(({ status }) => status === 200)
  expect(winners).toHaveLength(1)
  expect(replies.filter(({ status }) => status === 401)).toHaveLength(49)
  const dials = await Promise.all(keys.map((key) => dial(key)))
  expect(dials.filter(({ ok }) => ok)).toMatchObject([{ keyId: winners[0]?.body['keyId'] }])
  expect(refusals()).toEqual(Array.from({ length: 49 }, () => 'enrolment-token-used'))
})

it('answers a repeated enrolment the same, within the token’s hour only', async () => {
  const token = await generateToken()
  const key = createTestKey()
  const first = await enrol(token, key.publicKey)
  expect(await enrol(token, key.publicKey)).toEqual(first)
  expect(await dial(key)).toMatchObject({ ok: true })
  feature.advance(3_600_000)
  expect(await enrol(token, key.publicKey)).toMatchObject({ status: 401 })
  expect(await dial(key)).toMatchObject({ ok: true })
})

it('gives a stranger one answer, whatever is wrong with the token; the audit log has the reason', async () => {
  const used = await generateToken()
  await enrol(used, createTestKey().publicKey)
  const superseded = await generateToken()
  const expired = await generateToken()
  feature.advance(3_600_000)
  const unknown = `pget_${'A'.repeat(43)}`
  const replies: Reply[] = []
  for (const token of [used, superseded, expired, unknown, 'no token at all']) {
    replies.push(await enrol(token, createTestKey().publicKey))
  }
  const bodies = replies.map(({ body }) => ({ ...body, reqId: '' }))
  expect(replies.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401])
  expect(bodies).toEqual(bodies.map(() => bodies[0]))
  expect(refusals()).toEqual([
    'enrolment-token-used',
    'enrolment-token-superseded',
    'enrolment-token-expired',
    'enrolment-token-unknown',
    'enrolment-token-unknown',
  ])
  const organizations = feature.audit.events.slice(-5).map((event) => event.organizationId)
  expect(organizations).toEqual([organizationId, organizationId, organizationId, null, null])
})

it('refuses a key that is none before the token is spent', async () => {
  const token = await generateToken()
  const invalid = [
    Buffer.alloc(32),
    Buffer.alloc(31),
    Buffer.from([2, ...Buffer.alloc(31)]),
    Buffer.alloc(33),
  ]
  for (const bytes of invalid) {
    expect(await enrol(token, bytes.toString('base64url'))).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('publicKey') },
    })
  }
  expect(refusals()).toEqual(invalid.map(() => 'public-key-invalid'))
  expect((await enrol(token, createTestKey().publicKey)).status).toBe(200)
})

it('refuses a key that was enrolled before, without spending the token', async () => {
  const key = await enrolled()
  const token = await generateToken()
  expect(await enrol(token, key.publicKey)).toMatchObject({
    status: 400,
    body: { message: expect.stringContaining('make a new key') },
  })
  expect((await enrol(token, createTestKey().publicKey)).status).toBe(200)
})

it('replaces the key when the gateway is enrolled anew, and closes the old key’s tunnels only', async () => {
  const old = await enrolled()
  feature.tunnels.open({ gatewayId, keyId: old.keyId })
  const fresh = await enrolled()
  expect(feature.tunnels.closed).toEqual([{ gatewayId, keyId: old.keyId, reason: 'credential-replaced' }])
  expect(await dial(old)).toMatchObject({ ok: false, code: 'credential-revoked', permanent: true })
  expect(await dial(fresh)).toMatchObject({ ok: true })
})

it('limits the attempts of one address', async () => {
  const limited = await startGatewayFeature(database.kysely, { strangerRequestsPerMinute: 3 })
  const statuses: number[] = []
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const body = { token: 'guess', publicKey: createTestKey().publicKey }
    statuses.push((await limited.call('POST', '/api/v3/gateways/token-auth/enroll', { body })).status)
  }
  await limited.close()
  expect(statuses).toEqual([401, 401, 401, 429, 429])
})

it('T31 shows no enrolment token in logs, audit or refusals', async () => {
  const token = await generateToken()
  await enrol(token, createTestKey().publicKey)
  const refused = await enrol(token, createTestKey().publicKey)
  const invalid = await enrol(token, 'AA')
  const seen = feature.server.logs() + JSON.stringify([feature.audit.events, refused, invalid])
  expect(seen).toContain('gateway-enrolled')
  expect(seen).not.toContain(token.slice(5, 17))
})

describe('an enrolled gateway', () => {
  it('gets in once per token, when 50 dials race with one', async () => {
    const key = await enrolled()
    const bearer = signGatewayToken(key, gatewayId, origin, Date.now())
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => dial(key, bearer)))
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1)
    const codes = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.code]))
    expect(codes).toEqual(Array.from({ length: 49 }, () => 'token-replayed'))
  })

  it('T48 cannot pass for a gateway of another organization', async () => {
    const key = await enrolled()
    const ownGatewayId = gatewayId
    organizationId = await createOrganization(database.kysely)
    const { body } = await administer('POST', '', { name: 'berlin' })
    gatewayId = String(body['id'])
    await enrolled()
    const bearer = signGatewayToken(key, gatewayId, origin, Date.now())
    expect(await dial(key, bearer)).toMatchObject({ ok: false, code: 'credential-unknown' })
    const own = await dial(key, signGatewayToken(key, ownGatewayId, origin, Date.now()))
    expect(own).toMatchObject({ ok: true, gatewayId: ownGatewayId })
  })

  it('is refused for good once it is revoked or deleted, and let in again by a new enrolment', async () => {
    const key = await enrolled()
    await administer('POST', `/${gatewayId}/revoke`)
    expect(await dial(key)).toMatchObject({ code: 'credential-revoked', permanent: true })
    const again = await enrolled()
    expect(await dial(again)).toMatchObject({ ok: true })
    expect(await dial(key)).toMatchObject({ code: 'credential-revoked', permanent: true })
    await administer('DELETE', `/${gatewayId}`)
    expect(await dial(again)).toMatchObject({ code: 'credential-unknown', permanent: true })
  })

  it.each(['revoke', 'delete', 're-enrolment'])(
    'T49 is cut off on every replica within 5 s of its %s',
    async (action) => {
      const elsewhere = await startGatewayFeature(database.kysely)
      const key = await enrolled()
      for (const replica of [feature, elsewhere]) replica.tunnels.open({ gatewayId, keyId: key.keyId })
      if (action === 'revoke') await administer('POST', `/${gatewayId}/revoke`)
      if (action === 'delete') await administer('DELETE', `/${gatewayId}`)
      if (action === 're-enrolment') await enrolled()
      expect(feature.tunnels.tunnelCount(gatewayId)).toBe(0)
      await vi.waitFor(() => expect(elsewhere.tunnels.tunnelCount(gatewayId)).toBe(0), 5000)
      await elsewhere.close()
    },
  )
})
