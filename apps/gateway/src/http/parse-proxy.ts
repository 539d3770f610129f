/** A proxy that is asked for a way by CONNECT. Source: RFC 9110 §9.3.6. */
export interface ProxyAddress {
  host: string
  port: number
  /** The proxy itself is spoken to over TLS. */
  tls: boolean
  /** The header `Proxy-Authorization`, which holds a password. Undefined: none is sent. */
  authorization: string | undefined
}

/** `http://user:password@host:port`; without a scheme http is meant, as in curl. Undefined: it is no such thing. */
export function parseProxy(text: string): ProxyAddress | undefined {
  const trimmed = text.trim()
  const url = URL.parse(trimmed.includes('://') ? trimmed : `http://${trimmed}`)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    return undefined
  }
  const credentials = decoded(`${url.username}:${url.password}`)
  if (credentials === undefined) return undefined
  const tls = url.protocol === 'https:'
  return {
    host: url.hostname.replaceAll(/[[\]]/g, ''),
    port: url.port === '' ? defaultPort(tls) : Number(url.port),
    tls,
    authorization: credentials === ':' ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`,
  }
}

/** Source: RFC 7617 §2: UTF-8, in which a percent sign may stand for itself. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function defaultPort(tls: boolean): number {
  return tls ? 443 : 80
}
