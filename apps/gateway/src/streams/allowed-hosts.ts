import type { StreamTarget } from '@postern/protocol'

/** The variable that an operator changes to allow more. */
export const allowedHostsVariable = 'POSTERN_ALLOWED_KUBERNETES_HOSTS'

/** Where raw streams may lead: exact hosts with exact ports, in the spelling of `new URL`. */
export type AllowedHosts = readonly StreamTarget[]

const hostsMax = 64

/**
 * Reads `host:port, [2001:db8::1]:6443, …`.
 * @param apiServerUrl what is allowed when nothing is set: the gateway's own API server, if it is known
 */
export function parseAllowedHosts(
  text: string | undefined,
  apiServerUrl: string | undefined,
): { value: AllowedHosts } | { problem: string } {
  if (text === undefined) return { value: apiServerUrl === undefined ? [] : [hostOfUrl(apiServerUrl)] }
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  const hosts: StreamTarget[] = []
  for (const entry of entries) {
    const host = parseHostAndPort(entry)
    if (host === undefined) {
      return {
        problem: `${allowedHostsVariable} is a list of host:port with commas between, as in 10.0.0.1:6443, kubernetes.default.svc:443; ${JSON.stringify(entry.slice(0, 100))} is none`,
      }
    }
    hosts.push(host)
  }
  if (hosts.length > hostsMax) return { problem: `${allowedHostsVariable} lists more than ${hostsMax} hosts` }
  return { value: hosts }
}

/** The allowed host that is asked for, in the configuration's own spelling; undefined: none. */
export function findAllowedHost(hosts: AllowedHosts, asked: StreamTarget): StreamTarget | undefined {
  const host = canonicalHost(asked.host)
  return hosts.find((allowed) => allowed.host === host && allowed.port === asked.port)
}

/** For people: `10.0.0.1:6443`, `[::1]:443`. */
export function describeHost({ host, port }: StreamTarget): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function parseHostAndPort(entry: string): StreamTarget | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]/@?#\s\\]+):(\d{1,5})$/.exec(entry)
  const host = canonicalHost(match?.[1] ?? '')
  const port = Number(match?.[2])
  return host === undefined || !(port >= 1 && port <= 65_535) ? undefined : { host, port }
}

function hostOfUrl(url: string): StreamTarget {
  const { protocol, hostname, port } = new URL(url)
  const portDefault = protocol === 'http:' ? 80 : 443
  return {
    host: canonicalHost(hostname) ?? withoutBrackets(hostname),
    port: port === '' ? portDefault : Number(port),
  }
}

/** One spelling for each host: lower case, addresses in their plain form, no dot at the end. */
function canonicalHost(host: string): string | undefined {
  const plain = withoutBrackets(host)
  if (!/^[\w.:-]+$/.test(plain)) return undefined
  const url = URL.parse(`https://${plain.includes(':') ? `[${plain}]` : plain}`)
  if (url === null || url.port !== '') return undefined
  return withoutBrackets(url.hostname).replace(/\.$/, '')
}

function withoutBrackets(host: string): string {
  return host.replaceAll(/[[\]]/g, '')
}
