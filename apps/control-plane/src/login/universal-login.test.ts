import { beforeEach, describe, expect, it } from 'vitest'
import type { AccessTokenRequest } from '../access-tokens/issue-access-token.ts'
import type { AuditEvent } from '../audit/audit-event.ts'
import { ApiError } from '../http/api-error.ts'
import { createClientSecret } from '../universal-auth/client-secret.ts'
import { defaultUniversalAuthSettings } from '../universal-auth/universal-auth.ts'
import type { FoundClient } from '../universal-auth/universal-login-store.ts'
import { identity, identityId, organizationId } from './test/login-fixture.ts'
import type { ObservedLogin } from './kubernetes-login.ts'
import { createUniversalLogin, type UniversalLogin } from './universal-login.ts'

const clientId = '44444444-4444-4444-8444-444444444444'
const { clientSecret, hash } = createClientSecret()
const call = { requestId: 'request-1', ipAddress: '203.0.113.7', clientId, clientSecret }

describe('a login with a client secret', () => {
  let login: UniversalLogin
  let client: FoundClient | undefined
  let find: () => Promise<FoundClient | undefined>
  let tookMs: number
  let clockMs: number
  let isUsable: boolean
  let isAuditBroken: boolean
  let hasSigningKey: boolean
  let audit: AuditEvent[]
  let issued: AccessTokenRequest[]
  let observed: ObservedLogin[]
  let sleptMs: number[]
  let tokenClockMs: number
  let identityReadAtMs: number
  let revokedAtMs: number
  let forgotten: string[]

  beforeEach(() => {
    const auth = {
      ...defaultUniversalAuthSettings,
      id: '55555555-5555-4555-8555-555555555555',
      identityId,
      organizationId,
      clientId,
      cameWithIdentity: false,
      createdAt: new Date(0),
      updatedAt: new Date(0),
    }
    const secret = { id: 'secret-1', hash, isRevoked: false, isExpired: false, numUses: 0, numUsesLimit: 0 }
    client = { auth, organizationSlug: 'acme', isSourceLockedOut: false, candidates: [secret] }
    find = async () => client
    ;[tookMs, clockMs, tokenClockMs] = [0, 0, 5000]
    ;[identityReadAtMs, revokedAtMs, forgotten] = [5000, 0, []]
    ;[isUsable, isAuditBroken, hasSigningKey] = [true, false, true]
    ;[audit, issued, observed, sleptMs] = [[], [], [], []]
    login = createUniversalLogin({
      identities: {
        findIdentity: async () => ({ ...identity, readAtMs: identityReadAtMs }),
        forget: (id) => {
          forgotten.push(id)
          identityReadAtMs = tokenClockMs
        },
      },
      revocations: { covers: ({ createdAtMs }) => createdAtMs <= revokedAtMs },
      clients: {
        findClient: async () => {
          clockMs += tookMs
          tokenClockMs += 1000
          return find()
        },
      },
      countUse: async () => isUsable,
      lockouts: { recordFailure: async () => false },
      issuer: {
        issue: async (request) => {
          if (!hasSigningKey) throw new Error('there is no signing key')
          issued.push(request)
          return { accessToken: 'issued', expiresInSeconds: 600, maxTtlSeconds: 1200, tokenId: 'token-1' }
        },
      },
      clock: { nowMs: () => tokenClockMs },
      auditLog: {
        record: async (event) => {
          if (isAuditBroken) throw new ApiError('ServiceUnavailable', 'no audit log')
          audit.push(event)
        },
      },
      lastLogins: { record: () => undefined },
      observeLogin: (login) => void observed.push(login),
      failedLoginsPerMinutePerIdentity: 300,
      nowMs: () => 0,
      monotonicMs: () => clockMs,
      sleep: async (ms) => {
        sleptMs.push(ms)
        clockMs += ms
      },
    })
  })

  it('T29: ends every refusal on a step of time, whatever was looked up before', async () => {
    for (const ms of [0, 3, 11, 24.5, 30]) {
      tookMs = ms
      const beganAtMs = clockMs
      await expect(login({ ...call, clientSecret: 'wrong' })).rejects.toMatchObject({ code: 'Unauthorized' })
      expect((clockMs - beganAtMs) % 25).toBeCloseTo(0)
    }
    await expect(login({ ...call, clientId: 'no uuid' })).rejects.toMatchObject({ code: 'Unauthorized' })
    expect(sleptMs).toHaveLength(6)
  })

  it('T41: makes the token as old as the moment before anything was read', async () => {
    await login(call)
    expect(issued).toMatchObject([
      { createdAtMs: 5000, clientSecretId: 'secret-1', authMethod: 'universal-auth' },
    ])
  })

  it('T46: makes the token as old as what is remembered of the identity', async () => {
    identityReadAtMs = 4100
    await login(call)
    expect(issued).toMatchObject([{ createdAtMs: 4100 }])
  })

  it('reads the identity again when it is older than a revocation: the token lives', async () => {
    ;[identityReadAtMs, revokedAtMs] = [4100, 4500]
    await login(call)
    expect(forgotten).toEqual([identityId])
    expect(issued).toMatchObject([{ createdAtMs: 5000 }])
  })

  it('is refused when the secret ends between the reading and the counting of its use', async () => {
    isUsable = false
    await expect(login(call)).rejects.toMatchObject({ code: 'Unauthorized' })
    expect(audit).toMatchObject([{ reason: 'client-secret-exhausted', outcome: 'denied' }])
    expect(issued).toEqual([])
  })

  it('gives no token that is not in the audit log', async () => {
    isAuditBroken = true
    await expect(login(call)).rejects.toMatchObject({ code: 'ServiceUnavailable' })
    expect(observed).toEqual([])
  })

  it('is written down when a check breaks', async () => {
    find = () => Promise.reject(new Error('no database'))
    await expect(login(call)).rejects.toThrow('no database')
    expect(audit).toMatchObject([{ event: 'universal-login', outcome: 'failed', reason: 'internal-error' }])
    expect(observed).toMatchObject([{ outcome: 'failed' }])
  })

  it('is written down when its access token cannot be signed', async () => {
    hasSigningKey = false
    await expect(login(call)).rejects.toThrow('no signing key')
    expect(audit).toMatchObject([{ event: 'universal-login', outcome: 'failed', reason: 'internal-error' }])
    expect(observed).toMatchObject([{ outcome: 'failed' }])
  })

  it('writes down each check that it tried, the first unmet one last', async () => {
    await login({ ...call, organizationSlug: 'acme' })
    await expect(login({ ...call, ipAddress: 'unknown' })).rejects.toMatchObject({ code: 'Forbidden' })
    const rules = audit.map(({ details: { checks } }) =>
      Array.isArray(checks)
        ? checks.map((check: { rule: string; isMet: boolean }) => [check.rule, check.isMet])
        : [],
    )
    expect(rules[0]?.map(([rule]) => rule)).toEqual([
      'client-id',
      'identity-enabled',
      'organization',
      'lockout',
      'client-secret',
      'client-secret-expiry',
      'client-ip',
      'client-secret-uses',
    ])
    expect(rules[1]?.at(-1)).toEqual(['client-ip', false])
  })
})
