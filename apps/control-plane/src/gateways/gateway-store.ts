/** The records of gateways. An id of another organization is the same as an unknown one. */
export interface GatewayStore {
  create(gateway: { organizationId: string; name: string }): Promise<SaveOutcome>
  /** In the order of their creation. */
  list(organizationId: string): Promise<Gateway[]>
  findGateway(gatewayId: string, organizationId: string): Promise<Gateway | undefined>
  /** Of whatever organization. */
  findOrganizationOf(gatewayId: string): Promise<{ organizationId: string } | undefined>
  rename(
    gatewayId: string,
    organizationId: string,
    name: string,
  ): Promise<SaveOutcome | { kind: 'not-found' }>
  /**
   * Removes its keys and enrolment tokens too. Refused while a Kubernetes Auth names the gateway, or another gateway's
   * pods are vouched for by it, even when raced.
   */
  delete(gatewayId: string, organizationId: string): Promise<DeleteOutcome>
  /** Retires its keys and unused enrolment tokens too. Revoking again keeps the first time. */
  revoke(gatewayId: string, organizationId: string, at: Date): Promise<Gateway | undefined>
  /** Of whatever organizations; never takes `lastConnectedAt` back. */
  recordConnected(gatewayIds: readonly string[], at: Date): Promise<void>
}

export interface Gateway {
  id: string
  organizationId: string
  name: string
  createdAt: Date
  updatedAt: Date
  /** When one of its processes last authenticated, or was last seen connected. */
  lastConnectedAt: Date | null
  revokedAt: Date | null
  /** Whether it has a key that is not retired. */
  isEnrolled: boolean
  /** How many identities' Kubernetes Auth name it. */
  attachedIdentityCount: number
  /** How its processes enrol. */
  authMethod: GatewayAuthMethod
}

export type GatewayAuthMethod = 'token' | 'kubernetes'

export type SaveOutcome = { kind: 'saved'; gateway: Gateway } | { kind: 'name-taken' }

export type DeleteOutcome =
  | { kind: 'deleted'; gateway: Gateway }
  | { kind: 'in-use'; identities: Named[]; gateways: Named[] }
  | { kind: 'not-found' }

/** What stands in the way of a deletion. */
export interface Named {
  id: string
  name: string
}
