import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { LinkDirection } from './link-direction.ts'
import { noFaults, type LinkFaults, type RelayFigures } from './link-faults.ts'
import { RelayedConnection } from './relayed-connection.ts'

/** How often idleness and age are looked at. */
const checkEveryMs = 100

/** A TCP relay on loopback that stands for the network between two machines, and goes wrong on command. */
export class Relay {
  readonly #target: { host: string; port: number }
  readonly #server: Server
  readonly #links = { toServer: new LinkDirection(), toClient: new LinkDirection() }
  readonly #connections = new Set<RelayedConnection>()
  /** Connected to nobody. */
  readonly #silent = new Set<Socket>()
  readonly #checks: NodeJS.Timeout
  #faults: LinkFaults = noFaults
  #port = 0
  #accepted = 0
  #cut = 0

  private constructor(target: { host: string; port: number }) {
    this.#target = target
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client))
    this.#checks = setInterval(() => {
      const now = performance.now()
      for (const connection of this.#connections) connection.check(now)
    }, checkEveryMs)
  }

  /** @param listenPort 0 for any */
  static async open(target: { host: string; port: number }, listenPort = 0): Promise<Relay> {
    const relay = new Relay(target)
    relay.#port = listenPort
    await relay.#listen()
    return relay
  }

  get port(): number {
    return this.#port
  }

  get figures(): RelayFigures {
    return {
      open: this.#connections.size + this.#silent.size,
      accepted: this.#accepted,
      cut: this.#cut,
      bytesToServer: this.#links.toServer.bytes,
      bytesToClient: this.#links.toClient.bytes,
    }
  }

  /** Changes the named faults and leaves the others; a direction that has lost bytes stays dead for its connection. */
  async apply(faults: Partial<LinkFaults>): Promise<void> {
    const before = this.#faults.accepts
    this.#faults = { ...this.#faults, ...faults }
    const now = this.#faults.accepts
    if (now === 'refuse' && before !== 'refuse') {
      await new Promise<void>((resolve) => {
        // Its callback waits for the connections, which stay.
        this.#server.close()
        setImmediate(resolve)
      })
    }
    if (now !== 'refuse' && before === 'refuse') await this.#listen()
  }

  /** Cuts every connection there is now. */
  cutAll(how: LinkFaults['cutBy']): void {
    for (const connection of this.#connections) connection.cut(how)
    for (const socket of this.#silent) socket.resetAndDestroy()
  }

  close(): void {
    clearInterval(this.#checks)
    if (this.#server.listening) this.#server.close()
    for (const connection of this.#connections) connection.close()
    for (const socket of this.#silent) socket.destroy()
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    if (typeof address === 'object' && address !== null) this.#port = address.port
  }

  #accept(client: Socket): void {
    this.#accepted += 1
    if (this.#faults.accepts === 'silence') {
      this.#silent.add(client)
      client.on('error', () => client.destroy())
      client.once('close', () => this.#silent.delete(client))
      client.resume()
      return
    }
    const server = connect({ ...this.#target, allowHalfOpen: true, noDelay: true })
    const connection = new RelayedConnection({
      client,
      server,
      links: this.#links,
      faults: () => this.#faults,
      onClosed: () => this.#connections.delete(connection),
      onCut: () => void (this.#cut += 1),
    })
    this.#connections.add(connection)
  }
}
