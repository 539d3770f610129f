import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { createAccessTokenUseStorePostgres } from './access-token-use-store-postgres.ts'
import { createChangeRevocations } from './change-revocations.ts'
import { createCheckAccessToken } from './check-access-token.ts'
import { DatabaseClock } from './database-clock.ts'
import { createAccessTokenIssuer } from './issue-access-token.ts'
import { createReadAccessToken } from './read-access-token.ts'
import { RevocationFeed } from './revocation-feed.ts'
import { createRevocationStorePostgres } from './revocation-store-postgres.ts'
import type { RevocationStore } from './revocation-store.ts'
import type { RevocationTarget } from './revocations.ts'
import { createRevokeAccessToken } from './revoke-access-token.ts'
import { createSigningKeyStorePostgres } from './signing-key-store-postgres.ts'
import { SigningKeys } from './signing-keys.ts'
import { encodingKeyring, issuerUrl, tokenRequest } from './test/access-token-fixtures.ts'
import { TrustedIpLookup } from './trusted-ip-lookup.ts'
import { anyAddress } from './trusted-ips.ts'
import { createAccessTokenVerifier } from './verify-access-token.ts'

const clientIp = '198.51.100.1'

let database: TestDatabase
const feeds: RevocationFeed[] = []

beforeAll(async () => {
  database = await createTestDatabase({ poolMax: 10 })
})
afterEach(async () => {
  await Promise.all(feeds.splice(0).map((feed) => feed.close()))
})
afterAll(() => database.close())

interface ReplicaOptions {
  store?: RevocationStore
  staleAfterMs?: number
  pollIntervalMs?: number
  onRevoked?: () => void
  onReadFailed?: (error: unknown) => void
}

/** Everything of access tokens as one replica has it, on the shared database. */
async function startReplica(options: ReplicaOptions = {}) {
  const clock = new DatabaseClock()
  const { staleAfterMs = 5000, pollIntervalMs = 300, onRevoked = () => undefined } = options
  const feed = await RevocationFeed.open({
    store: options.store ?? createRevocationStorePostgres(database.kysely),
    clock,
    onReadFailed:
      options.onReadFailed ??
      ((error) => {
        throw error
      }),
    staleAfterMs,
    pollIntervalMs,
    onRevoked,
  })
  feeds.push(feed)
  const store = createSigningKeyStorePostgres(database.kysely)
  const keys = await SigningKeys.open({ store, keyring: encodingKeyring, clock })
  const readToken = createReadAccessToken({ keys, issuer: issuerUrl, clock })
  const trustedIps = new TrustedIpLookup(async () => anyAddress)
  const verifier = createAccessTokenVerifier({
    checkToken: createCheckAccessToken({ readToken, revocations: feed, trustedIps }),
    uses: createAccessTokenUseStorePostgres(database.kysely),
  })
  return {
    clock,
    feed,
    issuer: createAccessTokenIssuer({ keys, issuer: issuerUrl, clock }),
    revokeToken: (token: string) =>
      createRevokeAccessToken({
        readToken,
        revocations: feed,
        commit: (change) =>
          database.kysely.transaction().execute((transaction) =>
            change({
              revocations: createChangeRevocations(createRevocationStorePostgres(transaction)),
              audit: { record: async () => undefined },
            }),
          ),
        clock,
      })(token, { requestId: 'request-1', ipAddress: clientIp }),
    accepts: (token: string) =>
      verifier.verify(token, clientIp).then(
        () => true,
        (error: unknown) => (isUnauthorized(error) ? false : Promise.reject(error)),
      ),
    verifier,
  }
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'Unauthorized'
}

function targetsOf(request: ReturnType<typeof tokenRequest>): RevocationTarget[] {
  const { identityId, organizationId } = request
  return [
    { scope: 'identity', identityId, organizationId },
    { scope: 'auth-method', identityId, organizationId, authMethod: 'kubernetes-auth' },
    { scope: 'organization', organizationId },
  ]
}

describe('three replicas', () => {
  it('T42: accept each other’s tokens the moment they are issued', async () => {
    const replicas = await Promise.all([startReplica(), startReplica(), startReplica()])
    for (const { issuer } of replicas) {
      const { accessToken } = await issuer.issue(tokenRequest())
      expect(await Promise.all(replicas.map(({ accepts }) => accepts(accessToken)))).toEqual([
        true,
        true,
        true,
      ])
    }
  })

  it('T38: let exactly 5 of 200 parallel uses pass when the limit is 5', async () => {
    const replicas = await Promise.all([startReplica(), startReplica(), startReplica()])
    const { accessToken } = await replicas[0].issuer.issue(tokenRequest({ numUsesLimit: 5 }))
    const accepted = await Promise.all(
      Array.from({ length: 67 }, () => replicas.map(({ accepts }) => accepts(accessToken))).flat(),
    )
    expect(accepted.length).toBeGreaterThan(200)
    expect(accepted.filter(Boolean)).toHaveLength(5)
  })

  it('T41: refuse a revoked token at once where it was revoked, and elsewhere within a second', async () => {
    const [here, there] = await Promise.all([startReplica(), startReplica()])
    const { accessToken } = await here.issuer.issue(tokenRequest())
    expect(await there.accepts(accessToken)).toBe(true)
    expect(await here.revokeToken(accessToken)).toMatchObject({ kind: 'revoked' })
    const revokedAt = performance.now()
    expect(await here.accepts(accessToken)).toBe(false)
    await expect.poll(() => there.accepts(accessToken), { interval: 20, timeout: 1000 }).toBe(false)
    expect(performance.now() - revokedAt).toBeLessThan(1000)
    expect(await there.revokeToken(accessToken)).toMatchObject({ kind: 'already-revoked' })
  })

  it('T41: read at once what another says that it revoked: a token as well as an identity', async () => {
    const there = await startReplica({ pollIntervalMs: 60_000, staleAfterMs: 120_000 })
    const here = await startReplica({ onRevoked: () => there.feed.readSoon() })
    const request = tokenRequest()
    const tokens = [
      (await here.issuer.issue(request)).accessToken,
      (await here.issuer.issue(tokenRequest())).accessToken,
    ] as const
    const acceptedThere = () => Promise.all(tokens.map((token) => there.accepts(token)))
    expect(await acceptedThere()).toEqual([true, true])
    await here.feed.revoke({ scope: 'identity', ...request })
    await expect.poll(acceptedThere).toEqual([false, true])
    await here.revokeToken(tokens[1])
    await expect.poll(acceptedThere).toEqual([false, false])
  })

  it('T41: tell logins before a revocation from logins after it, within the same second, at every scope', async () => {
    const [here, there] = await Promise.all([startReplica(), startReplica()])
    const request = tokenRequest()
    for (const target of targetsOf(request)) {
      for (let turn = 0; turn < 20; turn += 1) {
        const before = await Promise.all([here.issuer.issue(request), there.issuer.issue(request)])
        await here.feed.revoke(target)
        const after = await here.issuer.issue(request)
        await there.feed.read()
        for (const { accepts } of [here, there]) {
          expect(await Promise.all(before.map(({ accessToken }) => accepts(accessToken)))).toEqual([
            false,
            false,
          ])
          expect(await accepts(after.accessToken)).toBe(true)
        }
      }
    }
  })

  it('T41: a replica that starts later knows every revocation', async () => {
    const here = await startReplica()
    const request = tokenRequest()
    const { accessToken } = await here.issuer.issue(request)
    await here.feed.revoke({ scope: 'organization', organizationId: request.organizationId })
    const later = await startReplica()
    expect(await later.accepts(accessToken)).toBe(false)
  })
})

describe('a replica that cannot read revocations', () => {
  it('refuses with 503 once it is stale, and accepts again when the database answers', async () => {
    const working = createRevocationStorePostgres(database.kysely)
    let isBroken = false
    const failures: unknown[] = []
    const replica = await startReplica({
      staleAfterMs: 900,
      onReadFailed: (error) => failures.push(error),
      store: {
        ...working,
        readSince: (position, signal) =>
          isBroken ? Promise.reject(new Error('no database')) : working.readSince(position, signal),
      },
    })
    const { accessToken } = await replica.issuer.issue(tokenRequest())
    expect(await replica.accepts(accessToken)).toBe(true)
    isBroken = true
    await expect.poll(() => replica.feed.isFresh(), { interval: 20, timeout: 2000 }).toBe(false)
    await expect(replica.verifier.verify(accessToken, clientIp)).rejects.toMatchObject({
      code: 'ServiceUnavailable',
      retryAfterSeconds: 1,
    })
    expect(failures.length).toBeGreaterThan(0)
    isBroken = false
    await expect.poll(() => replica.feed.isFresh(), { interval: 20, timeout: 2000 }).toBe(true)
    expect(await replica.accepts(accessToken)).toBe(true)
  })

  it('gives up a read that hangs, and reads again', async () => {
    const failures: unknown[] = []
    const onReadFailed = (error: unknown) => failures.push(error)
    const [here, there] = await Promise.all([startReplica({ onReadFailed }), startReplica({ onReadFailed })])
    const { accessToken } = await here.issuer.issue(tokenRequest())
    const blocker = await database.kysely.startTransaction().execute()
    await sql`lock table revocations in access exclusive mode`.execute(blocker)
    await expect.poll(() => failures.length, { interval: 50, timeout: 5000 }).toBeGreaterThan(0)
    await blocker.rollback().execute()
    await here.revokeToken(accessToken)
    await expect.poll(() => there.accepts(accessToken), { interval: 20, timeout: 2000 }).toBe(false)
  })

  it('does not call a revocation done', async () => {
    const working = createRevocationStorePostgres(database.kysely)
    const store = { ...working, add: () => Promise.reject(new Error('no database')) }
    const { feed } = await startReplica({ store })
    await expect(feed.revoke({ scope: 'organization', organizationId: randomUUID() })).rejects.toThrow(
      'no database',
    )
  })
})
