import { createHash, randomBytes } from 'node:crypto'

/**
 * Tokens of people: a prefix, so that scanners of leaked secrets know them, and 256 random bits in base64url.
 * `pst_` a session, `pinv_` an invitation, `prst_` a link to a new password.
 */
export type SecretTokenPrefix = 'pst_' | 'pinv_' | 'prst_'

const randomByteCount = 32
const randomPart = /^[\w-]{43}$/

export function createSecretToken(prefix: SecretTokenPrefix): string {
  return prefix + randomBytes(randomByteCount).toString('base64url')
}

export function isSecretToken(text: string, prefix: SecretTokenPrefix): boolean {
  return text.startsWith(prefix) && randomPart.test(text.slice(prefix.length))
}

/** A plain hash is enough: nobody guesses 256 random bits. */
export function hashSecretToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
