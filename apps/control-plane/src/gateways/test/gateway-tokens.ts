import { type KeyObject, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { thumbprintOf } from '../ed25519-public-key.ts'

export interface TestKey {
  keyId: string
  raw: Buffer
  /** As the enrolment sends it. */
  publicKey: string
  privateKey: KeyObject
}

export function createTestKey(): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  return { keyId: thumbprintOf(raw), raw, publicKey: raw.toString('base64url'), privateKey }
}

export function encodePart(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

export interface TokenChanges {
  header?: Record<string, unknown>
  claims?: Record<string, unknown>
}

/** A token as a gateway makes it; a change to undefined leaves the member out. */
export function signGatewayToken(
  key: Pick<TestKey, 'keyId' | 'privateKey'>,
  gatewayId: string,
  audience: string,
  nowMs: number,
  changes: TokenChanges = {},
): string {
  const iat = Math.floor(nowMs / 1000)
  const header = { alg: 'EdDSA', kid: key.keyId, typ: 'JWT', ...changes.header }
  const claims = { sub: gatewayId, aud: audience, iat, exp: iat + 60, jti: randomUUID(), ...changes.claims }
  const signedPart = `${encodePart(header)}.${encodePart(claims)}`
  const signature = sign(null, Buffer.from(signedPart), key.privateKey)
  return `${signedPart}.${signature.toString('base64url')}`
}
