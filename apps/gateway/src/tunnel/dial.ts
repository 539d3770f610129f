import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContextOptions } from 'node:tls'
import { FrameSocket, protocolLimits, tunnelSubprotocol } from '@postern/protocol'
import { WebSocket } from 'ws'
import { remedyFor } from './explain-failure.ts'
import type { DialOutcome, Hop } from './outcome.ts'
import { readRefusal } from './read-refusal.ts'

export interface DialOptions {
  url: string
  /** The JWT that authenticates this dial. */
  bearer: string
  /** Certificates that are trusted; the system's when absent. */
  ca?: SecureContextOptions['ca']
  /** Makes the connection; the default dials directly. */
  agent?: Agent
  /** Fires when the time for the whole way to Welcome is over. */
  deadline: AbortSignal
  /** Fires when the gateway stops. */
  stop: AbortSignal
}

/** Opens the WebSocket: DNS, TCP, TLS, upgrade. Never rejects, and leaves no socket behind unless connected. */
export async function dial(options: DialOptions): Promise<DialOutcome> {
  const { host, hostname } = new URL(options.url)
  const { promise, resolve } = Promise.withResolvers<DialOutcome>()
  let hop: Hop = isIP(hostname.replaceAll(/[[\]]/g, '')) === 0 ? 'dns' : 'tcp'
  let stream: Duplex | undefined
  const webSocket = startWebSocket(options, (reached) => {
    hop = reached
  })
  const unreachable = (detail: string, code = ''): DialOutcome => ({
    kind: 'unreachable',
    hop,
    detail,
    remedy: remedyFor(hop, code, host),
  })

  webSocket.once('upgrade', (response: IncomingMessage) => {
    stream = response.socket
  })
  webSocket.once('open', () => {
    if (stream === undefined) throw new TypeError('a WebSocket opened without an upgrade')
    resolve({ kind: 'connected', socket: new FrameSocket(webSocket, stream) })
  })
  webSocket.once('unexpected-response', (_request, response) => {
    void readRefusal(response).then((refusal) => resolve({ kind: 'refused', refusal }))
  })
  webSocket.on('error', (error) => {
    const code = 'code' in error ? String(error.code) : ''
    resolve(unreachable(error.message === '' ? code : error.message, code))
  })

  const onStop = (): void => {
    resolve({ kind: 'stopped' })
  }
  const onDeadline = (): void => {
    resolve(unreachable(`no answer in time (${hop})`, 'ETIMEDOUT'))
  }
  options.stop.addEventListener('abort', onStop)
  options.deadline.addEventListener('abort', onDeadline)
  if (options.stop.aborted) onStop()
  const outcome = await promise
  options.stop.removeEventListener('abort', onStop)
  options.deadline.removeEventListener('abort', onDeadline)
  if (outcome.kind !== 'connected') webSocket.terminate()
  return outcome
}

/** Begins the way to the server; `reach` hears of each hop. */
function startWebSocket(options: DialOptions, reach: (hop: Hop) => void): WebSocket {
  return new WebSocket(options.url, tunnelSubprotocol, {
    perMessageDeflate: false,
    maxPayload: protocolLimits.frameBytesMax,
    headers: { authorization: `Bearer ${options.bearer}` },
    followRedirects: false,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(options.agent === undefined ? {} : { agent: options.agent }),
    finishRequest(request) {
      followHops(request, reach)
      request.end()
    },
  })
}

/** Says which hop the connection has reached: after a look-up TCP, after TCP TLS, and so on. */
function followHops(request: ClientRequest, reach: (hop: Hop) => void): void {
  request.once('socket', (socket) => {
    const isTls = 'encrypted' in socket
    if (!socket.connecting) reach('upgrade')
    socket.once('lookup', (error: Error | null) => {
      if (error === null) reach('tcp')
    })
    socket.once('connectionAttempt', () => {
      reach('tcp')
    })
    socket.once('connect', () => {
      reach(isTls ? 'tls' : 'upgrade')
    })
    socket.once('secureConnect', () => {
      reach('upgrade')
    })
  })
}
