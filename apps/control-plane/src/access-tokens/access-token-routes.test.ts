import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditEvent } from '../audit/audit-event.ts'
import { ApiError } from '../http/api-error.ts'
import { type HttpServer, createHttpServer } from '../http/http-server.ts'
import { registerAccessTokenRoutes } from './access-token-routes.ts'
import { createRenewAccessToken } from './renew-access-token.ts'
import { createRevokeAccessToken } from './revoke-access-token.ts'
import {
  type TokenFixture,
  createTokenFixture,
  markedTokens,
  tokenRequest,
} from './test/access-token-fixtures.ts'
import { createCountedUses } from './test/counted-uses.ts'

const renewPath = '/api/v1/auth/token/renew'
const revokePath = '/api/v1/auth/token/revoke'

describe('the routes of access tokens', () => {
  let fixture: TokenFixture
  let server: HttpServer
  let recorded: AuditEvent[]
  let isAuditLogBroken: boolean
  beforeEach(async () => {
    fixture = await createTokenFixture()
    recorded = []
    isAuditLogBroken = false
    server = await createHttpServer({
      trustedProxies: [],
      strangerRequestsPerMinute: 0,
      logger: pino({ level: 'silent' }),
    })
    const auditLog = {
      async record(event: AuditEvent) {
        if (isAuditLogBroken) throw new ApiError('ServiceUnavailable', 'no audit log')
        recorded.push(event)
      },
    }
    registerAccessTokenRoutes(server, {
      renewToken: createRenewAccessToken({
        ...fixture,
        uses: createCountedUses(),
        findIdentity: async () => ({ isDisabled: false }),
      }),
      revokeToken: createRevokeAccessToken({
        ...fixture,
        revocations: {
          covers: (token) => fixture.revoked.covers(token),
          learn: (marker) => fixture.revoked.add(marker),
        },
        commit: (change) => change({ revocations: markedTokens, audit: auditLog }),
      }),
      auditLog,
      keys: fixture.keys,
    })
  })
  afterEach(() => server.close())

  const post = (url: string, body: object) => server.inject({ method: 'POST', url, body })
  async function issue(settings: Parameters<typeof tokenRequest>[0] = {}) {
    const request = tokenRequest(settings)
    const { accessToken, tokenId } = await fixture.issuer.issue(request)
    fixture.clock.set(fixture.clock.nowMs() + 60_000)
    return { ...request, accessToken, tokenId }
  }

  it('renew with the four fields of a login, and write one audit event', async () => {
    const { accessToken, tokenId, identityId, organizationId } = await issue()
    const reply = await post(renewPath, { accessToken, somethingElse: 1 })
    expect(reply.statusCode).toBe(200)
    expect(reply.json()).toEqual({
      accessToken: expect.any(String),
      expiresIn: 3600,
      accessTokenMaxTTL: 86_400,
      tokenType: 'Bearer',
    })
    expect(reply.json()).not.toMatchObject({ accessToken })
    expect(recorded).toEqual([
      {
        occurredAt: expect.any(Date),
        organizationId,
        requestId: reply.headers['x-request-id'],
        event: 'access-token-renewed',
        outcome: 'success',
        actor: { kind: 'identity', id: identityId },
        identityId,
        ipAddress: '127.0.0.1',
        details: { tokenId, expiresAt: fixture.clock.nowMs() / 1000 + 3600 },
      },
    ])
  })

  it('revoke, may be repeated, and write the first time down', async () => {
    const { accessToken, tokenId } = await issue()
    for (let time = 0; time < 2; time += 1) {
      const reply = await post(`${revokePath}/`, { accessToken })
      expect([reply.statusCode, reply.json()]).toEqual([200, { message: expect.any(String) }])
    }
    expect(recorded).toMatchObject([
      { event: 'access-token-revoked', outcome: 'success', details: { tokenId } },
    ])
    const renewal = await post(renewPath, { accessToken })
    expect(renewal.statusCode).toBe(401)
    expect(recorded[1]).toMatchObject({
      event: 'access-token-renewed',
      outcome: 'denied',
      reason: 'token-revoked',
    })
  })

  it('answer 401 to junk and to expired tokens, and write nothing down for strangers', async () => {
    const { accessToken } = await issue()
    fixture.clock.set(fixture.clock.nowMs() + 3_600_000)
    for (const url of [renewPath, revokePath]) {
      for (const token of ['junk', `${accessToken}x`, accessToken]) {
        const reply = await post(url, { accessToken: token })
        expect(reply.statusCode).toBe(401)
        expect(reply.json()).toMatchObject({ error: 'Unauthorized', reqId: reply.headers['x-request-id'] })
      }
    }
    expect(recorded).toEqual([])
  })

  it.each([
    {
      what: 'a token that has reached its maximum TTL',
      settings: { ttlSeconds: 600, maxTtlSeconds: 600 },
      reply: [401, undefined],
      event: { outcome: 'denied', reason: 'token-budget-exhausted' },
    },
    {
      what: 'an address that is not trusted',
      arrange: () => {
        fixture.trusted.list = []
      },
      reply: [403, undefined],
      event: { outcome: 'denied', reason: 'address-not-trusted' },
    },
    {
      what: 'revocations that are not known',
      arrange: () => {
        fixture.feed.isFresh = false
      },
      reply: [503, '1'],
      event: { outcome: 'failed', reason: 'revocations-unknown' },
    },
  ])('refuse to renew for $what', async ({ settings, arrange, reply, event }) => {
    const { accessToken } = await issue(settings)
    arrange?.()
    const { statusCode, headers } = await post(renewPath, { accessToken })
    expect([statusCode, headers['retry-after']]).toEqual(reply)
    expect(recorded).toMatchObject([event])
  })

  it('do not reply as if done when the audit log cannot be written', async () => {
    const { accessToken } = await issue()
    isAuditLogBroken = true
    for (const url of [renewPath, revokePath]) {
      const reply = await post(url, { accessToken })
      expect(reply.statusCode).toBe(503)
      expect(reply.body).not.toContain('eyJ')
    }
  })

  it('answer 422 with the field’s name to a body of the wrong shape', async () => {
    for (const body of [{}, { accessToken: '' }, { accessToken: 7 }, { accessToken: 'x'.repeat(8193) }]) {
      const reply = await post(renewPath, body)
      expect(reply.statusCode).toBe(422)
      expect(reply.json()).toMatchObject({ error: 'ValidationFailure', message: [{ path: ['accessToken'] }] })
    }
  })

  it('publish the public keys, which may be cached', async () => {
    const reply = await server.inject('/.well-known/jwks.json')
    expect(reply.statusCode).toBe(200)
    expect(reply.headers['cache-control']).toBe('public, max-age=300')
    expect(reply.json()).toEqual({ keys: fixture.keys.published() })
    expect(reply.body).not.toContain('"d"')
  })

  it('T31: say nothing of a token in what is written down', async () => {
    const { accessToken } = await issue()
    await post(renewPath, { accessToken })
    await post(revokePath, { accessToken })
    await post(renewPath, { accessToken: `${accessToken}${randomUUID()}` })
    expect(recorded).toHaveLength(2)
    for (const part of accessToken.split('.'))
      expect(JSON.stringify(recorded)).not.toContain(part.slice(0, 12))
  })
})
