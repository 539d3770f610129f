import type { KeyObject } from 'node:crypto'

/** What a gateway proves itself with. `keyId` is the RFC 7638 thumbprint of its public key. */
export interface Credential {
  gatewayId: string
  gatewayName: string
  organizationId: string
  keyId: string
  /** Ed25519. */
  privateKey: KeyObject
  /** When the control plane took the key in; absent where it was written down before this was. */
  keySince?: Date
  /** Where it was enrolled. */
  controlPlaneOrigin: string
}

/** What a store holds: a key whose enrolment has begun, or a credential. */
export type CredentialRecord = PendingKey | BoundCredential

export interface BoundCredential {
  phase: 'bound'
  credential: Credential
  /** The key that is to take over: the control plane may know it already, or may not yet. */
  next?: KeyObject
}

export interface PendingKey {
  phase: 'pending'
  privateKey: KeyObject
  /** First 12 hex digits of the SHA-256 of the enrolment token that this key was made for. */
  tokenFingerprint: string
}
