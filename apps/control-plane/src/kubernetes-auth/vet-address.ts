import ipaddr from 'ipaddr.js'

export interface AddressRules {
  /** POSTERN_ALLOW_INTERNAL_KUBERNETES_HOSTS: loopback, private and shared networks may be dialled. */
  allowInternal: boolean
}

/** Loopback, RFC 1918, RFC 6598 and RFC 4193: where a cluster beside the control plane may really be. */
const internalRanges: ReadonlySet<string> = new Set([
  'loopback',
  'private',
  'carrierGradeNat',
  'uniqueLocal',
  'deprecatedSiteLocal',
])

/** Metadata services outside of the link-local range: no API server is ever there, whatever is allowed. */
const metadataAddresses: ReadonlySet<string> = new Set(['168.63.129.16', '100.100.100.200', 'fd00:ec2::254'])

/**
 * Says why an address must not be dialled, or undefined if it may. Only public unicast is allowed (and, where the
 * operator of the control plane says so, internal networks); every special range is refused, known to us or not.
 */
export function vetAddress(address: string, rules: AddressRules): string | undefined {
  const withoutZone = address.replace(/%.*$/, '')
  if (!ipaddr.isValid(withoutZone)) return 'is not an address'
  const meant = embeddedIpv4(ipaddr.parse(withoutZone))
  if (metadataAddresses.has(meant.toString())) return 'is a metadata service'
  const range = meant.range()
  if (range === 'unicast' || (rules.allowInternal && internalRanges.has(range))) return undefined
  return internalRanges.has(range) ? 'is in an internal network' : `is in the special range ${range}`
}

/** The IPv4 address that a v4-mapped or NAT64 (RFC 6052) address leads to. */
function embeddedIpv4(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (!(address instanceof ipaddr.IPv6)) return address
  const range = address.range()
  if (range !== 'ipv4Mapped' && range !== 'rfc6052') return address
  return new ipaddr.IPv4(address.toByteArray().slice(12))
}
