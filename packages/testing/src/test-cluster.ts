import type { SendKubernetesRequest } from './kubernetes-request.ts'

/** Where a ServiceAccount is. */
export interface ServiceAccountName {
  readonly namespace: string
  readonly name: string
}

export interface MintTokenOptions extends ServiceAccountName {
  /** Who the token is for; left out, the API server's own audiences. */
  readonly audiences?: readonly string[]
  /** At least 600 (Kubernetes refuses less); by default 3600. */
  readonly expirationSeconds?: number
}

export interface AllowSecretOptions {
  readonly namespace: string
  readonly serviceAccountName: string
  readonly secretName: string
}

/**
 * A Kubernetes API to test against: the stand-in, or a real kube-apiserver. The promises resolve once the change
 * is in force: a real API server's authorizer and authenticator learn of it a little later than its store.
 */
export interface TestCluster {
  /** `stand-in`, or `kube-apiserver v1.20.2`. */
  readonly name: string
  /** `https://127.0.0.1:<port>`, no slash at the end. */
  readonly url: string
  /** PEM of the authority that signed the serving certificate. */
  readonly caCert: string
  /** Bearer token of an administrator (group `system:masters`). */
  readonly adminToken: string
  /** The `iss` of the tokens that this cluster mints. */
  readonly issuer: string
  /** The API server's own audiences: those of a token minted without any, and of a review that asks for none. */
  readonly audiences: readonly string[]

  /** One raw request over a kept-alive connection, for what the methods below do not cover. */
  readonly send: SendKubernetesRequest

  /** Makes the account, and its namespace; nothing changes when they exist. */
  createServiceAccount(namespace: string, name: string): Promise<void>
  /**
   * Deletes the account; its tokens are refused from then on, except that a real API server goes on accepting, for
   * up to 10 s, a token that it has accepted before with the same audiences (its token cache).
   */
  deleteServiceAccount(namespace: string, name: string): Promise<void>
  /** A token by TokenRequest. */
  mintToken(options: MintTokenOptions): Promise<string>
  /** A token of an existing account, signed with the cluster's key, that expired an hour ago. */
  mintExpiredToken(account: ServiceAccountName): Promise<string>
  /** Binds the account to `system:auth-delegator`: it may review tokens. */
  grantTokenReview(namespace: string, name: string): Promise<void>
  revokeTokenReview(namespace: string, name: string): Promise<void>
  /** Makes the Secret, empty, and lets the account get and patch it, and no other. */
  allowSecret(options: AllowSecretOptions): Promise<void>
  /** What the Secret holds, decoded, or undefined when there is no such Secret. */
  readSecret(namespace: string, secretName: string): Promise<Readonly<Record<string, Buffer>> | undefined>
  /** Closes the connections, and ends what was started for this cluster. */
  close(): Promise<void>
}
