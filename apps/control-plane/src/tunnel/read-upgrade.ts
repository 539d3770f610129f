import type { IncomingMessage } from 'node:http'
import { tunnelPath, tunnelSubprotocol } from '@postern/protocol'
import type { UpgradeRefusal } from './upgrade-refusal.ts'

/** Why a request is no upgrade to a tunnel, whoever it is from; undefined when it is one. */
export function checkUpgradeForm(request: IncomingMessage): UpgradeRefusal | undefined {
  const path = (request.url ?? '').split('?', 1)[0]
  if (path !== tunnelPath) {
    const message = `tunnels are opened at ${tunnelPath}`
    return { status: 404, code: 'not-found', message, permanent: false }
  }
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  if (!offered.includes(tunnelSubprotocol)) {
    const message = `this control plane speaks ${tunnelSubprotocol}: bring the gateway to a version that does`
    return { status: 400, code: 'unsupported-subprotocol', message, permanent: true }
  }
  return undefined
}

/** The JWT of the Authorization header, by its form only. */
export function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(request.headers.authorization ?? '')?.[1]
}

/** The JWT's header, unread: it names the key, and is the same text in every JWT of a gateway. */
export function keyNameOf(bearer: string | undefined): string | undefined {
  return bearer?.slice(0, bearer.indexOf('.'))
}

export function busy(message: string, retryAfterSeconds: number): UpgradeRefusal {
  return { status: 503, code: 'busy', message, permanent: false, retryAfterSeconds }
}
