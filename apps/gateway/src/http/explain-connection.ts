import type { ConnectionFailure, ConnectionHop } from './connection-outcome.ts'

export interface ConnectionTrouble {
  hop: ConnectionHop
  code: string
  detail: string
  /** `host:port` of the control plane. */
  server: string
  /** `host:port`; undefined without a proxy. */
  proxy: string | undefined
}

/** A failure with what an operator can do about it. */
export function explainConnection(trouble: ConnectionTrouble): ConnectionFailure {
  const { hop, code, detail } = trouble
  return { kind: 'failed', hop, code, detail, remedy: remedyFor(trouble) }
}

function remedyFor(trouble: ConnectionTrouble): string {
  const { hop, code, server } = trouble
  switch (hop) {
    case 'dns':
      return `the name of ${server} could not be looked up: check POSTERN_URL and the cluster's DNS`
    case 'tcp':
      return code === 'ECONNREFUSED'
        ? `nothing listens at ${server}: check that the control plane runs and that the port is right`
        : `no connection to ${server}: check routes, firewalls and network policies for outgoing traffic, and whether this network needs HTTPS_PROXY`
    case 'proxy':
      return proxyRemedy(trouble)
    case 'tls':
      return tlsRemedy(code, server)
    default:
      return hop satisfies never
  }
}

function proxyRemedy({ code, server, proxy }: ConnectionTrouble): string {
  const name = `the proxy ${proxy ?? ''}`
  switch (code) {
    case 'HTTP_407':
      return `${name} wants credentials, or other ones: write them into HTTPS_PROXY as http://user:password@host:port (special characters percent-encoded)`
    case 'HTTP_403':
      return `${name} does not allow ${server}: have it allowed there, or name the host in NO_PROXY if it can be reached directly`
    case 'HTTP_502':
    case 'HTTP_503':
    case 'HTTP_504':
      return `${name} cannot reach ${server} itself: check POSTERN_URL, and the network and the DNS of the proxy`
    case 'ECONNREFUSED':
      return `nothing listens at ${name}: check HTTPS_PROXY, or name the control plane's host in NO_PROXY`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name of ${name} could not be looked up: check HTTPS_PROXY and the cluster's DNS`
    case 'TIMEOUT':
      return `${name} did not open the way to ${server} in time: check that it is a proxy that allows CONNECT, and that it reaches ${server}`
    default:
      return `${name} did not open the way to ${server}: check HTTPS_PROXY, and that the proxy allows CONNECT to that port`
  }
}

function tlsRemedy(code: string, server: string): string {
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate of ${server} is for another name: check POSTERN_URL, and what is in front of the control plane`
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return `the certificate of ${server} is not valid now: renew it, or set this machine's clock right`
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return `what answers at ${server} does not speak TLS: check the port in POSTERN_URL, and what is in front of the control plane`
    case 'TIMEOUT':
      return `${server} did not finish the TLS handshake in time: check that it speaks TLS, and what is in between`
    default:
      return `the TLS handshake with ${server} failed: if its certificate comes from a private authority, or from a proxy that opens TLS on the way, put that authority's certificate into the file that POSTERN_EXTRA_CA_FILE names`
  }
}
