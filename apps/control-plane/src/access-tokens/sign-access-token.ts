import { sign } from 'node:crypto'
import type { AccessTokenClaims } from './access-token-claims.ts'
import type { SigningKey } from './signing-keys.ts'

/** JWS compact serialization (RFC 7515) with EdDSA (RFC 8037). */
export function signAccessToken(
  key: Pick<SigningKey, 'encodedHeader' | 'privateKey'>,
  claims: AccessTokenClaims,
): string {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url')
  const signingInput = `${key.encodedHeader}.${payload}`
  // Base64url is ASCII: latin1 copies it without looking.
  const signature = sign(null, Buffer.from(signingInput, 'latin1'), key.privateKey)
  return `${signingInput}.${signature.toString('base64url')}`
}
