import { tunnelPath } from '@postern/protocol'
import type { TunnelRefusal } from './outcome.ts'

/** What an operator can do about a server that was reached and opened no tunnel, by where it stopped. */
export function remedyFor(hop: 'upgrade' | 'welcome', host: string): string {
  return hop === 'upgrade'
    ? `${host} answered, but did not open a WebSocket: check that proxies and load balancers before it pass upgrades`
    : `${host} opened a WebSocket and then said nothing: check the control plane's log`
}

/** What an operator can do about a refusal. */
export function remedyForRefusal(refusal: TunnelRefusal): string {
  if (refusal.permanent) return remedyForGood(refusal.code)
  if (refusal.code === 'upgrade' || refusal.status === 404) return remedyForNoUpgrade(refusal.status)
  return refusal.status === 503
    ? 'the control plane is starting, stopping or busy; the gateway keeps trying'
    : "the gateway keeps trying; the control plane's log says more"
}

/** The control plane has seen no upgrade at that path: the URL, or a proxy or load balancer, is why. */
function remedyForNoUpgrade(status: number | undefined): string {
  switch (status) {
    case 401:
    case 403:
      return `a proxy or load balancer before the control plane refuses the gateway: have it pass ${tunnelPath} without credentials of its own`
    case 426:
      return `a proxy or load balancer before the control plane dropped the upgrade to WebSocket: have it pass the headers Upgrade and Connection to ${tunnelPath}`
    case 502:
    case 503:
    case 504:
      return 'the control plane is starting, stopping or busy, and the gateway keeps trying; if it lasts, check that the proxy or load balancer before it reaches it'
    default:
      return `check that POSTERN_URL is the control plane's, and that proxies and load balancers before it pass ${tunnelPath} and upgrades to WebSocket`
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
