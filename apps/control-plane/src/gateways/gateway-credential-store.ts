import type { GatewayAuthMethod } from './gateway-store.ts'

/** What proves a gateway to be itself: its enrolment tokens, its keys, the ids of the tokens that it has shown. */
export interface GatewayCredentialStore {
  /**
   * Makes earlier unused tokens of the gateway useless. Of several made at once, one remains. `other-method`: the gateway's
   * pods enrol with their own tokens.
   */
  createEnrolmentToken(token: NewEnrolmentToken): Promise<'created' | 'not-found' | 'other-method'>

  /**
   * Spends the token on the key; of any number of simultaneous attempts one wins. The gateway's earlier keys are retired, and a revoked gateway is valid again. The winner's own repetition (same token, same key,
   * before the token's expiry) has the same outcome.
   */
  enrol(enrolment: Enrolment): Promise<EnrolOutcome>

  findKey(keyId: string): Promise<GatewayKey | undefined>

  /**
   * True once per key and token id, until `expiresAt`. On success the gateway counts as connected at `at`.
   */
  useTokenId(use: { keyId: string; tokenId: string; at: Date; expiresAt: Date }): Promise<boolean>

  /** Those with which nobody may be connected at `at`: gateway revoked or deleted, or key retired. */
  findRevokedAmong(connected: readonly GatewayCredential[], at: Date): Promise<RevokedCredential[]>
}

export interface RevokedCredential extends GatewayCredential {
  /** Only this key has gone: the gateway itself may connect with another. */
  isReplaced: boolean
}

/** What one connected tunnel authenticated with. */
export interface GatewayCredential {
  gatewayId: string
  keyId: string
}

export interface NewEnrolmentToken {
  gatewayId: string
  organizationId: string
  /** SHA-256 of the token's text. */
  tokenHash: Buffer
  createdAt: Date
  expiresAt: Date
}

export interface Enrolment {
  tokenHash: Buffer
  keyId: string
  /** Raw Ed25519 key, 32 bytes. */
  publicKey: Buffer
  at: Date
}

/** The gateway that an enrolment token or a key belongs to. */
export interface GatewayNamed {
  gatewayId: string
  gatewayName: string
  organizationId: string
}

export type EnrolOutcome =
  | { kind: 'enrolled'; gateway: GatewayNamed; isRepeated: boolean; retiredKeyIds: string[] }
  | { kind: 'refused'; reason: EnrolmentRefusal; gateway?: GatewayNamed }

export type EnrolmentRefusal =
  | 'token-unknown'
  | 'token-used'
  | 'token-expired'
  | 'token-superseded'
  /** The key was enrolled before, for this gateway or another; the token is not spent. */
  | 'public-key-known'

export interface GatewayKey extends GatewayNamed {
  keyId: string
  publicKey: Buffer
  /** May lie in the future: the key is good until then. */
  retiredAt: Date | null
  gatewayRevokedAt: Date | null
  authMethod: GatewayAuthMethod
}
