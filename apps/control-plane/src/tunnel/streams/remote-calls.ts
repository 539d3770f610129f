import { createHash } from 'node:crypto'
import { protocolLimits } from '@postern/protocol'
import { z } from 'zod'
import { readJson, writeJson } from '../remote/read-json.ts'
import type { TunnelBus } from '../remote/tunnel-bus.ts'
import type { GatewayProcess } from './stream-calls.ts'

/** A connection for streams that has reached another replica than the one that called for it. */
export interface StrayConnection extends GatewayProcess {
  /** The replica that it has reached. */
  heldBy: string
  /** What to dial there, host:port. */
  streamAddress: string
  connectionId: string
}

export interface RemoteCallsOptions {
  bus: Pick<TunnelBus, 'request' | 'serve'>
  replicaId: string
  /** What others dial here; undefined: this replica opens no streams for others. */
  streamAddress: () => string | undefined
}

/** Within a gateway's handshake. */
const claimMs = 2_000
const bytesMax = 4 * 1024
/** Of a DNS name, with brackets and a port. */
const addressLengthMax = 264
const name = z.string().min(1).max(protocolLimits.nameBytesMax)

const stray = z.object({
  gatewayId: name,
  instanceId: name,
  heldBy: name,
  streamAddress: z.string().min(1).max(addressLengthMax),
  connectionId: name,
})
const answer = z.object({ callerId: name.optional() })

/**
 * A balancer may lead the second connection of a gateway to any replica. The one that it reaches asks by its ticket who
 * called for it, keeps it, and opens the streams that the caller wants.
 */
export class RemoteCalls {
  readonly #options: RemoteCallsOptions

  constructor(options: RemoteCallsOptions) {
    this.#options = options
  }

  /**
   * This replica has called.
   * @param take spends the ticket; whether it was good for this connection
   * @returns what ends it
   */
  await(ticket: Uint8Array, take: (connection: StrayConnection) => boolean): () => void {
    const { bus, replicaId } = this.#options
    return bus.serve(topicOf(ticket), async (message) => {
      const connection = readJson(stray, message, bytesMax)
      const isTaken = connection !== undefined && take(connection)
      return writeJson(isTaken ? { callerId: replicaId } : {})
    })
  }

  /**
   * A connection has come with a ticket that is not of this replica. Spends the ticket.
   * @returns the id of the replica that called; undefined: none did, or it could not reach this one
   */
  async claim(
    ticket: Uint8Array,
    { gatewayId, instanceId }: GatewayProcess,
    connectionId: string,
  ): Promise<string | undefined> {
    const { bus, replicaId, streamAddress } = this.#options
    const address = streamAddress()
    if (address === undefined) return undefined
    const connection: StrayConnection = {
      gatewayId,
      instanceId,
      heldBy: replicaId,
      streamAddress: address,
      connectionId,
    }
    const reply = await bus.request(topicOf(ticket), writeJson(connection), { timeoutMs: claimMs })
    return reply.kind === 'answered' ? readJson(answer, reply.message, bytesMax)?.callerId : undefined
  }
}

/** Whoever may list the subjects of NATS learns no ticket. */
function topicOf(ticket: Uint8Array): string {
  return `streams.${createHash('sha256').update(ticket).digest('hex')}`
}
