import type { Hop, TunnelRefusal } from './outcome.ts'

/** What an operator can do about a failed dial, by where it failed. */
export function remedyFor(hop: Hop, errorCode: string, host: string): string {
  switch (hop) {
    case 'dns':
      return `the name ${host} could not be looked up: check the control plane's URL and the cluster's DNS`
    case 'tcp':
      return errorCode === 'ECONNREFUSED'
        ? `nothing listens at ${host}: check that the control plane runs and that the port is right`
        : `no connection to ${host}: check routes, firewalls and network policies for outgoing traffic`
    case 'tls':
      return `the TLS handshake with ${host} failed: if its certificate is of a private authority, add that authority's certificate to the extra CA bundle`
    case 'upgrade':
      return `${host} answered, but did not open a WebSocket: check that proxies and load balancers before it pass upgrades`
    case 'welcome':
      return `${host} opened a WebSocket and then said nothing: check the control plane's log`
    default:
      return hop satisfies never
  }
}

/** What an operator can do about a refusal. */
export function remedyForRefusal(refusal: TunnelRefusal): string {
  if (refusal.permanent) return remedyForGood(refusal.code)
  switch (refusal.status) {
    case 404:
      return "check that the URL is the control plane's and that what is before it passes /api/v3/gateways/tunnel"
    case 407:
      return 'the proxy wants a user name and a password'
    case 502:
    case 503:
    case 504:
      return 'the control plane is starting, stopping or busy; the gateway keeps trying'
    default:
      return "the gateway keeps trying; the control plane's log says more"
  }
}

/** A stored credential is never replaced by itself, so a new token alone changes nothing. */
function remedyForGood(code: string): string {
  return code.startsWith('credential-')
    ? 'to enrol the gateway again, remove what POSTERN_CREDENTIAL names (the file, or the entry credential.json of the Secret), set a new enrolment token and restart the gateway'
    : 'do as the message says, then restart the gateway'
}

/** A difference of clocks as a person says it. */
export function describeClockOffset(offsetMs: number): string {
  const seconds = Math.round(Math.abs(offsetMs) / 1000)
  const amount = seconds >= 120 ? `${Math.round(seconds / 60)} min` : `${seconds} s`
  return `clock off by ${amount}: this machine's clock is ${offsetMs > 0 ? 'behind' : 'ahead of'} the control plane's; set it right (NTP)`
}
