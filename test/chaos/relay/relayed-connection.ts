import type { Socket } from 'node:net'
import type { LinkFaults } from './link-faults.ts'
import { OneWay, type LinkDirection } from './link-direction.ts'

export interface RelayedConnectionOptions {
  client: Socket
  server: Socket
  links: { toServer: LinkDirection; toClient: LinkDirection }
  faults: () => LinkFaults
  /** Neither socket is left. */
  onClosed: () => void
  onCut: () => void
}

/** One connection through the relay: two sockets, and what is wrong between them. */
export class RelayedConnection {
  readonly #options: RelayedConnectionOptions
  readonly #ways: { toServer: OneWay; toClient: OneWay }
  readonly #bornAt = performance.now()
  #movedAt = performance.now()
  #isForgotten = false

  constructor(options: RelayedConnectionOptions) {
    this.#options = options
    const { client, server, links, faults } = options
    const moved = (): void => void (this.#movedAt = performance.now())
    const way = (
      from: Socket,
      to: Socket,
      link: LinkDirection,
      direction: 'dropsToServer' | 'dropsToClient',
    ) =>
      new OneWay({
        from,
        to,
        link,
        moved,
        faults: () => ({ ...faults(), drops: faults()[direction] || this.#isForgotten }),
      })
    this.#ways = {
      toServer: way(client, server, links.toServer, 'dropsToServer'),
      toClient: way(server, client, links.toClient, 'dropsToClient'),
    }
    this.#follow(client, server, 'toServer')
    this.#follow(server, client, 'toClient')
  }

  /** Cuts it if it has been idle or alive for too long. */
  check(now: number): void {
    const { cutAfterIdleMs = Infinity, cutAfterAgeMs = Infinity } = this.#options.faults()
    if (now - this.#movedAt >= cutAfterIdleMs || now - this.#bornAt >= cutAfterAgeMs) this.cut()
  }

  cut(how: LinkFaults['cutBy'] = this.#options.faults().cutBy): void {
    if (this.#isForgotten) return
    this.#isForgotten = true
    this.#options.onCut()
    if (how !== 'silence') for (const socket of this.#sockets()) endBy(how, socket)
  }

  close(): void {
    for (const socket of this.#sockets()) socket.destroy()
  }

  /** The end of one socket ends the other, unless that news is lost on the way, too. */
  #follow(one: Socket, other: Socket, direction: 'toServer' | 'toClient'): void {
    one.on('error', () => one.destroy())
    one.once('close', (hadError) => {
      const way = this.#ways[direction]
      const faults = this.#options.faults()
      const drops = direction === 'toServer' ? faults.dropsToServer : faults.dropsToClient
      const isLost = drops || way.hasGap || this.#isForgotten
      // What was sent before a FIN still arrives, after its delay; a reset overtakes it.
      if (hadError || isLost || !one.readableEnded) way.close()
      if (hadError && !isLost) other.resetAndDestroy()
      else if (!one.readableEnded && !isLost) other.end()
      if (other.destroyed) this.#options.onClosed()
    })
  }

  #sockets(): Socket[] {
    return [this.#options.client, this.#options.server]
  }
}

function endBy(how: 'reset' | 'end', socket: Socket): void {
  if (how === 'reset') socket.resetAndDestroy()
  else socket.destroySoon()
}
