import type {
  AttachKubernetesAuthRequest,
  UpdateKubernetesAuthRequest,
} from '@postern/api-contract/kubernetes-auth'
import { parseTrustedIp, type TrustedIp } from '../access-tokens/trusted-ips.ts'
import { ApiError } from '../http/api-error.ts'
import type { KubernetesAuthSettings } from './kubernetes-auth.ts'
import { isSameKubernetesHost } from './kubernetes-host.ts'

/** What a request to attach asks for. Certificates are verified unless the request says otherwise in so many words. */
export function settingsToAttach(body: AttachKubernetesAuthRequest): KubernetesAuthSettings {
  refusePool(body.gatewayPoolId)
  return {
    tokenReviewMode: body.tokenReviewMode,
    kubernetesHost: presentText(body.kubernetesHost),
    caCert: presentText(body.caCert) ?? '',
    verifyTlsCertificate: body.verifyTlsCertificate ?? true,
    tokenReviewerJwt: presentText(body.tokenReviewerJwt),
    allowedNamespaces: body.allowedNamespaces.trim(),
    allowedNames: body.allowedNames.trim(),
    allowedAudience: body.allowedAudience.trim(),
    gatewayId: body.gatewayId ?? null,
    gatewayPoolId: null,
    accessToken: {
      ttlSeconds: body.accessTokenTTL,
      maxTtlSeconds: body.accessTokenMaxTTL,
      numUsesLimit: body.accessTokenNumUsesLimit,
      trustedIps: readTrustedIps(body.accessTokenTrustedIps),
    },
  }
}

/** The settings after a change. What is absent stays; null or empty clears, but for the reviewer JWT. */
export function settingsToUpdate(
  current: KubernetesAuthSettings,
  body: UpdateKubernetesAuthRequest,
): KubernetesAuthSettings {
  refusePool(body.gatewayPoolId)
  const kubernetesHost =
    body.kubernetesHost === undefined ? current.kubernetesHost : presentText(body.kubernetesHost)
  const caCert = body.caCert === undefined ? current.caCert : (presentText(body.caCert) ?? '')
  const { accessToken } = current
  return {
    tokenReviewMode: body.tokenReviewMode ?? current.tokenReviewMode,
    kubernetesHost,
    caCert,
    verifyTlsCertificate: body.verifyTlsCertificate ?? (isGiven(body.caCert) || current.verifyTlsCertificate),
    tokenReviewerJwt: reviewerJwtAfter(current, kubernetesHost, body.tokenReviewerJwt),
    allowedNamespaces: changedText(current.allowedNamespaces, body.allowedNamespaces),
    allowedNames: changedText(current.allowedNames, body.allowedNames),
    allowedAudience: changedText(current.allowedAudience, body.allowedAudience),
    gatewayId: body.gatewayId === undefined ? current.gatewayId : body.gatewayId,
    gatewayPoolId: null,
    accessToken: {
      ttlSeconds: body.accessTokenTTL ?? accessToken.ttlSeconds,
      maxTtlSeconds: body.accessTokenMaxTTL ?? accessToken.maxTtlSeconds,
      numUsesLimit: body.accessTokenNumUsesLimit ?? accessToken.numUsesLimit,
      trustedIps:
        body.accessTokenTrustedIps === undefined
          ? accessToken.trustedIps
          : readTrustedIps(body.accessTokenTrustedIps),
    },
  }
}

/** The contract: null removes, absent and empty leave. A stored JWT goes to the host that it was stored for alone. */
function reviewerJwtAfter(
  current: KubernetesAuthSettings,
  newHost: string | null,
  given: string | null | undefined,
): string | null {
  if (given === null) return null
  if (isGiven(given)) return given.trim()
  return isSameKubernetesHost(current.kubernetesHost ?? '', newHost ?? '') ? current.tokenReviewerJwt : null
}

function refusePool(gatewayPoolId: string | null | undefined): void {
  if (gatewayPoolId === null || gatewayPoolId === undefined) return
  throw new ApiError(
    'BadRequest',
    'Gateway pools are not available in this version: name one gateway instead',
  )
}

function readTrustedIps(list: readonly { ipAddress: string }[]): TrustedIp[] {
  return list.map(({ ipAddress }, index) => {
    const parsed = parseTrustedIp(ipAddress)
    if (!('problem' in parsed)) return parsed
    throw new ApiError('BadRequest', `accessTokenTrustedIps.${index}.ipAddress: ${parsed.problem}`)
  })
}

function isGiven(text: string | null | undefined): text is string {
  return typeof text === 'string' && text.trim() !== ''
}

function presentText(text: string | null | undefined): string | null {
  return isGiven(text) ? text.trim() : null
}

function changedText(current: string, given: string | null | undefined): string {
  return given === undefined ? current : (given ?? '').trim()
}
