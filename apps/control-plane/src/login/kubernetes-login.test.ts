import { beforeEach, describe, expect, it } from 'vitest'
import {
  identity,
  identityId,
  kubernetesAuth,
  LoginFixture,
  nowMs,
  organizationId,
  serviceAccountToken,
  vouchedFor,
} from './test/login-fixture.ts'
import type { ReviewFailure, ReviewOutcome, ReviewRoute } from './token-reviewer.ts'

let fixture: LoginFixture
beforeEach(() => {
  fixture = new LoginFixture()
})

const uniform = {
  status: 401,
  body: { reqId: '', statusCode: 401, error: 'Unauthorized', message: expect.stringContaining('refused') },
}
const lastReason = (): string | undefined => fixture.audit.at(-1)?.reason

const viaGateway: ReviewRoute = { reviewer: 'gateway', gatewayId: 'gateway-1', attempts: 1 }
function failed(failure: ReviewFailure, via: ReviewRoute = viaGateway): ReviewOutcome {
  return { kind: 'failed', failure, detail: 'connect ECONNREFUSED 10.9.8.7:6443', via }
}

describe('what strangers see before the cluster vouched', () => {
  const cases: [string, string, () => Parameters<LoginFixture['login']>[0]][] = [
    [
      'an unknown identity',
      'identity-unknown',
      () => ({ identityId: 'ffffffff-1111-4111-8111-111111111111' }),
    ],
    ['an identity id that is no UUID', 'identity-unknown', () => ({ identityId: "' or 1=1" })],
    [
      'a disabled identity',
      'identity-disabled',
      () => {
        fixture.identity = { ...identity, isDisabled: true }
        return {}
      },
    ],
    [
      'an identity without Kubernetes Auth',
      'kubernetes-auth-missing',
      () => {
        fixture.auth = undefined
        return {}
      },
    ],
    ['T18: another organization', 'organization-mismatch', () => ({ organizationSlug: 'evil' })],
    ['a token that is none', 'token-malformed', () => ({ jwt: 'junk' })],
    ['an expired token', 'token-expired', () => ({ jwt: serviceAccountToken({ exp: 1 }) })],
    [
      'a bad signature',
      'token-not-authenticated',
      () => {
        fixture.outcome = vouchedFor({ authenticated: false, error: 'square/go-jose: error' })
        return {}
      },
    ],
    [
      'T10: a user instead of a service account',
      'username-malformed',
      () => {
        fixture.outcome = vouchedFor({ username: 'jane' })
        return {}
      },
    ],
    [
      'T10: a service account without its group',
      'service-account-group-missing',
      () => {
        fixture.outcome = vouchedFor({ groups: ['system:authenticated'] })
        return {}
      },
    ],
    [
      'T1: a required audience that the cluster did not confirm',
      'review-audience-missing',
      () => {
        fixture.auth = { ...kubernetesAuth, allowedAudience: 'vault' }
        return {}
      },
    ],
    [
      'T1: an answer that is no verdict',
      'malformed-answer',
      () => {
        fixture.outcome = failed('malformed-answer')
        return {}
      },
    ],
    [
      'a reviewer without rights',
      'reviewer-forbidden',
      () => {
        fixture.outcome = failed('reviewer-forbidden')
        return {}
      },
    ],
    [
      'a reviewer that is not accepted',
      'reviewer-unauthorized',
      () => {
        fixture.outcome = failed('reviewer-unauthorized')
        return {}
      },
    ],
    [
      'a token that is refused as its own reviewer',
      'token-not-authenticated',
      () => {
        fixture.outcome = failed('reviewer-unauthorized', { reviewer: 'client-jwt', host: 'https://c' })
        return {}
      },
    ],
  ]

  it.each(cases)('T29: %s is one and the same 401, and audited as %s', async (_title, reason, arrange) => {
    const reference = await new LoginFixture().login({ jwt: 'junk' })
    const reply = await fixture.login(arrange())
    expect(reply).toEqual({ ...uniform, retryAfterSeconds: undefined })
    expect(reply).toEqual(reference)
    expect(fixture.audit).toHaveLength(1)
    expect(lastReason()).toBe(reason)
    expect(fixture.issued).toEqual([])
  })

  it.each(['identity-unknown', 'kubernetes-auth-missing', 'token-malformed', 'token-expired'])(
    'T29: %s is decided without a review and answered on a step of time, however long it took',
    async (reason) => {
      const [, , arrange] = cases.find(([, name]) => name === reason) ?? []
      const call = arrange?.()
      fixture.recordAudit = async () => void (fixture.clockMs += 7)
      await fixture.login(call)
      expect(fixture.reviews).toEqual([])
      expect(fixture.clockMs).toBe(25)
    },
  )

  it('T14: a claim of the token chooses nothing', async () => {
    await fixture.login({ jwt: serviceAccountToken({ iss: 'https://evil.example', sub: 'system:admin' }) })
    expect(fixture.reviews).toHaveLength(1)
    expect(fixture.issued[0]?.identityAuth).toEqual({ kubernetes: { namespace: 'payments', name: 'api' } })
  })
})

describe('what workloads see after the cluster vouched', () => {
  it.each([
    ['namespace-not-allowed', 'namespace', { allowedNamespaces: 'billing' }, {}],
    ['name-not-allowed', 'name', { allowedNames: 'api-*' }, {}],
    ['audience-not-allowed', 'audience', { allowedAudience: 'vault' }, { audiences: ['other'] }],
    ['T16: name-not-allowed', 'name', { allowedNames: 'API' }, {}],
  ])('%s names the class of rule and nothing of the rule', async (title, rule, settings, verdict) => {
    fixture.auth = { ...kubernetesAuth, ...settings }
    fixture.outcome = vouchedFor(verdict)
    const reply = await fixture.login()
    expect(reply).toMatchObject({ status: 401, body: { message: expect.stringContaining(`the ${rule} of`) } })
    expect(JSON.stringify(reply)).not.toMatch(/billing|vault|api-/)
    expect(lastReason()).toBe(title.replace(/^T\d+: /, ''))
    expect(fixture.audit[0]?.details['checks']).toContainEqual(
      expect.objectContaining({ rule, isMet: false }),
    )
  })

  it('T12: an empty list restricts nothing when the other one does', async () => {
    fixture.auth = { ...kubernetesAuth, allowedNamespaces: '' }
    expect((await fixture.login()).status).toBe(200)
  })

  it('T12: rules that could not have been saved let nobody in', async () => {
    fixture.auth = { ...kubernetesAuth, allowedNamespaces: '', allowedNames: '' }
    await expect(fixture.login()).rejects.toThrow('without any rule')
    expect(fixture.issued).toEqual([])
  })
})

describe('what the caller sees when nobody could be asked', () => {
  it.each([
    ['gateway-unavailable', 503],
    ['gateway-overloaded', 503],
    ['api-server-unreachable', 503],
    ['api-server-overloaded', 503],
    ['api-server-error', 503],
    ['tls-failed', 503],
    ['host-not-allowed', 503],
    ['api-server-timeout', 504],
    ['deadline-exceeded', 504],
  ] as const)('T30: %s is %d without host, port or address', async (failure, status) => {
    fixture.outcome = failed(failure)
    const reply = await fixture.login()
    expect(reply.status).toBe(status)
    expect(JSON.stringify(reply)).not.toMatch(/10\.9|6443|ECONN|cluster\.example|gateway-1/)
    expect(reply.retryAfterSeconds).toBe(status === 503 ? 5 : undefined)
    expect(fixture.audit[0]).toMatchObject({ outcome: 'failed', reason: failure })
    expect(fixture.audit[0]?.details['detail']).toContain('10.9.8.7')
  })

  it.each([
    [7, 7],
    [0, 1],
  ])('passes on how long to wait, a second at least: %d is %d', async (retryAfterSeconds, told) => {
    fixture.outcome = { ...failed('api-server-overloaded'), retryAfterSeconds } as ReviewOutcome
    expect((await fixture.login()).retryAfterSeconds).toBe(told)
  })

  it('tells a caller who left from a cluster that is slow', async () => {
    const caller = new AbortController()
    fixture.outcome = () => {
      caller.abort()
      return failed('api-server-timeout')
    }
    await fixture.login({ signal: caller.signal })
    expect(lastReason()).toBe('caller-left')
  })
})

describe('changes while the cluster is asked', () => {
  const whileReviewing = (change: () => void): void => {
    fixture.outcome = () => {
      change()
      return vouchedFor()
    }
  }
  it.each([
    ['disabled', () => (fixture.identity = { ...identity, isDisabled: true })],
    ['deleted', () => (fixture.identity = undefined)],
  ])('T46: an identity that is %s meanwhile gets no token', async (_title, change) => {
    whileReviewing(change)
    expect((await fixture.login()).status).toBe(503)
    expect(lastReason()).toBe('configuration-changed')
    expect(fixture.issued).toEqual([])
  })

  it.each([
    ['removed', () => (fixture.auth = undefined)],
    ['changed', () => (fixture.auth = { ...kubernetesAuth, updatedAt: new Date(1) })],
    ['attached anew', () => (fixture.auth = { ...kubernetesAuth, id: 'another' })],
  ])('T41: a Kubernetes Auth that is %s meanwhile lets nobody in', async (_title, change) => {
    whileReviewing(change)
    expect(await fixture.login()).toMatchObject({ status: 503, retryAfterSeconds: 1 })
    expect(fixture.issued).toEqual([])
  })
})

describe('what a replica remembers of an identity', () => {
  it('T41: makes a token as old as it is, so that a revocation that it has not heard of yet ends the token', async () => {
    fixture.remembered = { auth: kubernetesAuth, readAtMs: nowMs - 900 }
    expect(await fixture.login()).toMatchObject({ status: 200 })
    expect(fixture.issued).toMatchObject([{ createdAtMs: nowMs - 900 }])
  })

  it('is read again when it is older than a revocation: the token lives', async () => {
    fixture.remembered = { auth: kubernetesAuth, readAtMs: nowMs - 900 }
    fixture.revokedAtMs = nowMs - 500
    expect(await fixture.login()).toMatchObject({ status: 200 })
    expect(fixture.issued).toMatchObject([{ createdAtMs: nowMs }])
  })

  it('T41: makes a token as old as the older of identity and rules', async () => {
    fixture.rememberedIdentity = { identity, readAtMs: nowMs - 900 }
    fixture.remembered = { auth: kubernetesAuth, readAtMs: nowMs - 100 }
    await fixture.login()
    expect(fixture.issued).toMatchObject([{ createdAtMs: nowMs - 900 }])
  })

  it('T46: lets nobody in when the identity was disabled after it was read, and its rules were read later', async () => {
    fixture.rememberedIdentity = { identity, readAtMs: nowMs - 900 }
    fixture.identity = { ...identity, isDisabled: true }
    fixture.revokedAtMs = nowMs - 500
    expect(await fixture.login()).toMatchObject({ status: 503, retryAfterSeconds: 1 })
    expect(lastReason()).toBe('configuration-changed')
    expect(fixture.issued).toEqual([])
  })

  it('gives no token that is revoked already, where the database’s clock has stepped back', async () => {
    fixture.revokedAtMs = nowMs + 500
    expect(await fixture.login()).toMatchObject({ status: 503, retryAfterSeconds: 1 })
    expect(fixture.issued).toEqual([])
  })

  it('T41: lets nobody in when it is older than the revocation that came with the end of its rules', async () => {
    fixture.remembered = { auth: kubernetesAuth, readAtMs: nowMs - 900 }
    fixture.revokedAtMs = nowMs - 500
    fixture.auth = undefined
    expect(await fixture.login()).toMatchObject({ status: 503, retryAfterSeconds: 1 })
    expect(lastReason()).toBe('configuration-changed')
    expect(fixture.issued).toEqual([])
  })
})

describe('failures in a row', () => {
  const refusedBy = async (times: number, call: Parameters<LoginFixture['login']>[0]): Promise<number[]> => {
    const statuses: number[] = []
    for (let index = 0; index < times; index++) statuses.push((await fixture.login(call)).status)
    return statuses
  }
  beforeEach(() => {
    fixture.isClockStopped = true
  })

  it('T26: are answered 429 after sixty, with one more line in the audit log', async () => {
    const statuses = await refusedBy(70, { jwt: 'junk' })
    expect(statuses.slice(0, 60).every((status) => status === 401)).toBe(true)
    expect(statuses.slice(60)).toEqual(Array.from({ length: 10 }, () => 429))
    expect(fixture.audit).toHaveLength(61)
    expect(lastReason()).toBe('rate-limited')
  })

  it('T26: cause no review once they are too many, and good logins from elsewhere go on', async () => {
    fixture.outcome = vouchedFor({ authenticated: false, error: '' })
    await refusedBy(70, {})
    expect(fixture.reviews).toHaveLength(60)
    fixture.outcome = vouchedFor()
    expect((await fixture.login()).status).toBe(429)
    expect((await fixture.login({ ipAddress: '203.0.113.8' })).status).toBe(200)
  })

  it('T26: junk locks nobody out, not even from the same address', async () => {
    await refusedBy(70, { jwt: 'junk' })
    expect((await fixture.login()).status).toBe(200)
  })

  it('T29: run into the limit alike whether the identity exists or not', async () => {
    fixture.outcome = vouchedFor({ authenticated: false, error: '' })
    const known = await refusedBy(70, {})
    const unknown = await refusedBy(70, { identityId: 'ffffffff-1111-4111-8111-111111111111' })
    expect(unknown).toEqual(known)
  })

  it('do not count when nobody could be asked', async () => {
    fixture.outcome = failed('gateway-unavailable')
    expect(new Set(await refusedBy(70, {}))).toEqual(new Set([503]))
  })
})

describe('a login', () => {
  it('is in the audit log when a check fails by a bug', async () => {
    fixture.outcome = () => {
      throw new TypeError('a bug')
    }
    await expect(fixture.login()).rejects.toThrow('a bug')
    expect(fixture.audit).toMatchObject([{ outcome: 'failed', reason: 'internal-error', identityId }])
    expect(fixture.issued).toEqual([])
  })

  it('is in the audit log when its access token cannot be signed', async () => {
    fixture.sign = () => {
      throw new Error('there is no signing key')
    }
    await expect(fixture.login()).rejects.toThrow('no signing key')
    expect(fixture.audit).toMatchObject([{ outcome: 'failed', reason: 'internal-error', identityId }])
    expect(fixture.observed).toMatchObject([{ outcome: 'failed' }])
    expect(fixture.lastLogins).toEqual([])
  })

  it('returns the access token after its row is in the audit log', async () => {
    const order: string[] = []
    fixture.recordAudit = async (event) => {
      expect(fixture.issued).toHaveLength(1)
      order.push(event.outcome)
    }
    expect(await fixture.login()).toMatchObject({ status: 200, body: { accessToken: 'issued' } })
    expect(order).toEqual(['success'])
    expect(fixture.lastLogins).toEqual([identityId])
    expect(fixture.observed).toEqual([{ outcome: 'success', durationMs: 0 }])
  })

  it('returns nothing when the row could not be written', async () => {
    fixture.recordAudit = async () => {
      throw new Error('disk full')
    }
    await expect(fixture.login()).rejects.toThrow('disk full')
    expect(fixture.lastLogins).toEqual([])
  })

  it('issues what the identity’s settings say, for whom the cluster vouched', async () => {
    await fixture.login({ organizationSlug: 'acme' })
    expect(fixture.issued).toEqual([
      {
        identityId,
        identityName: 'payments',
        organizationId,
        authMethod: 'kubernetes-auth',
        settings: kubernetesAuth.accessToken,
        createdAtMs: nowMs,
        identityAuth: { kubernetes: { namespace: 'payments', name: 'api' } },
      },
    ])
  })

  it('T1: asks for the required audience, and takes it from the answer alone', async () => {
    fixture.auth = { ...kubernetesAuth, allowedAudience: 'vault' }
    fixture.outcome = vouchedFor({ audiences: ['vault'] })
    expect((await fixture.login({ jwt: `${serviceAccountToken({ aud: ['other'] })}\n` })).status).toBe(200)
    expect(fixture.reviews[0]).toMatchObject({ audiences: ['vault'], budgetMs: 10_000 })
    expect(fixture.reviews[0]?.token).not.toMatch(/\s/)
  })

  it('leaves one row that tells how it went', async () => {
    await fixture.login()
    expect(fixture.audit).toEqual([
      {
        occurredAt: expect.any(Date),
        organizationId,
        requestId: 'request-1',
        event: 'kubernetes-login',
        outcome: 'success',
        actor: { kind: 'identity', id: identityId },
        identityId,
        ipAddress: '203.0.113.7',
        details: {
          tokenFingerprint: expect.stringMatching(/^[0-9a-f]{12}$/),
          timingsMs: { find: 0, review: 0, issue: 0, total: 0 },
          kubernetesAuthId: kubernetesAuth.id,
          review: { reviewer: 'stored-jwt', host: 'https://cluster.example' },
          serviceAccount: { namespace: 'payments', name: 'api' },
          checks: [
            { rule: 'namespace', isMet: true, expected: 'payments', found: 'payments' },
            { rule: 'name', isMet: true, expected: 'api', found: 'api' },
          ],
          tokenId: 'token-1',
          ttlSeconds: 600,
        },
      },
    ])
  })

  it('T31: keeps every piece of the token out of the audit log, even if the cluster repeats it', async () => {
    const jwt = serviceAccountToken({ canary: 'canaryCanaryCanary' }, 'signatureCanarySignature')
    const [header, payload, signature] = jwt.split('.')
    fixture.outcome = vouchedFor({
      authenticated: false,
      error: `bad token ${jwt} (${header} / ${payload?.slice(4, 40)}) and ${signature?.slice(3)}`,
    })
    await fixture.login({ jwt })
    await fixture.login({ jwt, identityId: jwt.slice(0, 120) })
    const log = JSON.stringify(fixture.audit)
    for (const piece of [header, payload?.slice(4, 40), signature?.slice(3), 'canaryCanary']) {
      expect(log).not.toContain(piece)
    }
    expect(log).toContain('bad token [redacted]')
  })
})
