import { hash, verify } from 'node:crypto'
import { type AccessTokenClaims, readClaims } from './access-token-claims.ts'
import type { Clock } from './database-clock.ts'
import type { SigningKey, SigningKeys } from './signing-keys.ts'

export type AccessTokenReading =
  | { kind: 'authentic'; claims: AccessTokenClaims }
  | { kind: 'refused'; reason: 'malformed' | 'expired' }

/** Reads the token offline: signature, issuer, type, expiry. Says nothing of revocation, addresses and uses. */
export type ReadAccessToken = (token: string) => AccessTokenReading

export interface ReadAccessTokenOptions {
  keys: Pick<SigningKeys, 'findByEncodedHeader'>
  issuer: string
  clock: Clock
  /** How many checked tokens are remembered; each is about 1 KiB. */
  rememberedMax?: number
}

interface Remembered {
  encodedHeader: string
  claims: AccessTokenClaims
}

const tokenLengthMax = 8192
const malformed: AccessTokenReading = { kind: 'refused', reason: 'malformed' }

/**
 * A token that has been checked is remembered under its SHA-256, the least recently used forgotten first. That saves
 * the signature check and nothing else: its key must still be trusted and its time not be over.
 */
export function createReadAccessToken(options: ReadAccessTokenOptions): ReadAccessToken {
  const { keys, issuer, clock, rememberedMax = 10_000 } = options
  const remembered = new Map<string, Remembered>()

  return (token) => {
    if (token.length > tokenLengthMax) return malformed
    const digest = hash('sha256', token, 'base64')
    const found = remembered.get(digest) ?? checkSignature(token, issuer, keys)
    remembered.delete(digest)
    if (found === undefined || keys.findByEncodedHeader(found.encodedHeader) === undefined) return malformed
    if (found.claims.exp * 1000 <= clock.nowMs()) return { kind: 'refused', reason: 'expired' }
    remembered.set(digest, found)
    if (remembered.size > rememberedMax) forgetOldest(remembered)
    return { kind: 'authentic', claims: found.claims }
  }
}

function checkSignature(
  token: string,
  issuer: string,
  keys: Pick<SigningKeys, 'findByEncodedHeader'>,
): Remembered | undefined {
  const headerEnd = token.indexOf('.')
  const payloadEnd = token.indexOf('.', headerEnd + 1)
  if (headerEnd < 0 || payloadEnd < 0) return undefined
  const encodedHeader = token.slice(0, headerEnd)
  const key = keys.findByEncodedHeader(encodedHeader)
  if (key === undefined || !isSignedBy(key, token, payloadEnd)) return undefined
  const claims = readClaims(Buffer.from(token.slice(headerEnd + 1, payloadEnd), 'base64url'), issuer)
  return claims === undefined ? undefined : { encodedHeader, claims }
}

function isSignedBy(key: SigningKey, token: string, payloadEnd: number): boolean {
  const encoded = token.slice(payloadEnd + 1)
  const signature = Buffer.from(encoded, 'base64url')
  // One spelling for each signature: decoding is lenient, and a token must not exist in variants.
  if (signature.toString('base64url') !== encoded) return false
  return verify(null, Buffer.from(token.slice(0, payloadEnd), 'utf8'), key.publicKey, signature)
}

function forgetOldest(remembered: Map<string, Remembered>): void {
  const oldest = remembered.keys().next()
  if (oldest.done !== true) remembered.delete(oldest.value)
}
