import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** A client secret as everybody but its holder knows it. */
export interface ClientSecret {
  id: string
  universalAuthId: string
  /** The secret's first four characters, by which people tell secrets apart. */
  prefix: string
  description: string
  numUses: number
  /** 0: any number. */
  numUsesLimit: number
  /** 0: for ever. */
  ttlSeconds: number
  /** Null: never. */
  expiresAt: Date | null
  revokedAt: Date | null
  lastUsedAt: Date | null
  createdAt: Date
  updatedAt: Date
}

export interface FreshSecret {
  /** Shown once and kept nowhere. */
  clientSecret: string
  prefix: string
  /** SHA-256. Enough for 256 random bits: there is nothing to guess that a slow hash would protect. */
  hash: Buffer
}

const secretBytes = 32
const prefixCharacters = 4

export function createClientSecret(): FreshSecret {
  const clientSecret = randomBytes(secretBytes).toString('base64url')
  return { clientSecret, prefix: prefixOf(clientSecret), hash: hashOf(clientSecret) }
}

/**
 * By which the few secrets are found that the presented one could be; it is shown to every reader anyway. Whatever a
 * stranger presents, PostgreSQL can look for it: its texts have no NUL.
 */
export function prefixOf(clientSecret: string): string {
  return clientSecret.slice(0, prefixCharacters).replaceAll('\0', '\u{fffd}')
}

/**
 * The candidate that the presented secret is. Compares hashes in constant time, and each of them, so that how long it
 * takes says nothing of what the secret should have been.
 */
export function matchClientSecret<Candidate extends { hash: Buffer }>(
  presented: string,
  candidates: readonly Candidate[],
): Candidate | undefined {
  const presentedHash = hashOf(presented)
  const matches = candidates.map(({ hash: stored }) => timingSafeEqual(stored, presentedHash))
  return candidates.find((_candidate, index) => matches[index] === true)
}

function hashOf(clientSecret: string): Buffer {
  return hash('sha256', clientSecret, 'buffer')
}
