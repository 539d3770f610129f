import { X509Certificate } from 'node:crypto'
import { ApiError } from '../http/api-error.ts'
import { invalidField } from '../http/validation-failure.ts'
import type { KubernetesAuthSettings } from './kubernetes-auth.ts'
import { parseKubernetesHost } from './kubernetes-host.ts'
import { parseNamePatterns } from './name-pattern.ts'

const certificatesMax = 32
const pemCertificate = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g
/** Visible ASCII: it goes into a header as it is. */
const headerSafe = /^[\x21-\x7e]*$/
const singleLine = /^\P{Cc}*$/u

/** Refuses what must not be saved, whatever the cluster says of it. Throws ApiErrors that name the field. */
export function checkSettings(settings: KubernetesAuthSettings): void {
  checkReviewMode(settings)
  checkHost(settings.kubernetesHost)
  checkTls(settings)
  checkRules(settings)
  checkLifetimes(settings)
  if (settings.tokenReviewerJwt !== null && !headerSafe.test(settings.tokenReviewerJwt)) {
    throw invalidField('tokenReviewerJwt', 'holds characters that no token has')
  }
}

function checkReviewMode(settings: KubernetesAuthSettings): void {
  const { tokenReviewMode, kubernetesHost, gatewayId, gatewayPoolId } = settings
  if (gatewayId !== null && gatewayPoolId !== null) {
    throw invalidField('gatewayPoolId', 'and gatewayId exclude each other: name one of them')
  }
  if (tokenReviewMode === 'gateway') {
    if (gatewayId === null && gatewayPoolId === null) {
      throw invalidField('gatewayId', 'or gatewayPoolId is required in mode gateway')
    }
    return
  }
  if (kubernetesHost === null) throw invalidField('kubernetesHost', 'is required in mode api')
}

function checkHost(kubernetesHost: string | null): void {
  if (kubernetesHost === null) return
  const parsed = parseKubernetesHost(kubernetesHost)
  if (!parsed.ok) throw invalidField('kubernetesHost', parsed.problem)
}

function checkTls({ caCert, verifyTlsCertificate }: KubernetesAuthSettings): void {
  if (caCert === '') return
  if (!verifyTlsCertificate) {
    throw new ApiError(
      'BadRequest',
      'A CA certificate is given, but verifyTlsCertificate is false: leave one of them out',
    )
  }
  const certificates = caCert.match(pemCertificate) ?? []
  if (
    certificates.length === 0 ||
    certificates.length > certificatesMax ||
    !certificates.every(isCertificate)
  ) {
    throw invalidField('caCert', `is not a list of 1 to ${certificatesMax} certificates in PEM form`)
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined
  } catch {
    // The library's own text says nothing that an operator could use.
    return false
  }
}

/** T12: both lists empty would mean everybody. */
function checkRules({ allowedNamespaces, allowedNames, allowedAudience }: KubernetesAuthSettings): void {
  for (const [field, text] of Object.entries({ allowedNamespaces, allowedNames })) {
    const parsed = parseNamePatterns(text)
    if (!parsed.ok) throw invalidField(field, parsed.problem)
  }
  if (allowedNamespaces === '' && allowedNames === '') {
    throw invalidField('allowedNamespaces', 'and allowedNames are both empty: write * to mean any')
  }
  if (!singleLine.test(allowedAudience)) throw invalidField('allowedAudience', 'holds control characters')
}

function checkLifetimes({ accessToken: { ttlSeconds, maxTtlSeconds } }: KubernetesAuthSettings): void {
  if (maxTtlSeconds === 0 || ttlSeconds <= maxTtlSeconds) return
  throw invalidField('accessTokenTTL', 'is larger than accessTokenMaxTTL')
}
