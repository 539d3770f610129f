/** What one host may have many addresses of: the address itself, or of IPv6 its /64. For grouping only. */
export function clientNetworkOf(ipAddress: string): string {
  if (!ipAddress.includes(':')) return ipAddress
  // Enough for grouping: an address with "::" early on falls into a wider group.
  const [head = ''] = ipAddress.split('::', 1)
  return head.split(':').slice(0, 4).join(':')
}
