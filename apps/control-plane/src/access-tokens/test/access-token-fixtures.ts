import { randomUUID } from 'node:crypto'
import type { AccessTokenSettings } from '../access-token-settings.ts'
import type { ChangeRevocations } from '../change-revocations.ts'
import { type CheckAccessToken, createCheckAccessToken } from '../check-access-token.ts'
import {
  type AccessTokenIssuer,
  type AccessTokenRequest,
  createAccessTokenIssuer,
} from '../issue-access-token.ts'
import { type ReadAccessToken, createReadAccessToken } from '../read-access-token.ts'
import { RevocationSet } from '../revocation-set.ts'
import type { NewSigningKey, SigningKeyStore, StoredSigningKey } from '../signing-key-store.ts'
import { type InstanceKeyring, SigningKeys } from '../signing-keys.ts'
import { TrustedIpLookup } from '../trusted-ip-lookup.ts'
import { type TrustedIp, anyAddress } from '../trusted-ips.ts'

export const issuerUrl = 'https://postern.example.com'

/** A clock that stands until it is set. */
export interface SettableClock {
  nowMs(): number
  set(ms: number): void
}

export function createSettableClock(startMs = Date.UTC(2030, 0, 1)): SettableClock {
  let current = startMs
  return {
    nowMs: () => current,
    set: (ms) => {
      current = ms
    },
  }
}

/** Encodes, so that a plain text in the store would be noticed. */
export const encodingKeyring: InstanceKeyring = {
  encryptForInstance: (context, plaintext) =>
    Buffer.from(Buffer.from(`${context}|${plaintext}`).toString('hex')),
  decryptForInstance(context, ciphertext) {
    const text = Buffer.from(ciphertext.toString(), 'hex').toString()
    if (!text.startsWith(`${context}|`)) throw new Error('encrypted under another context')
    return text.slice(context.length + 1)
  },
}

export function createSigningKeyStoreInMemory(clock: { nowMs(): number }): SigningKeyStore {
  const keys: (StoredSigningKey & { isRetired: boolean })[] = []
  const add = (key: NewSigningKey) => {
    keys.push({ ...key, createdAt: new Date(clock.nowMs()), isRetired: false })
  }
  return {
    list: async () => keys.filter(({ isRetired }) => !isRetired),
    addFirst: async (key) => {
      if (keys.every(({ isRetired }) => isRetired)) add(key)
    },
    add: async (key) => add(key),
    addNext: async (key, newestAgeMsMin) => {
      const newest = keys.at(-1)
      if (newest !== undefined && clock.nowMs() - newest.createdAt.getTime() < newestAgeMsMin) return false
      add(key)
      return true
    },
    retire: async (keyId) => {
      const key = keys.find(({ id, isRetired }) => id === keyId && !isRetired)
      if (key !== undefined) key.isRetired = true
      return key !== undefined
    },
  }
}

/** Markers that are stored nowhere. */
export const markedTokens: Pick<ChangeRevocations, 'markToken'> = {
  markToken: async (tokenId, lifetimeSeconds) => ({
    scope: 'token',
    tokenId,
    revokedAtMs: 0,
    expiresAtMs: lifetimeSeconds * 1000,
  }),
}

export interface TokenFixture {
  clock: SettableClock
  keys: SigningKeys
  issuer: AccessTokenIssuer
  readToken: ReadAccessToken
  checkToken: CheckAccessToken
  revoked: RevocationSet
  feed: { isFresh: boolean }
  /** What the identity trusts now; undefined when the auth method is gone. */
  trusted: { list: readonly TrustedIp[] | undefined }
}

/** Everything of access tokens but the database. */
export async function createTokenFixture(): Promise<TokenFixture> {
  const clock = createSettableClock()
  const store = createSigningKeyStoreInMemory(clock)
  const keys = await SigningKeys.open({ store, keyring: encodingKeyring, clock })
  const readToken = createReadAccessToken({ keys, issuer: issuerUrl, clock })
  const revoked = new RevocationSet()
  const feed = { isFresh: true }
  const trusted: TokenFixture['trusted'] = { list: anyAddress }
  const checkToken = createCheckAccessToken({
    readToken,
    revocations: { isFresh: () => feed.isFresh, covers: (token) => revoked.covers(token) },
    trustedIps: new TrustedIpLookup(async () => trusted.list),
  })
  const issuer = createAccessTokenIssuer({ keys, issuer: issuerUrl, clock })
  return { clock, keys, issuer, readToken, checkToken, revoked, feed, trusted }
}

export function tokenRequest(settings: Partial<AccessTokenSettings> = {}): AccessTokenRequest {
  return {
    identityId: randomUUID(),
    identityName: 'payments',
    organizationId: randomUUID(),
    authMethod: 'kubernetes-auth',
    settings: {
      ttlSeconds: 3600,
      maxTtlSeconds: 86_400,
      numUsesLimit: 0,
      trustedIps: anyAddress,
      ...settings,
    },
    identityAuth: { kubernetes: { namespace: 'shop', name: 'payments' } },
  }
}

/** The payload of a JWT, unverified. */
export function claimsIn(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
}
