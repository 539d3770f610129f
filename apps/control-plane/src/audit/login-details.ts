/**
 * What `details` of a login's row holds, one row for each login of either kind. `login/` writes it, `explain-login.ts`
 * reads it. Everything is optional for the reader: older versions wrote less. No token, key or secret, not even a piece.
 *
 * `kubernetes-login` tells the checks before the cluster was asked by its reason alone: they come in a fixed order.
 * `universal-login` writes each of its checks down as it tries them: the rules `client-id`, `identity-enabled`,
 * `organization`, `client-ip`, `lockout`, `client-secret`, `client-secret-expiry`, `client-secret-uses`.
 */
export interface LoginDetails {
  /** By phase (`find`, `review`, `issue`); `total` is the whole login. */
  timingsMs?: Readonly<Record<string, number>>
  /** In the order in which they were tried; none comes after the first that is not met. */
  checks?: readonly LoginCheck[]
  /** What an unmet check found, where it says more than the reason; may name hosts. */
  detail?: string
  /** What the caller asked for where nobody has that id; only in the form of a UUID. */
  requestedIdentityId?: string
  /** Of what the login issued: the access token's id and lifetime. */
  tokenId?: string
  ttlSeconds?: number

  /** Kubernetes Auth: who was asked, by which of the configuration's rules, and for whom the cluster vouched. */
  kubernetesAuthId?: string
  review?: LoginReview
  serviceAccount?: { namespace: string; name: string }
  /** The audience that the identity requires, where the login was refused. */
  requiredAudience?: string
  /** The first 12 hex digits of the SHA-256 of the service-account token. */
  tokenFingerprint?: string

  /** Universal Auth: the id of the client secret that matched, never a piece of it. */
  universalAuthId?: string
  clientSecretId?: string
}

/** One rule applied to one login. Texts are bounded, and hold nothing that is secret. */
export interface LoginCheck {
  rule: string
  isMet: boolean
  /** As the operator wrote it, or in words. */
  expected: string
  found: string
}

/** As `login/token-reviewer.ts` has it. */
export interface LoginReview {
  reviewer: 'stored-jwt' | 'client-jwt' | 'gateway'
  host?: string
  gatewayId?: string
  gatewayPoolId?: string
  tunnelId?: string
  /** The replica that holds the tunnel, where it is another than the one that took the login. */
  heldBy?: string
  attempts?: number
  hedged?: boolean
  tried?: readonly { gatewayId: string; tunnelId: string; outcome: string }[]
}
