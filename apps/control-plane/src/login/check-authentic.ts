import type { TokenVerdict } from '@postern/token-review'
import {
  parseServiceAccountName,
  serviceAccountsGroup,
  type ServiceAccountName,
} from '../kubernetes-auth/service-account-name.ts'
import { type CheckResult, denied, passed } from './login-denial.ts'

export interface AuthenticServiceAccount extends ServiceAccountName {
  /** Those of the asked audiences that the cluster found the token good for. */
  audiences: readonly string[]
}

/**
 * Whether the cluster vouched for a service account of its own, and for the audience if one was asked about. An API
 * server that knows nothing of audiences answers without any: the token is then good for the API server, not for us
 * (Kubernetes API reference, TokenReviewStatus.audiences).
 */
export function checkAuthentic(
  verdict: TokenVerdict,
  askedAudiences: readonly string[],
): CheckResult<AuthenticServiceAccount> {
  if (!verdict.authenticated) return denied('token-not-authenticated', { detail: verdict.error })
  if (askedAudiences.length > 0 && verdict.audiences.length === 0) return denied('review-audience-missing')
  const name = parseServiceAccountName(verdict.username)
  if (name === undefined) return denied('username-malformed', { detail: verdict.username })
  if (!verdict.groups.includes(serviceAccountsGroup)) return denied('service-account-group-missing')
  return passed({ ...name, audiences: verdict.audiences })
}
