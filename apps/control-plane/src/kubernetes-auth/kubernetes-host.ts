/** An API server as an operator names it, made canonical: `https://name:port` and a path for servers behind a proxy. */
export interface KubernetesHost {
  origin: string
  /** Lower case, without a port; an IPv4 literal in dotted form, whatever spelling it came in. */
  hostname: string
  /** Empty, or begins with "/" and does not end with one. */
  pathPrefix: string
}

export type ParsedKubernetesHost = { ok: true; host: KubernetesHost } | { ok: false; problem: string }

const kubernetesHostLengthMax = 255
/** No brackets, so no IPv6 literals; no "@", so no credentials; no "?", "#" or "%". */
const allowedCharacters = /^[A-Za-z0-9:./-]+$/

/**
 * Reads `host`, `host:port` or an https URL. Whatever spelling an address has (decimal, octal, hexadecimal, short), the
 * URL parser (WHATWG URL, "IPv4 parser") makes it dotted here, so that it is vetted as what will be dialled.
 */
export function parseKubernetesHost(text: string): ParsedKubernetesHost {
  const trimmed = text.trim()
  if (trimmed === '') return problem('is empty')
  if (trimmed.length > kubernetesHostLengthMax) {
    return problem(`is longer than ${kubernetesHostLengthMax} characters`)
  }
  if (!allowedCharacters.test(trimmed)) {
    return problem('may hold letters, digits and ":", ".", "/", "-" only: a host, host:port or https URL')
  }
  const written = trimmed.includes('://') ? trimmed : `https://${trimmed}`
  if (!/^https:\/\/[^/]/i.test(written)) {
    return problem('must be an https URL: a token is never sent over anything else')
  }
  const url = URL.parse(written)
  if (url === null) return problem('is not a host, host:port or https URL')
  const hostname = url.hostname.replace(/\.$/, '')
  if (hostname.split('.').includes('')) return problem('names no host')
  if (url.port === '0') return problem('has port 0')
  const origin = `https://${hostname}${url.port === '' ? '' : `:${url.port}`}`
  return { ok: true, host: { origin, hostname, pathPrefix: url.pathname.replace(/\/+$/, '') } }
}

/** Whether both texts name the same API server, however they are spelled. */
export function isSameKubernetesHost(left: string, right: string): boolean {
  const [one, other] = [parseKubernetesHost(left), parseKubernetesHost(right)]
  if (!one.ok || !other.ok) return left === right
  return one.host.origin === other.host.origin && one.host.pathPrefix === other.host.pathPrefix
}

function problem(text: string): ParsedKubernetesHost {
  return { ok: false, problem: text }
}
