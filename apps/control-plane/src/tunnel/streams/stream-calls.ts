import { randomBytes } from 'node:crypto'
import { protocolLimits } from '@postern/protocol'

/** One process of a gateway. */
export interface GatewayProcess {
  gatewayId: string
  /** Random per process. */
  instanceId: string
}

interface Call<Connection> {
  process: GatewayProcess
  answer: (connection: Connection | undefined) => void
}

/** Longer than a gateway's whole dial, which may begin with a proxy and a slow look-up. */
const ticketMs = 10_000

/**
 * Calls for a second connection. A ticket is 16 random bytes, good for one connection of that process, for 10 s.
 */
export class StreamCalls<Connection> {
  readonly #calls = new Map<string, Call<Connection>>()
  readonly #ticketMs: number

  constructor(options: { ticketMs?: number } = {}) {
    this.#ticketMs = options.ticketMs ?? ticketMs
  }

  /** Calls that nobody has answered yet. */
  get size(): number {
    return this.#calls.size
  }

  /**
   * @returns the ticket to send, what resolves with the connection, or with nothing when the time is over, and what ends
   * the time
   */
  issue(process: GatewayProcess): {
    ticket: Uint8Array
    answered: Promise<Connection | undefined>
    cancel: () => void
  } {
    const ticket = randomBytes(protocolLimits.ticketBytes)
    const key = ticket.toString('hex')
    const { promise, resolve } = Promise.withResolvers<Connection | undefined>()
    const answer = (connection: Connection | undefined): void => {
      clearTimeout(timer)
      this.#calls.delete(key)
      resolve(connection)
    }
    const timer = setTimeout(answer, this.#ticketMs, undefined)
    this.#calls.set(key, { process, answer })
    return { ticket, answered: promise, cancel: () => answer(undefined) }
  }

  /** What to tell of the connection that has this ticket; undefined: it is not expected. Spends the ticket. */
  redeem(
    ticket: Uint8Array,
    { gatewayId, instanceId }: GatewayProcess,
  ): ((connection: Connection) => void) | undefined {
    const key = Buffer.from(ticket).toString('hex')
    const call = this.#calls.get(key)
    if (call?.process.gatewayId !== gatewayId || call.process.instanceId !== instanceId) return undefined
    this.#calls.delete(key)
    return call.answer
  }

  /** Nobody is expected any more. */
  cancelAll(): void {
    for (const { answer } of this.#calls.values()) answer(undefined)
  }
}
