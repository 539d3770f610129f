import type { Socket } from 'node:net'

/** Where on the way to a server a connection failed. `proxy` is all of the way to it, and its own answer. */
export type ConnectionHop = 'dns' | 'tcp' | 'proxy' | 'tls'

export interface ConnectionFailure {
  kind: 'failed'
  hop: ConnectionHop
  /** Node's error code, `HTTP_407` and the like for a proxy's answer, `TIMEOUT`, or empty. */
  code: string
  /** Never holds a password of the proxy. */
  detail: string
  remedy: string
}

export type ConnectionOutcome = { kind: 'connected'; socket: Socket } | ConnectionFailure

/** A failed connection where only errors can be told. */
export class ConnectionFailed extends Error {
  override name = 'ConnectionFailed'
  readonly failure: ConnectionFailure

  constructor(failure: ConnectionFailure) {
    super(`${failure.hop}: ${failure.detail}`)
    this.failure = failure
  }
}
