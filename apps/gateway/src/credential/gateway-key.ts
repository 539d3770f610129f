import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'

export function createGatewayKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey
}

/** The raw 32 bytes of the public half, base64url: the `x` of its JWK. Source: RFC 8037 §2. */
export function publicKeyTextOf(privateKey: KeyObject): string {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
  if (x === undefined) throw new TypeError('not an Ed25519 key')
  return x
}

/** RFC 7638 §3: SHA-256 of the required members in lexical order; what the control plane calls the key by. */
export function keyIdOf(privateKey: KeyObject): string {
  const jwk = JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x: publicKeyTextOf(privateKey) })
  return createHash('sha256').update(jwk).digest('base64url')
}

/** What may be shown or kept of a secret: the first 12 hex digits of its SHA-256. */
export function fingerprintOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex').slice(0, 12)
}
