import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'

/** Stands between two replicas: hears everything, and may change it. */
export class RecordingRelay {
  readonly port: number
  /** What callers sent, one entry for each connection. */
  readonly sent: Buffer[][] = []
  /** Applied to each piece that a caller sends. */
  change: (piece: Buffer, index: number) => Buffer = (piece) => piece
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server, holderPort: number) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (caller) => this.#relay(caller, holderPort))
  }

  static async start(holderPort: number): Promise<RecordingRelay> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new RecordingRelay(server, holderPort)
  }

  stop(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #relay(caller: Socket, holderPort: number): void {
    const holder = connect(holderPort, '127.0.0.1')
    const pieces: Buffer[] = []
    this.sent.push(pieces)
    for (const socket of [caller, holder]) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
    }
    caller.on('data', (piece) => {
      const changed = this.change(piece, pieces.length)
      pieces.push(piece)
      holder.write(changed)
    })
    holder.pipe(caller)
    holder.on('close', () => caller.destroy())
    caller.on('close', () => holder.destroy())
  }
}
