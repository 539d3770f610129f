/**
 * How a gateway's own pods enrol: another reviewer vouches for their service-account token, and these rules say which
 * service accounts are the gateway.
 */
export interface GatewayKubernetesSettings {
  tokenReviewMode: 'api' | 'gateway'
  /** Present in mode `api`, and only there. */
  kubernetesHost: string | null
  /** PEM; empty for the system's roots. */
  caCert: string
  verifyTlsCertificate: boolean
  /** Present in mode `api`, and only there. */
  tokenReviewerJwt: string | null
  /** Another gateway; present in mode `gateway`, and only there. */
  reviewerGatewayId: string | null
  /** As written: patterns as in an identity's Kubernetes Auth. */
  allowedNamespaces: string
  allowedNames: string
  /** Never empty: the API server's own audience would let in a token that any other program was sent. */
  allowedAudience: string
}

export interface GatewayKubernetesAuth extends GatewayKubernetesSettings {
  gatewayId: string
  organizationId: string
  /** Later with each change. */
  updatedAt: Date
}

/** Whether both let in the same pods by the word of the same reviewer; the reviewer's own credential plays no part. */
export function isSameTrust(one: GatewayKubernetesSettings, other: GatewayKubernetesSettings): boolean {
  return (
    one.tokenReviewMode === other.tokenReviewMode &&
    one.kubernetesHost === other.kubernetesHost &&
    one.caCert === other.caCert &&
    one.verifyTlsCertificate === other.verifyTlsCertificate &&
    one.reviewerGatewayId === other.reviewerGatewayId &&
    one.allowedNamespaces === other.allowedNamespaces &&
    one.allowedNames === other.allowedNames &&
    one.allowedAudience === other.allowedAudience
  )
}
