import type { GatewayNamed } from './gateway-credential-store.ts'

/** Keys that come without an enrolment token: by rotation, and by the word of a cluster. */
export interface GatewayKeyStore {
  /**
   * Registers the new key, and retires the old one at `oldRetiresAt`. The same rotation again has the same outcome for as
   * long as the new key lives; of several at once with different new keys one wins.
   */
  rotate(rotation: KeyRotation): Promise<RotateOutcome>

  /**
   * Registers one more key of a gateway whose processes have keys of their own; the newest `liveKeysMax` stay, the others
   * retire. The same key again changes nothing.
   */
  bind(binding: KeyBinding): Promise<BindOutcome>
}

export interface KeyRotation {
  gatewayId: string
  organizationId: string
  /** The old key, by which the gateway authenticated. */
  keyId: string
  newKeyId: string
  /** Raw Ed25519 key, 32 bytes. */
  newPublicKey: Buffer
  at: Date
  oldRetiresAt: Date
  /** How old the old key must be. */
  ageMsMin: number
}

export type RotateOutcome =
  | { kind: 'rotated'; gateway: GatewayNamed; isRepeated: boolean }
  | { kind: 'refused'; reason: RotationRefusal; gateway?: GatewayNamed }

export type RotationRefusal =
  /** Not a key of that gateway, or no such gateway. */
  | 'gateway-key-unknown'
  | 'gateway-revoked'
  /** The old key has been replaced or retired already. */
  | 'gateway-key-retired'
  /** The new key is registered, for this gateway or another. */
  | 'public-key-known'
  | 'rotation-too-early'

export interface KeyBinding {
  gatewayId: string
  keyId: string
  /** Raw Ed25519 key, 32 bytes. */
  publicKey: Buffer
  at: Date
  liveKeysMax: number
  /** `updatedAt` of the authentication by which the gateway was admitted: bound only while that is unchanged. */
  admittedBy: Date
}

export type BindOutcome =
  | { kind: 'bound'; gateway: GatewayNamed; isRepeated: boolean; retiredKeyIds: string[] }
  | {
      kind: 'refused'
      reason: 'gateway-revoked' | 'public-key-known' | 'configuration-changed'
      gateway?: GatewayNamed
    }
