import { once } from 'node:events'
import { request } from 'node:http'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext } from 'node:tls'
import type { ConnectionHop, ConnectionOutcome } from './connection-outcome.ts'
import { explainConnection } from './explain-connection.ts'
import type { ProxyAddress } from './parse-proxy.ts'

export interface Destination {
  /** A name or an address; IPv6 without brackets. */
  host: string
  port: number
  tls: boolean
}

export interface ConnectionOptions {
  destination: Destination
  /** Undefined: the destination is dialled directly. */
  proxy: ProxyAddress | undefined
  /** Whom the destination's certificate, and a proxy's, may come from. Undefined: Node's own authorities. */
  trust: SecureContext | undefined
  /** Ends the attempt, whatever it waits for. */
  signal: AbortSignal
}

/** What went wrong, before it is explained. */
class StepFailed extends Error {
  override name = 'StepFailed'
  readonly hop: ConnectionHop
  readonly code: string

  constructor(hop: ConnectionHop, code: string, detail: string) {
    super(detail)
    this.hop = hop
    this.code = code
  }
}

/**
 * DNS, TCP, the proxy's CONNECT, TLS: each step ends with `signal`, and names itself when it fails. Never rejects, and
 * leaves no socket behind unless connected.
 */
export async function openConnection(options: ConnectionOptions): Promise<ConnectionOutcome> {
  const { destination, proxy, trust, signal } = options
  try {
    const socket =
      proxy === undefined
        ? await openTcp(destination.host, destination.port, signal)
        : await openThroughProxy(proxy, destination, trust, signal)
    if (!destination.tls) return { kind: 'connected', socket }
    return { kind: 'connected', socket: await openTls(socket, destination.host, trust, signal) }
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error
    return explainConnection({
      hop: error.hop,
      code: error.code,
      detail: error.message,
      server: `${destination.host}:${destination.port}`,
      proxy: proxy === undefined ? undefined : `${proxy.host}:${proxy.port}`,
    })
  }
}

async function openTcp(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true })
  let hop: ConnectionHop = isIP(host) === 0 ? 'dns' : 'tcp'
  socket.once('lookup', (error: Error | null) => {
    if (error === null) hop = 'tcp'
  })
  await reached(socket, 'connect', signal, () => hop)
  return socket
}

async function openTls(
  socket: Socket,
  host: string,
  trust: SecureContext | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  const secured = connectTls({
    socket,
    host,
    // An address is not sent as a server name. Source: RFC 6066 §3.
    servername: isIP(host) === 0 ? host : '',
    ALPNProtocols: ['http/1.1'],
    ...(trust === undefined ? {} : { secureContext: trust }),
  })
  try {
    await reached(secured, 'secureConnect', signal, () => 'tls')
  } finally {
    if (secured.destroyed) socket.destroy()
  }
  return secured
}

async function openThroughProxy(
  proxy: ProxyAddress,
  destination: Destination,
  trust: SecureContext | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  try {
    const plain = await openTcp(proxy.host, proxy.port, signal)
    const socket = proxy.tls ? await openTls(plain, proxy.host, trust, signal) : plain
    return await askForWay(socket, proxy, destination, signal)
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error
    throw new StepFailed('proxy', error.code, `${proxy.host}:${proxy.port}: ${error.message}`)
  }
}

/** Sends CONNECT; the socket is the destination's after a 2xx. Source: RFC 9110 §9.3.6. */
async function askForWay(
  socket: Socket,
  { authorization }: ProxyAddress,
  { host, port }: Destination,
  signal: AbortSignal,
): Promise<Socket> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const asked = request({
    method: 'CONNECT',
    path: authority,
    createConnection: () => socket,
    headers: {
      host: authority,
      ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
    },
  })
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; head: Buffer }>()
  const onAbort = (): void => reject(new DOMException('no answer in time', 'AbortError'))
  asked.once('connect', ({ statusCode = 0 }, _socket, head) => resolve({ status: statusCode, head }))
  // It tells once more that the connection is gone when this side has given it up already.
  asked.on('error', reject)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  asked.end()
  try {
    const { status, head } = await promise
    if (status < 200 || status > 299) throw new StepFailed('proxy', `HTTP_${status}`, `it answers ${status}`)
    if (head.length > 0) socket.unshift(head)
    return socket
  } catch (error) {
    socket.destroy()
    throw error instanceof StepFailed ? error : stepFailed('proxy', error, signal)
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Waits for the event that says that a step is done; otherwise nothing of the socket is left. */
async function reached(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
  hop: () => ConnectionHop,
): Promise<void> {
  try {
    await once(socket, event, { signal })
  } catch (error) {
    socket.destroy()
    throw stepFailed(hop(), error, signal)
  }
}

function stepFailed(hop: ConnectionHop, error: unknown, signal: AbortSignal): StepFailed {
  if (signal.aborted) return new StepFailed(hop, 'TIMEOUT', `no answer in time (${hop})`)
  if (!(error instanceof Error)) throw error
  const code = 'code' in error ? String(error.code) : ''
  return new StepFailed(hop, code, error.message === '' ? code : error.message)
}
