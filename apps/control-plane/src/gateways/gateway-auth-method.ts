import type {
  GatewayAuthMethodBody,
  GatewayAuthMethodRequest,
  GatewayKubernetesMethodRequest,
} from '@postern/api-contract/gateways'
import { invalidField } from '../http/validation-failure.ts'
import type { GatewayKubernetesAuth, GatewayKubernetesSettings } from './gateway-kubernetes-auth.ts'

export interface WantedAuthMethod {
  request: GatewayAuthMethodRequest
  /** The gateway that it is for; undefined for one that is yet to be made. */
  gatewayId: string | undefined
  current: GatewayKubernetesAuth | undefined
  /** The control plane's URL, its origin only. */
  controlPlaneOrigin: string
}

/**
 * What a request comes to; undefined for the method `token`. Throws ApiError that names the field.
 *
 * The pods' tokens must be for this control plane (T4): a token for the API server's own audience lies in every pod and
 * is sent to whatever asks for it, so whoever was shown one of the gateway's could enrol in its place; and one that is
 * posted here must be of no use against the cluster, where the gateway's service account may review tokens.
 */
export function settingsOf(wanted: WantedAuthMethod): GatewayKubernetesSettings | undefined {
  const { request, gatewayId, current, controlPlaneOrigin } = wanted
  if (request.method === 'token') return undefined
  const tokenReviewMode = request.tokenReviewMode ?? (request.gatewayId ? 'gateway' : 'api')
  const settings: GatewayKubernetesSettings = {
    tokenReviewMode,
    kubernetesHost: request.kubernetesHost?.trim() || null,
    caCert: request.caCert?.trim() ?? '',
    verifyTlsCertificate: request.verifyTlsCertificate,
    tokenReviewerJwt: reviewerJwtOf(request, current),
    reviewerGatewayId: request.gatewayId ?? null,
    allowedNamespaces: request.allowedNamespaces.trim(),
    allowedNames: request.allowedNames.trim(),
    allowedAudience: request.allowedAudience || controlPlaneOrigin,
  }
  if (tokenReviewMode === 'gateway') checkGatewayMode(settings, gatewayId)
  else checkApiMode(settings)
  return settings
}

/** T8: a stored JWT is never sent to another host than the one that it was given for. */
function reviewerJwtOf(
  request: GatewayKubernetesMethodRequest,
  current: GatewayKubernetesAuth | undefined,
): string | null {
  const given = request.tokenReviewerJwt?.trim()
  if (given) return given
  const isSameHost = request.kubernetesHost?.trim() === current?.kubernetesHost
  return request.tokenReviewerJwt === undefined && isSameHost ? (current?.tokenReviewerJwt ?? null) : null
}

function checkGatewayMode(settings: GatewayKubernetesSettings, gatewayId: string | undefined): void {
  const { reviewerGatewayId, kubernetesHost, caCert, tokenReviewerJwt } = settings
  if (reviewerGatewayId === null) throw invalidField('authMethod.gatewayId', 'is required in mode gateway')
  if (reviewerGatewayId === gatewayId) {
    throw invalidField('authMethod.gatewayId', 'is this gateway itself: nobody vouches for themselves')
  }
  const superfluous = Object.entries({ kubernetesHost, caCert, tokenReviewerJwt }).find(([, value]) => value)
  if (superfluous !== undefined) {
    throw invalidField(`authMethod.${superfluous[0]}`, 'has no place in mode gateway: leave it out')
  }
}

function checkApiMode({ reviewerGatewayId, tokenReviewerJwt }: GatewayKubernetesSettings): void {
  if (reviewerGatewayId !== null) {
    throw invalidField('authMethod.gatewayId', 'has no place in mode api: leave it out, or use mode gateway')
  }
  if (tokenReviewerJwt === null) {
    throw invalidField(
      'authMethod.tokenReviewerJwt',
      'is required in mode api: a token of the audience that is required cannot review itself',
    )
  }
}

/** What a client sees: everything but the reviewer's JWT. */
export function authMethodBody(
  auth: GatewayKubernetesAuth | undefined,
  warningsOf: (settings: GatewayKubernetesSettings) => string[],
): GatewayAuthMethodBody {
  if (auth === undefined) return { method: 'token' }
  return {
    method: 'kubernetes',
    tokenReviewMode: auth.tokenReviewMode,
    gatewayId: auth.reviewerGatewayId,
    kubernetesHost: auth.kubernetesHost,
    caCert: auth.caCert,
    verifyTlsCertificate: auth.verifyTlsCertificate,
    hasTokenReviewerJwt: auth.tokenReviewerJwt !== null,
    allowedNamespaces: auth.allowedNamespaces,
    allowedNames: auth.allowedNames,
    allowedAudience: auth.allowedAudience,
    warnings: warningsOf(auth),
  }
}
