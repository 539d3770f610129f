import ipaddr from 'ipaddr.js'

/**
 * Whom a lockout reaches: one IPv4 address, or one /64 of IPv6, which one host owns and may have many addresses of
 * (RFC 4291 §2.5.4). What is no address shares one source.
 */
export function lockoutSourceOf(ipAddress: string): string {
  if (!ipaddr.isValid(ipAddress)) return 'unknown'
  const address = ipaddr.process(ipAddress)
  if (address.kind() === 'ipv4') return address.toString()
  const network = address.toByteArray().map((byte, index) => (index < 8 ? byte : 0))
  return `${ipaddr.fromByteArray(network).toString()}/64`
}
