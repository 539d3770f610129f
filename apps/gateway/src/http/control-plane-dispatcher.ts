import { Agent } from 'node:https'
import { EnvHttpProxyAgent, type Dispatcher } from 'undici'
import type { OutboundConfig } from '../config.ts'

/** For single requests to the control plane: directly, or through the proxy that the configuration names. */
export function createControlPlaneDispatcher(
  outbound: OutboundConfig,
  trusted: string[] | undefined,
): Dispatcher {
  const tls = trusted === undefined ? {} : { ca: trusted }
  return new EnvHttpProxyAgent({
    // Empty texts, because what is left out is read from the environment.
    httpProxy: outbound.httpProxy?.reveal() ?? '',
    httpsProxy: outbound.httpsProxy?.reveal() ?? '',
    noProxy: outbound.noProxy ?? '',
    allowH2: false,
    maxHeaderSize: 16 * 1024,
    connect: { ...tls, timeout: 10_000 },
    requestTls: tls,
    proxyTls: tls,
  })
}

/** For the tunnel, which needs Node's own kind. Undefined: no proxy is configured, it dials directly. */
export function createControlPlaneAgent(
  outbound: OutboundConfig,
  trusted: string[] | undefined,
): Agent | undefined {
  const proxy = outbound.httpsProxy?.reveal()
  if (proxy === undefined) return undefined
  return new Agent({
    ...(trusted === undefined ? {} : { ca: trusted }),
    proxyEnv: { HTTPS_PROXY: proxy, NO_PROXY: outbound.noProxy },
  })
}
