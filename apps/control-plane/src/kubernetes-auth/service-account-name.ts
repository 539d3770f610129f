export interface ServiceAccountName {
  namespace: string
  name: string
}

/** RFC 1123 label, as Kubernetes requires of a namespace. */
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** RFC 1123 label inside a subdomain: Kubernetes bounds the whole name only. */
const subdomainLabel = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/
const subdomainLengthMax = 253

/** The group that the API server gives to every service account, and to nobody else. */
export const serviceAccountsGroup = 'system:serviceaccounts'

/**
 * Reads `system:serviceaccount:<namespace>:<name>`, the username that the API server gives to a service account
 * (Kubernetes documentation, "Authenticating", service account tokens). Anything else is nobody that a rule can name.
 */
export function parseServiceAccountName(username: string): ServiceAccountName | undefined {
  const parts = username.split(':', 5)
  const [system, kind, namespace, name] = parts
  if (parts.length !== 4 || system !== 'system' || kind !== 'serviceaccount') return undefined
  if (namespace === undefined || !label.test(namespace)) return undefined
  if (name === undefined || !isSubdomain(name)) return undefined
  return { namespace, name }
}

function isSubdomain(text: string): boolean {
  return text.length <= subdomainLengthMax && text.split('.').every((part) => subdomainLabel.test(part))
}
