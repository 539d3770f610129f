import { createHash } from 'node:crypto'
import type { LookupFunction } from 'node:net'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { callbackify } from 'node:util'
import { Pool } from 'undici'
import type { GatewayTarget } from '../gateways/gateway-target.ts'
import { connectThroughGateway, type OpenStream } from './connect-through-gateway.ts'
import type { KubernetesHost } from './kubernetes-host.ts'
import { type ResolveHost, resolveVetted } from './resolve-host.ts'
import type { AddressRules } from './vet-address.ts'

export interface ConnectionTarget {
  host: KubernetesHost
  /** PEM. Without it the certificate is checked against the system's roots. */
  caCert: string | undefined
  verifyTls: boolean
  /** Whose gateway carries the connection; undefined: the control plane dials itself. TLS is end to end either way. */
  via?: { target: GatewayTarget; organizationId: string } | undefined
}

export interface KubernetesConnectionsOptions {
  rules: AddressRules
  resolve: ResolveHost
  openStream: OpenStream
  nowMs: () => number
  poolsMax?: number
  idleMs?: number
}

export interface ConnectionPool {
  readonly pool: Pool
  inFlight: number
  lastUsedAtMs: number
}

const connectionsPerHost = 32
const connectTimeoutMs = 5_000
const keepAliveMs = 30_000
/** A gateway that leaves its pool carries connections no longer than this, however busy they are. */
const gatewayConnectionMsMax = 60_000
const sweepEveryMs = 60_000
const answerHeaderBytesMax = 16 * 1024
const answerBodyBytesMax = 64 * 1024

/**
 * Connections to API servers, in one pool for each (host, CA, verification, way): a server that hangs holds up nobody else,
 * and a connection made under one CA is never used under another.
 *
 * 1. A name is resolved and vetted inside of the connection's own look-up, so the vetted address is the one dialled.
 *    Through a gateway it is the gateway that resolves and dials, and its configuration that says where it may.
 * 2. TLS sessions are not resumed: each connection verifies the certificate as it is now.
 * 3. There are never more than `poolsMax` pools; the one that was idle longest goes first.
 */
export class KubernetesConnections {
  readonly #options: Required<KubernetesConnectionsOptions>
  readonly #pools = new Map<string, ConnectionPool>()
  readonly #lookup: LookupFunction
  readonly #sweep: NodeJS.Timeout
  #systemRoots: SecureContext | undefined

  constructor(options: KubernetesConnectionsOptions) {
    this.#options = { poolsMax: 256, idleMs: 5 * 60_000, ...options }
    this.#lookup = vettedLookup(options.resolve, options.rules)
    this.#sweep = setInterval(() => this.closeIdle(), sweepEveryMs)
    this.#sweep.unref()
  }

  get poolCount(): number {
    return this.#pools.size
  }

  poolFor(target: ConnectionTarget): ConnectionPool {
    const key = poolKey(target)
    const known = this.#pools.get(key)
    const entry = known ?? { pool: this.#createPool(target), inFlight: 0, lastUsedAtMs: 0 }
    entry.lastUsedAtMs = this.#options.nowMs()
    // Re-inserted at the end: the map's order is then the order of last use.
    this.#pools.delete(key)
    this.#pools.set(key, entry)
    if (known === undefined) this.#closeSurplus()
    return entry
  }

  /** Takes a pool out of use whose connections may all be dead. Its requests finish or run into their own deadline. */
  retire(target: ConnectionTarget, entry: ConnectionPool): void {
    const key = poolKey(target)
    if (this.#pools.get(key) === entry) this.#drop(key, entry)
  }

  closeIdle(): void {
    const idleSince = this.#options.nowMs() - this.#options.idleMs
    for (const [key, entry] of this.#pools) {
      if (entry.lastUsedAtMs <= idleSince && entry.inFlight === 0) this.#drop(key, entry)
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep)
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    await Promise.all(pools.map(({ pool }) => pool.destroy()))
  }

  #closeSurplus(): void {
    for (const [key, entry] of this.#pools) {
      if (this.#pools.size <= this.#options.poolsMax) return
      this.#drop(key, entry)
    }
  }

  #drop(key: string, { pool }: ConnectionPool): void {
    this.#pools.delete(key)
    // Resolves when the last request is over; each of them ends by its own deadline and reports its own failure.
    void pool.close()
  }

  #createPool(target: ConnectionTarget): Pool {
    const { host, caCert, verifyTls, via } = target
    const tls = {
      rejectUnauthorized: verifyTls,
      ...(caCert === undefined ? { secureContext: this.#trustSystemRoots() } : { ca: caCert }),
    }
    return new Pool(host.origin, {
      connections: connectionsPerHost,
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: answerHeaderBytesMax,
      maxResponseSize: answerBodyBytesMax,
      keepAliveTimeout: keepAliveMs,
      maxCachedSessions: 0,
      ...(via === undefined
        ? { connect: { ...tls, timeout: connectTimeoutMs, lookup: this.#lookup } }
        : {
            connect: connectThroughGateway(this.#options.openStream, via, tls),
            clientTtl: gatewayConnectionMsMax,
          }),
    })
  }

  #trustSystemRoots(): SecureContext {
    this.#systemRoots ??= createSecureContext({
      ca: [...new Set([...getCACertificates('default'), ...getCACertificates('system')])],
    })
    return this.#systemRoots
  }
}

function poolKey({ host, caCert, verifyTls, via }: ConnectionTarget): string {
  const ca = createHash('sha256')
    .update(caCert ?? '')
    .digest('base64')
  return `${host.origin} ${verifyTls ? 'verified' : 'unverified'} ${ca} ${wayOf(via)}`
}

function wayOf(via: ConnectionTarget['via']): string {
  if (via === undefined) return 'direct'
  const { target, organizationId } = via
  return `${organizationId} ${target.kind} ${target.kind === 'gateway' ? target.gatewayId : target.gatewayPoolId}`
}

const resolveVettedThen = callbackify(resolveVetted)

function vettedLookup(resolve: ResolveHost, rules: AddressRules): LookupFunction {
  return (hostname, options, callback) => {
    resolveVettedThen(hostname, resolve, rules, (error, addresses) => {
      const first = error === null ? addresses[0] : undefined
      if (first === undefined) callback(error ?? new Error(`${hostname} has no address`), '', 0)
      else if (options.all === true) callback(null, [...addresses])
      else callback(null, first.address, first.family)
    })
  }
}
