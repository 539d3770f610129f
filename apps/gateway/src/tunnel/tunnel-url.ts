import { tunnelPath } from '@postern/protocol'

export interface TunnelAddress {
  /** What is dialled: `wss://host/api/v3/gateways/tunnel`. */
  url: string
  /** The control plane's origin, the audience of the JWT. */
  origin: string
}

/** @param controlPlaneUrl http or https, with or without a path before the API's */
export function tunnelAddress(controlPlaneUrl: string): TunnelAddress {
  const parsed = new URL(controlPlaneUrl)
  const { origin } = parsed
  const scheme = parsed.protocol === 'https:' ? 'wss:' : 'ws:'
  const path = parsed.pathname.replace(/\/+$/, '')
  return { url: `${scheme}//${parsed.host}${path}${tunnelPath}`, origin }
}
