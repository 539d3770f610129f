import { createHash, createPublicKey, type KeyObject } from 'node:crypto'

/** A gateway's public key that passed every check. */
export interface Ed25519PublicKey {
  /** Raw encoding of RFC 8032 §5.1.2, 32 bytes. */
  raw: Buffer
  /** RFC 7638 thumbprint of the key as a JWK (RFC 8037 §2), base64url of SHA-256: the `kid` of the gateway's JWTs. */
  keyId: string
}

export type PublicKeyParsed = { ok: true; key: Ed25519PublicKey } | { ok: false; problem: string }

const keyBytes = 32
const p = 2n ** 255n - 19n
const d = modulo(-121_665n * inverse(121_666n))

/** Reads a base64url raw public key; refuses what is no point of the curve and points of small order. */
export function parseEd25519PublicKey(text: string): PublicKeyParsed {
  const raw = Buffer.from(text, 'base64url')
  if (raw.length !== keyBytes || raw.toString('base64url') !== text) {
    return { ok: false, problem: 'is not the base64url text (43 characters, no padding) of 32 bytes' }
  }
  const problem = findPointProblem(raw)
  if (problem !== undefined) return { ok: false, problem }
  return { ok: true, key: { raw, keyId: thumbprintOf(raw) } }
}

/** RFC 7638 §3: the required members in lexical order, without spaces. */
export function thumbprintOf(raw: Buffer): string {
  const jwk = JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x: raw.toString('base64url') })
  return createHash('sha256').update(jwk).digest('base64url')
}

export function toKeyObject(raw: Buffer): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' })
}

/**
 * OpenSSL takes any 32 bytes as a key. A point of small order would let one signature fit many messages, so that the
 * key proves nothing about who holds it.
 */
function findPointProblem(raw: Buffer): string | undefined {
  const y = BigInt(`0x${Buffer.from(raw.toReversed()).toString('hex')}`) & (2n ** 255n - 1n)
  if (y >= p) return 'is no canonical encoding of a point on the Ed25519 curve'
  if (!isOnCurve(y)) return 'is no point on the Ed25519 curve'
  if (hasSmallOrder(y)) return 'is a point of small order, which proves nothing'
  return undefined
}

/** x² of the curve −x² + y² = 1 + d·x²·y². The denominator is never 0: −1/d is no square. */
function squaredX(y: bigint): bigint {
  const squaredY = modulo(y * y)
  return modulo((squaredY - 1n) * inverse(modulo(d * squaredY + 1n)))
}

/** Euler's criterion on x². */
function isOnCurve(y: bigint): boolean {
  const value = squaredX(y)
  return value === 0n || power(value, (p - 1n) / 2n) === 1n
}

/** The cofactor is 8: three doublings bring exactly the points of small order to the neutral one, which alone has y = 1. */
function hasSmallOrder(y: bigint): boolean {
  let doubled = y
  for (let doublings = 0; doublings < 3; doublings += 1) doubled = doubleY(doubled)
  return doubled === 1n
}

/** Doubling needs x² only, so the sign of x does not matter. */
function doubleY(y: bigint): bigint {
  const squaredY = modulo(y * y)
  const x2 = squaredX(y)
  return modulo((squaredY + x2) * inverse(modulo(1n - d * x2 * squaredY)))
}

function modulo(value: bigint): bigint {
  const rest = value % p
  return rest < 0n ? rest + p : rest
}

function inverse(value: bigint): bigint {
  return power(modulo(value), p - 2n)
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let factor = base
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * factor) % p
    factor = (factor * factor) % p
  }
  return result
}
