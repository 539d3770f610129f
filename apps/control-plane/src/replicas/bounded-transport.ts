import { isIP } from 'node:net'

import type { ServerInfo } from '@nats-io/nats-core'
import { NodeTransport } from '@nats-io/transport-node/lib/node_transport.js'

import { NatsRefusal } from './nats-refusal.ts'

type Connect = NodeTransport['connect']
type Peer = Parameters<Connect>[0]
type Options = Parameters<Connect>[1]

/**
 * The library's TCP and TLS, with three things mended: an attempt that ran out of time keeps no socket; a connection
 * that went silent is destroyed rather than flushed, for which it could wait a quarter of an hour; and a certificate
 * is checked against the address that was dialled even if that is no name.
 */
export class BoundedTransport extends NodeTransport {
  override async connect(peer: Peer, options: Options): Promise<void> {
    const { tls } = options
    const isAddress = isIP(peer.hostname) !== 0 && peer.tlsName === ''
    const checked = tls && isAddress ? { ...tls, host: peer.hostname } : tls
    await super.connect(peer, checked === undefined ? options : { ...options, tls: checked })
  }

  override async peekInfo(): Promise<ServerInfo> {
    const info = await super.peekInfo()
    const { tls } = this.options
    const offersTls = info.tls_required === true || info.tls_available === true
    if (tls === null && info.tls_required === true) throw new NatsRefusal('tls-required')
    if (tls && !offersTls) throw new NatsRefusal('tls-not-offered')
    if (tls && info.tls_verify === true && tls.cert === undefined)
      throw new NatsRefusal('certificate-required')
    if (info.headers !== true) throw new NatsRefusal('too-old')
    return info
  }

  override close(error?: Error): Promise<void> {
    if (this.connected) return super.close(error)
    this.discard()
    return Promise.resolve()
  }

  override disconnect(): void {
    void this.close()
  }
}
