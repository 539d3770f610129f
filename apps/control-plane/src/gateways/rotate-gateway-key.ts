import { randomUUID, verify } from 'node:crypto'
import { rotationProofText } from '@postern/protocol'
import type { AuditEvent } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { AuditReason } from '../audit/audit-reason.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import type { Commit } from '../database/commit.ts'
import {
  type Ed25519PublicKey,
  parseEd25519PublicKey,
  thumbprintOf,
  toKeyObject,
} from './ed25519-public-key.ts'
import type { GatewayNamed } from './gateway-credential-store.ts'
import type { GatewayKeyStore, RotateOutcome } from './gateway-key-store.ts'

/** What a gateway sent over a tunnel that it had authenticated with `keyId`. */
export interface GatewayKeyRotation {
  gatewayId: string
  organizationId: string
  keyId: string
  /** Raw Ed25519 key. */
  publicKey: Uint8Array
  /** Signature by the new key over `rotationProofText(gatewayId, keyId, new key's id)`. */
  proof: Uint8Array
  at: Date
  ipAddress?: string
}

export interface GatewayKeyRotated {
  /**
   * `rotated`: the new key is good from now on, the old one for ten minutes more. `refused`: the same rotation never
   * succeeds. `unavailable`: it may later, with the same key.
   */
  code: 'rotated' | 'refused' | 'unavailable'
  /** The new key's. */
  keyId: string
  /** For the gateway's log. */
  detail: string
}

/** Never rejects. A repetition, because the answer was lost, has the same answer. */
export type RotateGatewayKey = (rotation: GatewayKeyRotation) => Promise<GatewayKeyRotated>

export interface RotateGatewayKeyDependencies {
  commit: Commit<{ gatewayKeys: Pick<GatewayKeyStore, 'rotate'>; audit: ChangeAudit }>
  auditLog: AuditLog
  logger: { warn(fields: Record<string, unknown>, message: string): void }
}

/** For every process of the gateway, and every tunnel, to come over to the new key. */
export const retiredKeyGraceMs = 600_000
/** Gateways rotate daily; whoever stole a tunnel must not fill the table. */
const keyAgeMsMin = 10_000

type Refusal = { reason: AuditReason; gateway?: GatewayNamed | undefined }

export function createRotateGatewayKey(dependencies: RotateGatewayKeyDependencies): RotateGatewayKey {
  return async (rotation) => {
    const raw = Buffer.from(rotation.publicKey)
    try {
      return await rotate(dependencies, rotation, raw)
    } catch (error) {
      dependencies.logger.warn(
        { err: error, gatewayId: rotation.gatewayId },
        'could not rotate a gateway’s key',
      )
      const detail = 'the control plane could not write the new key down'
      return { code: 'unavailable', keyId: thumbprintOf(raw), detail }
    }
  }
}

async function rotate(
  dependencies: RotateGatewayKeyDependencies,
  rotation: GatewayKeyRotation,
  raw: Buffer,
): Promise<GatewayKeyRotated> {
  const parsed = parseEd25519PublicKey(raw.toString('base64url'))
  if (!parsed.ok) return refuse(dependencies, rotation, { reason: 'public-key-invalid' })
  const { key } = parsed
  if (!isProven(rotation, key)) return refuse(dependencies, rotation, { reason: 'gateway-proof-invalid' })
  const outcome = await dependencies.commit(async ({ gatewayKeys, audit }) => {
    const rotated = await gatewayKeys.rotate(storedForm(rotation, key))
    if (rotated.kind === 'rotated') await audit.record(successEvent(rotation, rotated, key.keyId))
    return rotated
  })
  if (outcome.kind === 'refused') return refuse(dependencies, rotation, outcome)
  return { code: 'rotated', keyId: key.keyId, detail: '' }
}

function isProven({ gatewayId, keyId, proof }: GatewayKeyRotation, key: Ed25519PublicKey): boolean {
  const text = rotationProofText(gatewayId, keyId, key.keyId)
  return verify(null, Buffer.from(text), toKeyObject(key.raw), proof)
}

function storedForm({ gatewayId, organizationId, keyId, at }: GatewayKeyRotation, key: Ed25519PublicKey) {
  return {
    gatewayId,
    organizationId,
    keyId,
    newKeyId: key.keyId,
    newPublicKey: key.raw,
    at,
    oldRetiresAt: new Date(at.getTime() + retiredKeyGraceMs),
    ageMsMin: keyAgeMsMin,
  }
}

async function refuse(
  { auditLog }: RotateGatewayKeyDependencies,
  rotation: GatewayKeyRotation,
  { reason, gateway }: Refusal,
): Promise<GatewayKeyRotated> {
  await auditLog.record({
    ...eventAbout(rotation, gateway),
    outcome: 'denied',
    reason,
  })
  return {
    code: reason === 'rotation-too-early' ? 'unavailable' : 'refused',
    keyId: thumbprintOf(Buffer.from(rotation.publicKey)),
    detail: details[reason] ?? reason,
  }
}

const details: Partial<Record<AuditReason, string>> = {
  'public-key-invalid': 'the new key is no usable Ed25519 key',
  'gateway-proof-invalid': 'the proof was not made with the new key, for this gateway and its present key',
  'gateway-key-unknown': 'the gateway is not known, or the old key is not its',
  'gateway-revoked': 'the gateway is revoked',
  'gateway-key-retired': 'the old key was replaced already, by another key than this one',
  'public-key-known': 'the new key was registered before: make another one',
  'rotation-too-early': 'the old key is only seconds old: try again later',
}

function successEvent(
  rotation: GatewayKeyRotation,
  { gateway, isRepeated }: Extract<RotateOutcome, { kind: 'rotated' }>,
  newKeyId: string,
): AuditEvent {
  const event = eventAbout(rotation, gateway)
  return { ...event, outcome: 'success', details: { ...event.details, newKeyId, isRepeated } }
}

function eventAbout(
  { gatewayId, organizationId, keyId, at, ipAddress }: GatewayKeyRotation,
  gateway: GatewayNamed | undefined,
): Omit<AuditEvent, 'outcome'> {
  return {
    occurredAt: at,
    organizationId,
    requestId: randomUUID(),
    event: 'gateway-key-rotated',
    actor: { kind: 'gateway', id: gatewayId },
    ...(ipAddress === undefined ? {} : { ipAddress }),
    details: { gatewayId, keyId, ...(gateway === undefined ? {} : { gatewayName: gateway.gatewayName }) },
  }
}
