import type { GatewayKubernetesAuth, GatewayKubernetesSettings } from './gateway-kubernetes-auth.ts'

/** Secrets in clear towards the caller, encrypted at rest. */
export interface GatewayKubernetesAuthStore {
  /** Of whatever organization. */
  find(gatewayId: string): Promise<GatewayKubernetesAuth | undefined>
  listOf(organizationId: string): Promise<GatewayKubernetesAuth[]>
  /**
   * From now on the gateway's pods enrol by these settings. A revoked gateway is valid again. Unused enrolment tokens end;
   * keys that came about by another trust (`isSameTrust`) are retired.
   */
  save(place: GatewayPlace, settings: GatewayKubernetesSettings, at: Date): Promise<SaveAuthOutcome>
  /** From now on the gateway enrols with tokens: keys that came about by its pods' tokens are retired. */
  remove(place: GatewayPlace, at: Date): Promise<{ retiredKeyIds: string[] }>
}

export interface GatewayPlace {
  gatewayId: string
  organizationId: string
}

export type SaveAuthOutcome =
  | { kind: 'saved'; auth: GatewayKubernetesAuth; retiredKeyIds: string[] }
  | { kind: 'not-found' }
  /** The reviewing gateway is none of the organization's. */
  | { kind: 'reviewer-gone' }
  /** The gateway would vouch for itself, at last. */
  | { kind: 'cycle' }
