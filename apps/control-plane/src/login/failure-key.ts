import type { KubernetesLoginCall } from './login-attempt.ts'

/**
 * Whose failures are counted together: those for one identity, from one address (IPv6: one /64, which one host owns),
 * and of one kind. Whether the identity exists plays no part, so running into the limit does not tell either.
 */
export function failureKey({ identityId, ipAddress }: KubernetesLoginCall, couldBeLive: boolean): string {
  return `${couldBeLive ? 'live' : 'junk'} ${identityId.toLowerCase()} ${networkOf(ipAddress)}`
}

function networkOf(ipAddress: string): string {
  if (!ipAddress.includes(':')) return ipAddress
  // Enough for grouping: an address with "::" early on falls into a wider group.
  const [head = ''] = ipAddress.split('::', 1)
  return head.split(':').slice(0, 4).join(':')
}
