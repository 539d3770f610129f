import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  features,
  FrameSocket,
  StreamSession,
  type Frame,
  type HelloFrame,
  type RefusalFrame,
  type StreamOpening,
  type StreamSessionEnd,
} from '@postern/protocol'
import { WebSocket } from 'ws'
import { tunnelSubprotocol } from '@postern/protocol'
import { FakeGateway, helloFrame } from './fake-gateway.ts'

const streamFeatures = features.reviews | features.streams

/** A connection for streams as a gateway has it. */
export interface FakeStreamConnection {
  answer: Frame
  session: StreamSession | undefined
  ended: Promise<StreamSessionEnd>
  socket: FrameSocket
}

/** A gateway with a tunnel that says that it can carry streams. */
export function connectStreamGateway(
  url: string,
  gatewayId: string,
  hello: Partial<HelloFrame> = {},
): Promise<FakeGateway> {
  return FakeGateway.connect(url, `${gatewayId}.x.y`, {
    minorVersion: 2,
    features: streamFeatures,
    instanceId: `${gatewayId}-process`,
    ...hello,
  })
}

/** Answers a call for streams: dials, says Hello with the ticket, and serves the streams if it is welcome. */
export async function dialStreams(
  url: string,
  gatewayId: string,
  ticket: Uint8Array,
  onOpen: (opening: StreamOpening) => void,
  instanceId = `${gatewayId}-process`,
): Promise<FakeStreamConnection> {
  const webSocket = new WebSocket(url, tunnelSubprotocol, {
    headers: { authorization: `Bearer ${gatewayId}.x.y` },
    perMessageDeflate: false,
  })
  const upgraded = Promise.withResolvers<Duplex>()
  webSocket.once('upgrade', (response: IncomingMessage) => upgraded.resolve(response.socket))
  await once(webSocket, 'open')
  const socket = new FrameSocket(webSocket, await upgraded.promise, 'client')
  const answered = Promise.withResolvers<Frame>()
  socket.listen({
    frame: (frame) => {
      socket.listen(undefined)
      answered.resolve(frame)
    },
    malformed: () => undefined,
    closed: () => answered.resolve(gone),
  })
  socket.send(
    helloFrame({ minorVersion: 2, features: streamFeatures, purpose: 'streams', ticket, instanceId }),
  )
  const answer = await answered.promise
  const ended = Promise.withResolvers<StreamSessionEnd>()
  if (answer.kind !== 'welcome') return { answer, session: undefined, ended: ended.promise, socket }
  const session = new StreamSession({
    channel: socket,
    pingIntervalMs: answer.pingIntervalMs,
    elapsed: () => performance.now(),
    idleMs: 60_000,
    onOpen,
    onEnd: ended.resolve,
  })
  session.start()
  return { answer, session, ended: ended.promise, socket }
}

const gone: RefusalFrame = {
  kind: 'refusal',
  code: 'unspecified',
  message: 'closed without a word',
  retryAfterMs: 0,
  permanent: false,
}
