import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomUUID,
  sign,
  type KeyObject,
} from 'node:crypto'
import { promisify } from 'node:util'

/** The key pair that a cluster signs its service accounts' tokens with. */
export interface ServiceAccountKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** As Kubernetes derives it: base64url of the SHA-256 of the public key's DER. */
  readonly id: string
}

export interface ServiceAccountTokenClaims {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly namespace: string
  readonly name: string
  /** The uid of the ServiceAccount object: a recreated account is another one. */
  readonly uid: string
  /** Seconds since 1970, as are the others. */
  readonly issuedAt: number
  readonly expiresAt: number
}

export async function generateServiceAccountKey(): Promise<ServiceAccountKey> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return keyOf(privateKey)
}

/** Reads the key pair back from the PEM of its private key. */
export function readServiceAccountKey(pem: string): ServiceAccountKey {
  return keyOf(createPrivateKey(pem))
}

/**
 * Signs a token as the API server's TokenRequest does: RS256, audiences always an array, the account under
 * `kubernetes.io`. Source: Kubernetes documentation, "Managing Service Accounts".
 */
export function signServiceAccountToken(key: ServiceAccountKey, claims: ServiceAccountTokenClaims): string {
  const { issuer, audiences, namespace, name, uid, issuedAt, expiresAt } = claims
  const payload = {
    aud: audiences,
    exp: expiresAt,
    iat: issuedAt,
    iss: issuer,
    jti: randomUUID(),
    'kubernetes.io': { namespace, serviceaccount: { name, uid } },
    nbf: issuedAt,
    sub: `system:serviceaccount:${namespace}:${name}`,
  }
  const signed = `${encode({ alg: 'RS256', kid: key.id })}.${encode(payload)}`
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key.privateKey).toString('base64url')}`
}

function keyOf(privateKey: KeyObject): ServiceAccountKey {
  const publicKey = createPublicKey(privateKey)
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return { privateKey, publicKey, id: createHash('sha256').update(der).digest('base64url') }
}

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
