import { BlockList, isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { ApiError } from '../http/api-error.ts'

/** An address or a network, as stored and as the HTTP contract shows it: the prefix stands apart. */
export interface TrustedIp {
  /** As typed; host bits beyond the prefix are kept and play no part. */
  ipAddress: string
  type: 'ipv4' | 'ipv6'
  /** Absent for a single address. */
  prefix?: number
}

export type TrustedIpProblem = { problem: string }

/** What an identity trusts unless somebody says otherwise: every address of both families. */
export const anyAddress: readonly TrustedIp[] = [
  { ipAddress: '0.0.0.0', type: 'ipv4', prefix: 0 },
  { ipAddress: '::', type: 'ipv6', prefix: 0 },
]

const widthOf = { ipv4: 32, ipv6: 128 } as const
const mappedWidth = 96

/**
 * Reads `203.0.113.7`, `10.0.0.0/8`, `2001:db8::/32`. Decimal only: octal, hexadecimal and short spellings of IPv4
 * mean different addresses to different programs, so none is accepted; nor are zones (RFC 4007), which mean nothing
 * outside the machine that names them.
 */
export function parseTrustedIp(text: string): TrustedIp | TrustedIpProblem {
  const [ipAddress = '', prefixText, ...rest] = text.trim().split('/')
  const type = familyOf(ipAddress)
  if (type === undefined || rest.length > 0) {
    return { problem: 'expected an IPv4 or IPv6 address, or a network such as 10.0.0.0/8' }
  }
  if (prefixText === undefined) return { ipAddress, type }
  if (!/^(0|[1-9][0-9]{0,2})$/.test(prefixText) || Number(prefixText) > widthOf[type]) {
    return { problem: `the prefix must be a whole number from 0 to ${String(widthOf[type])}` }
  }
  return { ipAddress, type, prefix: Number(prefixText) }
}

/** Reads what a caller sent as a field; throws an ApiError that names the entry. */
export function readTrustedIps(field: string, list: readonly { ipAddress: string }[]): TrustedIp[] {
  return list.map(({ ipAddress }, index) => {
    const parsed = parseTrustedIp(ipAddress)
    if (!('problem' in parsed)) return parsed
    throw new ApiError('BadRequest', `${field}.${index}.ipAddress: ${parsed.problem}`)
  })
}

/** As the HTTP contract shows them. */
export function shownTrustedIps(list: readonly TrustedIp[]): TrustedIp[] {
  return list.map(({ ipAddress, type, prefix }) =>
    prefix === undefined ? { ipAddress, type } : { ipAddress, type, prefix },
  )
}

/** As the audit log shows them. */
export function trustedIpTexts(list: readonly TrustedIp[]): string[] {
  return list.map(({ ipAddress, prefix }) => (prefix === undefined ? ipAddress : `${ipAddress}/${prefix}`))
}

/**
 * Makes the test of one list. An address that cannot be parsed (a host name, a port suffix, a zone) is never
 * trusted, whatever the list says. A v4-mapped IPv6 address (RFC 4291 §2.5.5.2) is the IPv4 address within it.
 */
export function compileTrustedIps(list: readonly TrustedIp[]): (clientIp: string) => boolean {
  // One list a family: Node lets an IPv6 network such as ::/0 match every IPv4 address.
  const networks = { ipv4: new BlockList(), ipv6: new BlockList() }
  const mapped = new BlockList()
  mapped.addSubnet('::ffff:0:0', mappedWidth, 'ipv6')
  // Most lists trust everybody: the dearest part of a check is then none.
  const wholeFamilies = new Set<TrustedIp['type']>()
  for (const entry of list) {
    const { ipAddress, type, prefix } = withoutMapping(entry, mapped)
    networks[type].addSubnet(ipAddress, prefix, type)
    if (prefix === 0) wholeFamilies.add(type)
  }
  return (clientIp) => {
    const type = familyOf(clientIp)
    if (type === undefined) return false
    const client = withoutMapping({ ipAddress: clientIp, type }, mapped)
    return wholeFamilies.has(client.type) || networks[client.type].check(client.ipAddress, client.type)
  }
}

/** For a single question; keep `compileTrustedIps` where the list is asked again. */
export function isTrusted(clientIp: string, list: readonly TrustedIp[]): boolean {
  return compileTrustedIps(list)(clientIp)
}

/** True when the list leaves somebody out; shown as the token's `ipRestrictionEnabled`. */
export function restrictsAddresses(list: readonly TrustedIp[]): boolean {
  return !(['ipv4', 'ipv6'] as const).every((type) => list.some((ip) => ip.type === type && ip.prefix === 0))
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = address.includes('%') ? 0 : isIP(address)
  if (version === 0) return undefined
  return version === 4 ? 'ipv4' : 'ipv6'
}

function withoutMapping(entry: TrustedIp, mapped: BlockList): Required<TrustedIp> {
  const { ipAddress, type, prefix = widthOf[type] } = entry
  if (type === 'ipv4' || prefix < mappedWidth || !mapped.check(ipAddress, 'ipv6')) {
    return { ipAddress, type, prefix }
  }
  // Only now: for ipaddr.js the deprecated ::10.0.0.1 is v4-mapped too.
  const address = ipaddr.IPv6.parse(ipAddress).toIPv4Address().toString()
  return { ipAddress: address, type: 'ipv4', prefix: prefix - mappedWidth }
}
