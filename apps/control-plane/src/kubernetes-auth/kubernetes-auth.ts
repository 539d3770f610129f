import type { AccessTokenSettings } from '../access-tokens/access-token-settings.ts'

/** What an operator decides about how an identity's workloads log in from Kubernetes. */
export interface KubernetesAuthSettings {
  tokenReviewMode: 'api' | 'gateway'
  /** As written; `parseKubernetesHost` makes it canonical. Present in mode `api`. */
  kubernetesHost: string | null
  /** PEM; empty for the system's roots. */
  caCert: string
  verifyTlsCertificate: boolean
  tokenReviewerJwt: string | null
  /** As written; `parseNamePatterns` reads it. */
  allowedNamespaces: string
  allowedNames: string
  /** Empty for the API server's own audience. */
  allowedAudience: string
  /** Mode `gateway` has one of these two; never both. */
  gatewayId: string | null
  gatewayPoolId: string | null
  accessToken: AccessTokenSettings
}

/** The Kubernetes Auth of one identity. An identity has at most one. */
export interface KubernetesAuth extends KubernetesAuthSettings {
  id: string
  identityId: string
  organizationId: string
  createdAt: Date
  /** Later with each change: together with the id it names one state of the configuration. */
  updatedAt: Date
}
