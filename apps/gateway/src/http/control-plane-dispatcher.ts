import { EnvHttpProxyAgent, type Dispatcher } from 'undici'
import type { OutboundConfig } from '../config.ts'

/** For single requests to the control plane: directly, or through the proxy that the configuration names. */
export function createControlPlaneDispatcher(outbound: OutboundConfig, trusted: string[]): Dispatcher {
  return new EnvHttpProxyAgent({
    // Empty texts, because what is left out is read from the environment.
    httpProxy: outbound.httpProxy?.reveal() ?? '',
    httpsProxy: outbound.httpsProxy?.reveal() ?? '',
    noProxy: outbound.noProxy ?? '',
    allowH2: false,
    maxHeaderSize: 16 * 1024,
    connect: { ca: trusted, timeout: 10_000 },
    requestTls: { ca: trusted },
    proxyTls: { ca: trusted },
  })
}
