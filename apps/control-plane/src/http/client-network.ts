import ipaddr from 'ipaddr.js'

/**
 * What one host may have many addresses of: the address itself, or of IPv6 its /64 (RFC 4291 §2.5.4). For grouping only.
 * @param ipAddress as `canonicalIpAddress` gives it; what is no address is a group of its own
 */
export function clientNetworkOf(ipAddress: string): string {
  if (!ipAddress.includes(':') || !ipaddr.IPv6.isValid(ipAddress)) return ipAddress
  return ipaddr.IPv6.parse(ipAddress)
    .parts.slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')
}
