import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { FrameSocket, protocolLimits, tunnelSubprotocol } from '@postern/protocol'
import { WebSocket } from 'ws'
import { destinationOf, type ConnectTo } from '../http/control-plane-connections.ts'
import { remedyFor } from './explain-failure.ts'
import type { DialOutcome } from './outcome.ts'
import { readRefusal } from './read-refusal.ts'

export interface DialOptions {
  url: string
  /** Makes the JWT that authenticates this dial, once there is a connection: it is good for less than a minute. */
  bearer: () => string
  connectTo: ConnectTo
  /** Fires when the time for the whole way to Welcome is over. */
  deadline: AbortSignal
  /** Fires when the gateway stops. */
  stop: AbortSignal
}

/** Opens the WebSocket: a connection, then the upgrade. Never rejects, and leaves no socket behind unless connected. */
export async function dial(options: DialOptions): Promise<DialOutcome> {
  const { url, connectTo, deadline, stop } = options
  const connection = await connectTo(destinationOf(new URL(url)), AbortSignal.any([deadline, stop]))
  if (connection.kind === 'connected') return upgrade(connection.socket, options)
  const { hop, detail, remedy } = connection
  return stop.aborted ? { kind: 'stopped' } : { kind: 'unreachable', hop, detail, remedy }
}

async function upgrade(connection: Duplex, options: DialOptions): Promise<DialOutcome> {
  const { url, deadline, stop } = options
  const { host } = new URL(url)
  const { promise, resolve } = Promise.withResolvers<DialOutcome>()
  let stream: Duplex | undefined
  const unreachable = (detail: string): DialOutcome => ({
    kind: 'unreachable',
    hop: 'upgrade',
    detail,
    remedy: remedyFor('upgrade', host),
  })
  const webSocket = new WebSocket(url, tunnelSubprotocol, {
    perMessageDeflate: false,
    maxPayload: protocolLimits.frameBytesMax,
    headers: { authorization: `Bearer ${options.bearer()}` },
    followRedirects: false,
    createConnection: () => connection,
  })
  webSocket.once('upgrade', (response: IncomingMessage) => {
    stream = response.socket
  })
  webSocket.once('open', () => {
    if (stream === undefined) throw new TypeError('a WebSocket opened without an upgrade')
    resolve({ kind: 'connected', socket: new FrameSocket(webSocket, stream, 'client') })
  })
  webSocket.once('unexpected-response', (_request, response) => {
    void readRefusal(response).then((refusal) => resolve({ kind: 'refused', refusal }))
  })
  webSocket.on('error', (error) => {
    const code = 'code' in error ? String(error.code) : error.name
    resolve(unreachable(error.message === '' ? code : error.message))
  })

  const onStop = (): void => resolve({ kind: 'stopped' })
  const onDeadline = (): void => resolve(unreachable('no answer in time (upgrade)'))
  stop.addEventListener('abort', onStop)
  deadline.addEventListener('abort', onDeadline)
  if (stop.aborted) onStop()
  if (deadline.aborted) onDeadline()
  const outcome = await promise
  stop.removeEventListener('abort', onStop)
  deadline.removeEventListener('abort', onDeadline)
  if (outcome.kind !== 'connected') {
    webSocket.terminate()
    connection.destroy()
  }
  return outcome
}
