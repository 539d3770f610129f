import type { KubernetesAuthSettings } from './kubernetes-auth.ts'

/** What was saved because it was asked for, but should not stay so. Shown wherever the configuration is. */
export function warningsOf(settings: KubernetesAuthSettings): string[] {
  const warnings: string[] = []
  const isDirect = settings.tokenReviewMode === 'api'
  if (isDirect && !settings.verifyTlsCertificate) {
    warnings.push(
      'The API server’s certificate is not verified: anybody on the path can pass for the cluster, read the ' +
        'tokens and log in as any of its workloads. Give its CA certificate and set verifyTlsCertificate to true.',
    )
  }
  if (isDirect && settings.tokenReviewerJwt !== null) {
    const expiresAt = expiryOf(settings.tokenReviewerJwt)
    if (expiresAt !== undefined) {
      warnings.push(`The token reviewer JWT expires at ${expiresAt.toISOString()}; logins end then.`)
    }
  }
  if (!isRestricted(settings.allowedNamespaces) && !isRestricted(settings.allowedNames)) {
    warnings.push('Every service account of the cluster may log in.')
  }
  return warnings
}

function isRestricted(patterns: string): boolean {
  return patterns !== '' && !patterns.split(',').some((entry) => /^\*+$/.test(entry.trim()))
}

function expiryOf(jwt: string): Date | undefined {
  const payload = readJwtPayload(jwt)
  const exp = payload?.['exp']
  // The largest moment that a Date can hold.
  return typeof exp === 'number' && Math.abs(exp) <= 8.64e12 ? new Date(exp * 1000) : undefined
}

/** Unverified: for warnings and hints to the operator whose token it is. */
export function readJwtPayload(jwt: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const payload: unknown = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
    return typeof payload === 'object' && payload !== null ? { ...payload } : undefined
  } catch {
    // A reviewer token need not be a JWT; then there is nothing to hint at.
    return undefined
  }
}
