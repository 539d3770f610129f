import type { Authentication, AuthenticateToken } from './authenticate-token.ts'

/**
 * Whom an `Authorization` field stands for. A TokenReview goes the same way in the API server, with the field
 * `Bearer <token>` made from its token: what follows a space inside the token is ignored, and a token that begins with
 * a space is no token at all, so the review vouches for `system:anonymous`, for whatever audiences were asked.
 * Source: Kubernetes, pkg/authentication/request/bearertoken and request/anonymous.
 */
export function authenticateAuthorization(
  authorization: string,
  audiences: readonly string[],
  authenticateToken: AuthenticateToken,
): Authentication {
  const [scheme = '', token = ''] = authorization.trim().split(' ')
  if (scheme.toLowerCase() === 'bearer' && token !== '') return authenticateToken(token, audiences)
  const user = { username: 'system:anonymous', groups: ['system:unauthenticated'] }
  return { kind: 'authenticated', user, audiences }
}
