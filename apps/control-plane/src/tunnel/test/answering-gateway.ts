import type { StreamOpening } from '@postern/protocol'
import type { FakeGateway } from './fake-gateway.ts'
import { connectStreamGateway, dialStreams, type FakeStreamConnection } from './fake-stream-gateway.ts'

/** Accepts, and says which gateway it is to whoever connects. */
export function greet(gatewayId: string): (opening: StreamOpening) => void {
  return (opening) => {
    opening.accept()?.end(gatewayId)
  }
}

/** A gateway whose calls for connections for streams are answered, by way of another URL where a balancer is between. */
export class AnsweringGateway {
  readonly connections: FakeStreamConnection[] = []
  readonly gateway: FakeGateway
  readonly gatewayId: string
  readonly #streamUrl: string
  calls = 0

  private constructor(gateway: FakeGateway, gatewayId: string, streamUrl: string) {
    this.gateway = gateway
    this.gatewayId = gatewayId
    this.#streamUrl = streamUrl
  }

  static async connect(
    url: string,
    gatewayId: string,
    onOpen = greet(gatewayId),
    streamUrl = url,
  ): Promise<AnsweringGateway> {
    const answering = new AnsweringGateway(await connectStreamGateway(url, gatewayId), gatewayId, streamUrl)
    void answering.#answer(onOpen)
    return answering
  }

  async #answer(onOpen: (opening: StreamOpening) => void): Promise<void> {
    for (;;) {
      const calls = await this.gateway.frames('dial-streams', this.calls + 1)
      this.calls = calls.length
      const ticket = calls.at(-1)?.ticket ?? new Uint8Array(16)
      this.connections.push(await dialStreams(this.#streamUrl, this.gatewayId, ticket, onOpen))
    }
  }
}
