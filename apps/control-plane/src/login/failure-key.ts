import { clientNetworkOf } from '../http/client-network.ts'
import type { KubernetesLoginCall } from './login-attempt.ts'

/**
 * Whose failures are counted together: those for one identity, from one address (IPv6: one /64, which one host owns),
 * and of one kind. Whether the identity exists plays no part, so running into the limit does not tell either.
 */
export function failureKey({ identityId, ipAddress }: KubernetesLoginCall, couldBeLive: boolean): string {
  return `${couldBeLive ? 'live' : 'junk'} ${identityId.toLowerCase()} ${clientNetworkOf(ipAddress)}`
}
