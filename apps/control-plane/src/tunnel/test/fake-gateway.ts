import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import {
  decodeFrame,
  encodeFrame,
  gatewayLimits,
  protocolLimits,
  tunnelSubprotocol,
  type DecodedFrame,
  type Frame,
  type FrameKind,
  type HelloFrame,
  type ReviewTokenFrame,
  type TokenReviewedFrame,
} from '@postern/protocol'
import { WebSocket } from 'ws'

/** What an upgrade that was refused got. */
export interface RefusedUpgrade {
  status: number
  headers: IncomingMessage['headers']
  body: Record<string, unknown>
}

/** A gateway that speaks the real protocol on a real socket and does what a test says. */
export class FakeGateway {
  readonly received: DecodedFrame[] = []
  readonly webSocket: WebSocket
  /** Answers pings; a gateway that is to fall silent does not. */
  answersPings = true
  #wake: (() => void)[] = []

  private constructor(webSocket: WebSocket) {
    this.webSocket = webSocket
    webSocket.on('message', (message: Buffer) => {
      const frame = decodeFrame(message)
      if (frame.kind === 'ping' && this.answersPings) this.send({ ...frame, kind: 'pong' })
      this.received.push(frame)
      this.#wakeAll()
    })
    webSocket.on('close', () => this.#wakeAll())
    webSocket.on('error', () => this.#wakeAll())
  }

  /** Dials; says nothing yet. */
  static async dial(url: string, bearer: string): Promise<FakeGateway> {
    const gateway = new FakeGateway(upgrade(url, { authorization: `Bearer ${bearer}` }))
    await once(gateway.webSocket, 'open')
    return gateway
  }

  /** Dials an endpoint that refuses. */
  static async refused(
    url: string,
    headers: Record<string, string>,
    subprotocol?: string,
  ): Promise<RefusedUpgrade> {
    const webSocket = upgrade(url, headers, subprotocol)
    webSocket.on('error', () => undefined)
    const [, response] = (await once(webSocket, 'unexpected-response')) as [unknown, IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>
    return { status: response.statusCode ?? 0, headers: response.headers, body }
  }

  /** Dials and is welcomed. */
  static async connect(url: string, bearer: string, hello: Partial<HelloFrame> = {}): Promise<FakeGateway> {
    const gateway = await FakeGateway.dial(url, bearer)
    gateway.send(helloFrame(hello))
    await gateway.frames('welcome')
    return gateway
  }

  get isClosed(): boolean {
    return this.webSocket.readyState === this.webSocket.CLOSED
  }

  send(...frames: Frame[]): void {
    for (const frame of frames) this.webSocket.send(encodeFrame(frame))
  }

  of<K extends FrameKind>(kind: K): Extract<Frame, { kind: K }>[] {
    return this.received.filter((frame): frame is Extract<Frame, { kind: K }> => frame.kind === kind)
  }

  /** Resolves when `count` frames of this kind have come. */
  async frames<K extends FrameKind>(kind: K, count = 1): Promise<Extract<Frame, { kind: K }>[]> {
    await this.until(() => this.of(kind).length >= count)
    return this.of(kind)
  }

  async closed(): Promise<void> {
    await this.until(() => this.isClosed)
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve)
      })
    }
  }

  #wakeAll(): void {
    const wake = this.#wake
    this.#wake = []
    for (const resolve of wake) resolve()
  }
}

export function helloFrame(fields: Partial<HelloFrame> = {}): HelloFrame {
  const { frameBytesMax, tokenBytesMax } = protocolLimits
  return {
    kind: 'hello',
    minorVersion: 1,
    features: 1,
    instanceId: 'instance-1',
    epoch: 1,
    software: 'fake',
    limits: { frameBytesMax, tokenBytesMax, ...gatewayLimits },
    slot: 0,
    purpose: 'reviews',
    ticket: new Uint8Array(0),
    ...fields,
  }
}

/** The verdict that an honest gateway gives on a review. */
export function verdictOn(
  review: ReviewTokenFrame,
  fields: Partial<TokenReviewedFrame> = {},
): TokenReviewedFrame {
  return {
    kind: 'token-reviewed',
    requestId: review.requestId,
    nonce: review.nonce,
    tokenSha256: createHash('sha256').update(review.token).digest(),
    authenticated: true,
    username: `of ${review.token}`,
    uid: '1',
    groups: ['system:serviceaccounts'],
    audiences: [...review.audiences],
    error: '',
    ...fields,
  }
}

function upgrade(url: string, headers: Record<string, string>, subprotocol = tunnelSubprotocol): WebSocket {
  return new WebSocket(url, subprotocol, { headers, perMessageDeflate: false })
}
