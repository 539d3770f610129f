/** A `TokenReview` as the API server takes it. Source: Kubernetes API reference, authentication.k8s.io/v1. */
export interface TokenReviewRequest {
  apiVersion: 'authentication.k8s.io/v1'
  kind: 'TokenReview'
  spec: { token: string; audiences?: readonly string[] }
}

/** Where a `TokenReview` is posted, relative to the API server's URL. */
export const tokenReviewPath = '/apis/authentication.k8s.io/v1/tokenreviews'

/**
 * The request that asks an API server to vouch for `token`. Without audiences the API server checks the token against
 * its own, so the field is left out rather than sent empty.
 */
export function buildTokenReview(token: string, audiences: readonly string[]): TokenReviewRequest {
  return {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: audiences.length === 0 ? { token } : { token, audiences },
  }
}
