import { randomUUID, sign, type KeyObject } from 'node:crypto'

/** What this gateway proves itself with; made at enrolment. */
export interface GatewayCredential {
  gatewayId: string
  /** The key's thumbprint, as the control plane knows it. */
  keyId: string
  /** Ed25519. */
  privateKey: KeyObject
}

/** Shorter than the 60 s that the control plane allows: it only has to outlive one dial. */
const lifetimeSeconds = 50

/**
 * A JWT for one dial (RFC 7519, signed as RFC 8037 says).
 * @param audience origin of the control plane's URL
 * @param nowMs Unix time in milliseconds, corrected by the control plane's clock
 */
export function signGatewayJwt(credential: GatewayCredential, audience: string, nowMs: number): string {
  const issuedAt = Math.floor(nowMs / 1000)
  const header = { alg: 'EdDSA', typ: 'JWT', kid: credential.keyId }
  const claims = {
    sub: credential.gatewayId,
    aud: audience,
    jti: randomUUID(),
    iat: issuedAt,
    exp: issuedAt + lifetimeSeconds,
  }
  const signed = `${encodePart(header)}.${encodePart(claims)}`
  return `${signed}.${sign(null, Buffer.from(signed), credential.privateKey).toString('base64url')}`
}

function encodePart(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
