import type { IncomingHttpHeaders } from 'node:http'
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Stands where an address cannot be known. It is no address, so that no list of trusted addresses matches it. */
const unknownClientIp = 'unknown'

/** More proxies than this in a row, all of them ours, is no deployment but an attempt. */
const hopsMax = 32

export interface ForwardedRequest {
  remoteAddress: string | undefined
  /** The X-Forwarded-For header as Node joins it; no other header is ever read. */
  forwardedFor: string | undefined
}

/**
 * Makes the function that says where a request comes from: the socket's peer, unless that is a configured
 * proxy. Then X-Forwarded-For is read from the rear, one hop for each configured proxy. What stands before the
 * first hop that is not ours was written by a stranger and is never read. A hop that is no address makes the
 * client unknown rather than the proxy itself, whose address might be trusted.
 */
export function createClientIp(trustedProxies: readonly string[]): (request: ForwardedRequest) => string {
  const proxies = blockListOf(trustedProxies)
  return ({ remoteAddress, forwardedFor }) => {
    let client = canonicalIpAddress(remoteAddress ?? '')
    if (client === undefined) return unknownClientIp
    if (forwardedFor === undefined || !isListed(proxies, client)) return client
    let end = forwardedFor.length
    for (let hops = 0; hops < hopsMax; hops += 1) {
      if (end < 0) return client
      const comma = end === 0 ? -1 : forwardedFor.lastIndexOf(',', end - 1)
      client = canonicalIpAddress(forwardedFor.slice(comma + 1, end))
      if (client === undefined) return unknownClientIp
      if (!isListed(proxies, client)) return client
      end = comma
    }
    return unknownClientIp
  }
}

/** The X-Forwarded-For of a request's headers, as `createClientIp` reads it. */
export function forwardedForOf(headers: IncomingHttpHeaders): string | undefined {
  const header = headers['x-forwarded-for']
  return Array.isArray(header) ? header.join(',') : header
}

/** What is wrong with an entry of the list of trusted proxies, or undefined. Addresses and CIDR ranges are right. */
export function trustedProxyProblem(entry: string): string | undefined {
  const [address = '', prefix, ...rest] = entry.split('/')
  const bitsMax = isIPv4(address) ? 32 : isIPv6(address) && !address.includes('%') ? 128 : 0
  if (bitsMax === 0 || rest.length > 0) return 'is not an IP address or a CIDR range'
  if (prefix === undefined) return undefined
  const isPrefix = /^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= bitsMax
  return isPrefix ? undefined : `needs a prefix of 1 to ${bitsMax} bits: nobody can trust every address`
}

/** An address in the form in which it is logged and compared: no port, no zone, v4-mapped v6 as v4. */
export function canonicalIpAddress(text: string): string | undefined {
  if (isIPv4(text)) return text
  const hop = withoutPort(text.trim())
  if (isIPv4(hop)) return hop
  if (!isIPv6(hop)) return undefined
  const zone = hop.indexOf('%')
  const address = ipaddr.IPv6.parse(zone === -1 ? hop : hop.slice(0, zone))
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toString()
}

/** Some balancers write `192.0.2.1:4711` and `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  const match = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/.exec(hop)
  if (match === null) return hop
  const [, v6, v4] = match
  // Brackets are for v6 alone.
  if (v6 !== undefined) return isIPv6(v6) ? v6 : ''
  return v4 ?? ''
}

function blockListOf(entries: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of entries) {
    const problem = trustedProxyProblem(entry)
    if (problem !== undefined) throw new Error(`Trusted proxy ${entry} ${problem}`)
    const [address = '', prefix] = entry.split('/')
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}

function isListed(list: BlockList, address: string): boolean {
  return list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}
