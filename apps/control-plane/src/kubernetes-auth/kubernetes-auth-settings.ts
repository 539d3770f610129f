import type {
  AttachKubernetesAuthRequest,
  UpdateKubernetesAuthRequest,
} from '@postern/api-contract/kubernetes-auth'
import { readTrustedIps } from '../access-tokens/trusted-ips.ts'
import type { KubernetesAuthSettings } from './kubernetes-auth.ts'
import { isSameKubernetesHost } from './kubernetes-host.ts'

/** What a request to attach asks for. Certificates are verified unless the request says otherwise in so many words. */
export function settingsToAttach(body: AttachKubernetesAuthRequest): KubernetesAuthSettings {
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
    gatewayPoolId: body.gatewayPoolId ?? null,
    accessToken: {
      ttlSeconds: body.accessTokenTTL,
      maxTtlSeconds: body.accessTokenMaxTTL,
      numUsesLimit: body.accessTokenNumUsesLimit,
      trustedIps: readTrustedIps('accessTokenTrustedIps', body.accessTokenTrustedIps),
    },
  }
}

/** The settings after a change. What is absent stays; null or empty clears, but for the reviewer JWT. */
export function settingsToUpdate(
  current: KubernetesAuthSettings,
  body: UpdateKubernetesAuthRequest,
): KubernetesAuthSettings {
  const kubernetesHost =
    body.kubernetesHost === undefined ? current.kubernetesHost : presentText(body.kubernetesHost)
  const caCert = body.caCert === undefined ? current.caCert : (presentText(body.caCert) ?? '')
  const verifyTlsCertificate =
    body.verifyTlsCertificate ?? (isGiven(body.caCert) || current.verifyTlsCertificate)
  const way = wayAfter(current, body)
  const { accessToken } = current
  return {
    tokenReviewMode: body.tokenReviewMode ?? current.tokenReviewMode,
    kubernetesHost,
    caCert,
    verifyTlsCertificate,
    tokenReviewerJwt: reviewerJwtAfter(
      current,
      { kubernetesHost, verifyTlsCertificate, ...way },
      body.tokenReviewerJwt,
    ),
    allowedNamespaces: changedText(current.allowedNamespaces, body.allowedNamespaces),
    allowedNames: changedText(current.allowedNames, body.allowedNames),
    allowedAudience: changedText(current.allowedAudience, body.allowedAudience),
    ...way,
    accessToken: {
      ttlSeconds: body.accessTokenTTL ?? accessToken.ttlSeconds,
      maxTtlSeconds: body.accessTokenMaxTTL ?? accessToken.maxTtlSeconds,
      numUsesLimit: body.accessTokenNumUsesLimit ?? accessToken.numUsesLimit,
      trustedIps:
        body.accessTokenTrustedIps === undefined
          ? accessToken.trustedIps
          : readTrustedIps('accessTokenTrustedIps', body.accessTokenTrustedIps),
    },
  }
}

type Way = Pick<KubernetesAuthSettings, 'gatewayId' | 'gatewayPoolId'>

/** The contract: naming one clears the other, null clears what it is said of. Both at once are for `checkSettings`. */
function wayAfter(current: Way, { gatewayId, gatewayPoolId }: Partial<UpdateKubernetesAuthRequest>): Way {
  return {
    gatewayId: gatewayId === undefined ? (gatewayPoolId ? null : current.gatewayId) : gatewayId,
    gatewayPoolId: gatewayPoolId === undefined ? (gatewayId ? null : current.gatewayPoolId) : gatewayPoolId,
  }
}

/**
 * The contract: null removes, absent and empty leave. A stored JWT goes to the host that it was stored for alone: where
 * no certificate says which host answers, the way there decides too, since each cluster has names of its own.
 */
function reviewerJwtAfter(
  current: KubernetesAuthSettings,
  after: Way & Pick<KubernetesAuthSettings, 'kubernetesHost' | 'verifyTlsCertificate'>,
  given: string | null | undefined,
): string | null {
  if (given === null) return null
  if (isGiven(given)) return given.trim()
  const isSameWay = current.gatewayId === after.gatewayId && current.gatewayPoolId === after.gatewayPoolId
  const isSameHost = isSameKubernetesHost(current.kubernetesHost ?? '', after.kubernetesHost ?? '')
  return isSameHost && (isSameWay || after.verifyTlsCertificate) ? current.tokenReviewerJwt : null
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
