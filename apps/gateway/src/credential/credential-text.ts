import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { Credential, CredentialRecord } from './credential.ts'

// How a record is written, in a file and in a Secret alike: JSON with the private key as a JWK (RFC 8037 §2).

export function writeCredentialText(record: CredentialRecord): string {
  if (record.phase === 'pending') {
    const { phase, privateKey, tokenFingerprint } = record
    return JSON.stringify({ version: 1, phase, tokenFingerprint, privateKey: exportKey(privateKey) })
  }
  const { phase, next } = record
  const { privateKey, keySince, ...names } = record.credential
  const keys = {
    privateKey: exportKey(privateKey),
    ...(keySince === undefined ? {} : { keySince: keySince.toISOString() }),
    ...(next === undefined ? {} : { nextPrivateKey: exportKey(next) }),
  }
  return JSON.stringify({ version: 1, phase, ...names, ...keys })
}

/** Undefined: this is no record of ours. Nothing of the text is told, because it holds a key. */
export function readCredentialText(text: string): CredentialRecord | undefined {
  const fields = parseObject(text)
  if (fields?.['version'] !== 1) return undefined
  const privateKey = importKey(fields['privateKey'])
  if (privateKey === undefined) return undefined
  if (fields['phase'] === 'pending') {
    const tokenFingerprint = fields['tokenFingerprint']
    return typeof tokenFingerprint === 'string'
      ? { phase: 'pending', privateKey, tokenFingerprint }
      : undefined
  }
  const { gatewayId, gatewayName, organizationId, keyId, controlPlaneOrigin } = fields
  const keySince = readInstant(fields['keySince'])
  if (fields['phase'] !== 'bound' || !isText(gatewayId) || !isText(gatewayName) || !isText(organizationId)) {
    return undefined
  }
  if (!isText(keyId) || !isText(controlPlaneOrigin)) return undefined
  const credential: Credential = {
    gatewayId,
    gatewayName,
    organizationId,
    keyId,
    privateKey,
    ...(keySince === undefined ? {} : { keySince }),
    controlPlaneOrigin,
  }
  const next = importKey(fields['nextPrivateKey'])
  return { phase: 'bound', credential, ...(next === undefined ? {} : { next }) }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null ? { ...json } : undefined
  } catch {
    return undefined
  }
}

function exportKey(key: KeyObject): { d: string | undefined; x: string | undefined } {
  const { d, x } = key.export({ format: 'jwk' })
  return { d, x }
}

function importKey(jwk: unknown): KeyObject | undefined {
  if (typeof jwk !== 'object' || jwk === null || !('d' in jwk) || !('x' in jwk)) return undefined
  const { d, x } = jwk
  if (!isText(d) || !isText(x)) return undefined
  try {
    return createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' })
  } catch {
    return undefined
  }
}

/** Undefined for what is no instant: the key is as good without its age. */
function readInstant(value: unknown): Date | undefined {
  const instant = new Date(isText(value) ? value : Number.NaN)
  return Number.isNaN(instant.getTime()) ? undefined : instant
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
