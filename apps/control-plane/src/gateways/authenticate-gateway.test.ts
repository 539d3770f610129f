import { randomUUID, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  type AuthenticateGateway,
  type GatewayRefusalCode,
  createAuthenticateGateway,
} from './authenticate-gateway.ts'
import type { GatewayKey } from './gateway-credential-store.ts'
import {
  createTestKey,
  encodePart,
  signGatewayToken,
  type TestKey,
  type TokenChanges,
} from './test/gateway-tokens.ts'
import { createRecordedAudit, type RecordedAudit } from './test/recorded-audit.ts'

const origin = 'https://postern.example.com'
const nowMs = Date.UTC(2026, 10, 22, 12)
const iat = nowMs / 1000

interface Arranged {
  authenticate: AuthenticateGateway
  audit: RecordedAudit
  key: TestKey
  record: GatewayKey
  records: Map<string, GatewayKey>
  claimed: Set<string>
  token: (changes?: TokenChanges, atMs?: number) => string
  dial: (bearer: string | undefined) => ReturnType<AuthenticateGateway>
}

function recordOf(key: TestKey): GatewayKey {
  return {
    keyId: key.keyId,
    publicKey: key.raw,
    gatewayId: randomUUID(),
    gatewayName: 'berlin',
    organizationId: randomUUID(),
    retiredAt: null,
    gatewayRevokedAt: null,
    authMethod: 'token',
  }
}

function arrange(
  changes: Partial<GatewayKey> = {},
  audiences = [origin, 'https://other.example.com'],
): Arranged {
  const key = createTestKey()
  const record = { ...recordOf(key), ...changes }
  const records = new Map([[key.keyId, record]])
  const claimed = new Set<string>()
  const audit = createRecordedAudit()
  const authenticate = createAuthenticateGateway({
    credentials: {
      findKey: (keyId) => Promise.resolve(records.get(keyId)),
      useTokenId: ({ keyId, tokenId }) => {
        const isNew = !claimed.has(`${keyId}.${tokenId}`)
        claimed.add(`${keyId}.${tokenId}`)
        return Promise.resolve(isNew)
      },
    },
    audit,
    audiences,
  })
  return {
    authenticate,
    audit,
    key,
    record,
    records,
    claimed,
    token: (changes, atMs = nowMs) => signGatewayToken(key, record.gatewayId, origin, atMs, changes),
    dial: (bearer) => authenticate({ bearer, nowMs, requestId: 'request-1', ipAddress: '192.0.2.7' }),
  }
}

it('lets a gateway in that holds its key, and writes no refusal', async () => {
  const { dial, token, record, audit } = arrange()
  expect(await dial(token())).toEqual({
    ok: true,
    gatewayId: record.gatewayId,
    organizationId: record.organizationId,
    keyId: record.keyId,
  })
  expect(audit.events).toEqual([])
})

it('knows the control plane by each of its origins', async () => {
  const { dial, token } = arrange()
  expect(await dial(token({ claims: { aud: 'https://other.example.com' } }))).toMatchObject({ ok: true })
  expect(await dial(token({ claims: { aud: ['https://x.example', origin] } }))).toMatchObject({ ok: true })
})

describe('T43 lets no token choose how it is verified', () => {
  const attacker = createTestKey()
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: attacker.publicKey }
  it.each<[string, Record<string, unknown>]>([
    ['none', { alg: 'none' }],
    ['HS256', { alg: 'HS256' }],
    ['an embedded jwk', { jwk }],
    ['jku', { jku: 'https://attacker.example/keys' }],
    ['x5u', { x5u: 'https://attacker.example/chain' }],
    ['crit', { crit: ['x'], x: 1 }],
  ])('%s', async (_name, header) => {
    const { record, dial, claimed } = arrange()
    const forged = signGatewayToken(attacker, record.gatewayId, origin, nowMs, {
      header: { kid: record.keyId, ...header },
    })
    expect(await dial(forged)).toMatchObject({
      ok: false,
      code: 'token-malformed',
      permanent: true,
      status: 401,
    })
    expect(claimed.size).toBe(0)
  })
})

describe('T48 takes nobody for another gateway', () => {
  it('refuses a token that names another gateway of the same or another organization', async () => {
    const { dial, token } = arrange()
    expect(await dial(token({ claims: { sub: randomUUID() } }))).toMatchObject({ code: 'credential-unknown' })
  })

  it('refuses a foreign signature under a known kid', async () => {
    const { dial, record, audit } = arrange()
    const { privateKey } = createTestKey()
    const forged = signGatewayToken({ keyId: record.keyId, privateKey }, record.gatewayId, origin, nowMs)
    expect(await dial(forged)).toMatchObject({ code: 'credential-unknown' })
    expect(audit.events).toMatchObject([
      { reason: 'gateway-proof-invalid', actor: { kind: 'stranger' }, organizationId: record.organizationId },
    ])
  })

  it('refuses claims that were changed after the signature', async () => {
    const { dial, token } = arrange()
    const [header, , signature] = token().split('.')
    const claims = { sub: randomUUID(), aud: origin, iat, exp: iat + 60, jti: randomUUID() }
    expect(await dial(`${header}.${encodePart(claims)}.${signature}`)).toMatchObject({
      code: 'credential-unknown',
    })
  })
})

describe('tells whether a gateway is revoked only to who holds its key', () => {
  const revokedAt = new Date(nowMs - 1000)
  const states: [string, Partial<GatewayKey>, string][] = [
    ['a revoked gateway', { gatewayRevokedAt: revokedAt, retiredAt: revokedAt }, 'gateway-revoked'],
    ['a replaced key', { retiredAt: revokedAt }, 'gateway-key-retired'],
  ]

  it.each(states)('%s: the holder is told, for good', async (_name, state, reason) => {
    const { dial, token, record, audit, claimed } = arrange(state)
    expect(await dial(token())).toMatchObject({ code: 'credential-revoked', permanent: true, status: 401 })
    expect(audit.events).toMatchObject([{ reason, actor: { kind: 'gateway', id: record.gatewayId } }])
    expect(claimed.size).toBe(0)
  })

  it.each(states)('%s: a stranger sees what an unknown key gives, to the letter', async (_name, state) => {
    const { dial, record } = arrange(state)
    const stranger = createTestKey()
    const forge = (keyId: string): string =>
      signGatewayToken({ keyId, privateKey: stranger.privateKey }, record.gatewayId, origin, nowMs)
    expect(await dial(forge(record.keyId))).toEqual(await dial(forge(createTestKey().keyId)))
  })

  it('tells a gateway whose pods enrol by their own tokens that a replaced key is unknown, so that it enrols anew', async () => {
    const { dial, token, audit } = arrange({ retiredAt: revokedAt, authMethod: 'kubernetes' })
    const refusal = { code: 'credential-unknown', permanent: true, isProven: true }
    expect(await dial(token())).toMatchObject(refusal)
    expect(audit.events).toMatchObject([{ reason: 'gateway-key-retired' }])
    const revoked = arrange({ gatewayRevokedAt: revokedAt, retiredAt: revokedAt, authMethod: 'kubernetes' })
    expect(await revoked.dial(revoked.token())).toMatchObject({ code: 'credential-revoked' })
  })

  it('a key whose retirement lies ahead is good until then', async () => {
    const { dial, token } = arrange({ retiredAt: new Date(nowMs + 1) })
    expect(await dial(token())).toMatchObject({ ok: true })
  })
})

describe('the audience', () => {
  it.each([
    'https://evil.example',
    `${origin}/`,
    `${origin}:443`,
    'http://postern.example.com',
    'https://POSTERN.example.com',
  ])('%s is not this control plane; the answer names both and the remedy', async (aud) => {
    const { dial, token } = arrange()
    const refusal = await dial(token({ claims: { aud } }))
    expect(refusal).toMatchObject({
      ok: false,
      code: 'audience-mismatch',
      permanent: false,
      retryAfterSeconds: 30,
    })
    const message = refusal.ok ? '' : refusal.message
    expect(message).toContain(`${aud},`)
    expect(message).toContain(origin)
    expect(message).toContain('POSTERN_URL')
  })
})

describe('P23 the clock', () => {
  it.each([
    [0, true],
    [300, true],
    [-360, true],
    [301, false],
    [-361, false],
    [86_400, false],
  ])('a gateway %d s ahead: let in = %s', async (seconds, isOk) => {
    const { dial, token } = arrange()
    expect((await dial(token({}, nowMs + seconds * 1000))).ok).toBe(isOk)
  })

  it('says by how much it is off, in which direction, and what time it is here', async () => {
    const { dial, token, audit } = arrange()
    const ahead = await dial(token({}, nowMs + 600_000))
    const behind = await dial(token({}, nowMs - 600_000))
    for (const refusal of [ahead, behind]) {
      expect(refusal).toMatchObject({ ok: false, code: 'clock-skew', permanent: false, serverTimeMs: nowMs })
    }
    expect(ahead).toMatchObject({
      message: expect.stringContaining('600 s ahead: here it is 2026-11-22T12:00:00.000Z'),
    })
    expect(behind).toMatchObject({ message: expect.stringContaining('600 s behind') })
    expect(audit.events).toMatchObject([{ reason: 'clock-skewed' }, { reason: 'clock-skewed' }])
  })
})

it('lets a token in once', async () => {
  const { dial, token, audit } = arrange()
  const bearer = token()
  expect(await dial(bearer)).toMatchObject({ ok: true })
  expect(await dial(bearer)).toMatchObject({ ok: false, code: 'token-replayed', permanent: false })
  expect(audit.events).toMatchObject([{ event: 'gateway-connection-refused', reason: 'token-replayed' }])
})

it('spends no token id on a dial that is refused for something else', async () => {
  const { dial, token, claimed } = arrange()
  await dial(token({ claims: { aud: 'https://evil.example' } }))
  await dial(token({}, nowMs + 900_000))
  expect(claimed.size).toBe(0)
})

it.each<[string | undefined, GatewayRefusalCode]>([
  [undefined, 'token-malformed'],
  ['', 'token-malformed'],
  ['null', 'token-malformed'],
])('refuses the bearer %j as %s', async (bearer, code) => {
  const { dial, audit } = arrange()
  expect(await dial(bearer)).toMatchObject({ ok: false, code })
  expect(audit.events).toMatchObject([
    {
      reason: 'gateway-token-malformed',
      actor: { kind: 'stranger' },
      organizationId: null,
      requestId: 'request-1',
    },
  ])
})

it('T31 writes no piece of a refused token to the audit log or the answer', async () => {
  const { key, record, dial, audit } = arrange()
  const canary = 'cAnArYcAnArYcAnArY'
  const header = encodePart({ alg: 'EdDSA', kid: key.keyId, typ: 'JWT' })
  const claims = encodePart({
    sub: record.gatewayId,
    aud: 'https://x.example',
    iat,
    exp: iat + 60,
    jti: canary,
  })
  const signature = sign(null, Buffer.from(`${header}.${claims}`), key.privateKey).toString('base64url')
  const answers = [
    await dial(`${header}.${claims}.${signature}`),
    await dial(`${header}.${canary}.${signature}`),
    await dial(`${canary}.${claims}.${signature}`),
    await dial(`${header}.${claims}.${canary}`),
  ]
  const seen = JSON.stringify([answers, audit.events])
  for (const piece of [canary, claims, signature, header]) expect(seen).not.toContain(piece)
  expect(answers.every((answer) => !answer.ok)).toBe(true)
})
