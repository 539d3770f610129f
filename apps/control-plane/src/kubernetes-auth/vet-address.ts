import ipaddr from 'ipaddr.js'

export interface AddressRules {
  /** POSTERN_ALLOW_INTERNAL_KUBERNETES_HOSTS: loopback, private and shared networks may be dialled; link-local never. */
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
const metadataAddresses: ReadonlySet<string> = new Set([
  '168.63.129.16', // Azure
  '100.100.100.200', // Alibaba Cloud
  'fd00:ec2::254', // AWS
  'fd20:ce::254', // Google Cloud
])

/** Of all IPv6 unicast IANA has given out this alone; `::127.0.0.1`, spelled `::7f00:1`, lies beyond it. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')
/** RFC 6052. Where an IPv4 address stands in the local 64:ff9b:1::/48 (RFC 8215) each network decides: not dialled. */
const wellKnownNat64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')

/**
 * Says why an address must not be dialled and what to do instead, or undefined if it may. Only public unicast is allowed (and, where the
 * operator of the control plane says so, internal networks); every special range is refused, known to us or not.
 */
export function vetAddress(address: string, rules: AddressRules): string | undefined {
  const withoutZone = address.replace(/%.*$/, '')
  if (!ipaddr.isValid(withoutZone)) return 'is not an address'
  const meant = embeddedIpv4(ipaddr.parse(withoutZone))
  if (metadataAddresses.has(meant.toString()))
    return 'is a metadata service, which no setting opens: use the address of the API server'
  const range = rangeOf(meant)
  if (range === 'unicast' || (rules.allowInternal && internalRanges.has(range))) return undefined
  return internalRanges.has(range)
    ? 'is in an internal network: use a gateway there, or start the control plane with POSTERN_ALLOW_INTERNAL_KUBERNETES_HOSTS=true'
    : `is in the special range ${range}, which no setting opens: use a gateway in that network`
}

function rangeOf(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  const range = address.range()
  const isUnassigned = range === 'unicast' && address instanceof ipaddr.IPv6 && !address.match(globalUnicast)
  return isUnassigned ? 'unassigned' : range
}

/** The IPv4 address that a v4-mapped or NAT64 address leads to. */
function embeddedIpv4(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (!(address instanceof ipaddr.IPv6)) return address
  if (address.range() !== 'ipv4Mapped' && !address.match(wellKnownNat64)) return address
  return new ipaddr.IPv4(address.toByteArray().slice(12))
}
