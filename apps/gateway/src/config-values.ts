import { isAbsolute } from 'node:path'

export type CredentialPlace = { kind: 'file'; path: string } | { kind: 'secret'; name: string }

export interface ListenAddress {
  /** Undefined: every address of the machine, IPv4 and IPv6. */
  host: string | undefined
  /** 0: any free port. */
  port: number
}

type Parsed<T> = { value: T } | { problem: string }

/** A DNS-1123 subdomain, which is what names of Secrets are. Source: Kubernetes docs, object names. */
const secretName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

/** An http(s) origin; credentials in it, a path or a query are refused, and the text itself is never repeated. */
export function parseServerUrl(name: string, text: string): Parsed<URL> {
  const url = URL.parse(text.trim())
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    return { problem: `${name} is not an http(s) URL: write it as https://host or https://host:port` }
  }
  if (url.username !== '' || url.password !== '') {
    return { problem: `${name} holds a user name or password: remove them` }
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return { problem: `${name} has a path or a query: write only ${url.origin}` }
  }
  return { value: url }
}

/** `file:/absolute/path` or `secret:name`. */
export function parseCredentialPlace(text: string): Parsed<CredentialPlace> {
  const separator = text.indexOf(':')
  const kind = text.slice(0, separator)
  const rest = text.slice(separator + 1)
  if (kind === 'file' && isAbsolute(rest)) return { value: { kind, path: rest } }
  if (kind === 'secret' && secretName.test(rest)) return { value: { kind, name: rest } }
  return {
    problem:
      'POSTERN_CREDENTIAL is neither file:/absolute/path nor secret:name (a Secret in the namespace of the pod)',
  }
}

/** `host:port`, `:port` or `[::1]:port`. */
export function parseListenAddress(text: string): Parsed<ListenAddress> {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text.trim())
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    return { problem: 'POSTERN_LISTEN is not host:port or :port, as in 127.0.0.1:8080' }
  }
  const host = match[1] ?? match[2]
  return { value: { host: host === '' ? undefined : host, port } }
}

/** `hostname` as URL has it: IPv6 in brackets, IPv4 in its plain spelling. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
