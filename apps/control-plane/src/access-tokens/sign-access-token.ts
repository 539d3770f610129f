import type { AccessTokenClaims } from './access-token-claims.ts'
import type { SigningKey } from './signing-keys.ts'

/** JWS compact serialization (RFC 7515) with EdDSA (RFC 8037). */
export function signAccessToken(
  key: Pick<SigningKey, 'encodedHeader' | 'sign'>,
  claims: AccessTokenClaims,
): string {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url')
  const signingInput = `${key.encodedHeader}.${payload}`
  // Base64url is ASCII: latin1 copies it without looking.
  const signature = key.sign(Buffer.from(signingInput, 'latin1'))
  return `${signingInput}.${signature.toString('base64url')}`
}
