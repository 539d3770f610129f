import { BlockList, isIP } from 'node:net'
import type { Destination } from './open-connection.ts'
import type { OutboundConfig } from '../config.ts'
import { parseProxy, type ProxyAddress } from './parse-proxy.ts'

/** The proxy for this destination. Undefined: it is dialled directly. */
export function chooseProxy(outbound: OutboundConfig, destination: Destination): ProxyAddress | undefined {
  const setting = destination.tls ? outbound.httpsProxy : outbound.httpProxy
  if (setting === undefined || isExempt(outbound.noProxy ?? '', destination)) return undefined
  return parseProxy(setting.reveal())
}

/**
 * NO_PROXY as curl and Go read it: entries between commas or spaces; `*`; a name, which its subdomains belong to, with or
 * without `.` or `*.` before it; an address; a CIDR range; each of them with or without a port.
 */
function isExempt(noProxy: string, { host, port }: Destination): boolean {
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && matches(entry, host.toLowerCase(), port))
}

function matches(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true
  const bare = entry.replaceAll(/[[\]]/g, '')
  if (isIP(host) !== 0 && rangeHolds(bare, host)) return true
  const withPort = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(entry)
  if (withPort !== null && Number(withPort[3]) !== port) return false
  const name = (withPort?.[1] ?? withPort?.[2] ?? bare).replace(/^\*?\./, '')
  return isIP(host) === 0 ? host === name || host.endsWith(`.${name}`) : rangeHolds(name, host)
}

/** `range` is an address or a CIDR range; anything else holds nothing. */
function rangeHolds(range: string, address: string): boolean {
  const [network = '', length] = range.split('/')
  const family = isIP(network)
  if (family === 0) return false
  const bits = length === undefined ? undefined : Number(length)
  const bitsMax = family === 4 ? 32 : 128
  if (bits !== undefined && (!Number.isInteger(bits) || bits < 0 || bits > bitsMax)) return false
  const list = new BlockList()
  const kind = family === 4 ? 'ipv4' : 'ipv6'
  if (bits === undefined) list.addAddress(network, kind)
  else list.addSubnet(network, bits, kind)
  return list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
}
