import { Agent, type buildConnector, type Dispatcher } from 'undici'
import type { OutboundConfig } from '../config.ts'
import { ConnectionFailed, type ConnectionOutcome } from './connection-outcome.ts'
import { openConnection, type Destination } from './open-connection.ts'
import { chooseProxy } from './proxy-choice.ts'
import type { ControlPlaneTrust } from './control-plane-trust.ts'

/** A connection to the control plane: directly or through the proxy, with the authorities as they are now. Never rejects. */
export type ConnectTo = (destination: Destination, signal: AbortSignal) => Promise<ConnectionOutcome>

/** For every outbound call to the control plane: enrolment and tunnels alike. */
export function createConnectTo(
  outbound: OutboundConfig,
  trust: Pick<ControlPlaneTrust, 'current'>,
): ConnectTo {
  return async (destination, signal) =>
    openConnection({
      destination,
      proxy: chooseProxy(outbound, destination),
      trust: await trust.current(),
      signal,
    })
}

/** `http:`, `https:`, `ws:` or `wss:`. */
export function destinationOf(url: Pick<URL, 'protocol' | 'hostname' | 'port'>): Destination {
  const tls = url.protocol === 'https:' || url.protocol === 'wss:'
  return {
    host: url.hostname.replaceAll(/[[\]]/g, ''),
    port: url.port === '' ? (tls ? 443 : 80) : Number(url.port),
    tls,
  }
}

const connectMsMax = 10_000

/** For single requests to the control plane. */
export function createControlPlaneDispatcher(connectTo: ConnectTo): Dispatcher {
  return new Agent({
    allowH2: false,
    maxHeaderSize: 16 * 1024,
    connect: (place, callback) => void connectFor(destinationOf(place), connectTo, callback),
  })
}

async function connectFor(
  destination: Destination,
  connectTo: ConnectTo,
  callback: buildConnector.Callback,
): Promise<void> {
  const outcome = await connectTo(destination, AbortSignal.timeout(connectMsMax))
  if (outcome.kind === 'connected') callback(null, outcome.socket)
  else callback(new ConnectionFailed(outcome), null)
}
