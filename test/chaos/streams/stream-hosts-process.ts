// The hosts that raw streams lead to: API servers have machines of their own, and what these cost is not to be missing at
// the gateway. Says their ports once; ends when its parent is gone.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { BulkPorts } from './stream-world.ts'

const block = Buffer.alloc(64 * 1024, 7)

function send(socket: Socket): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(block));
  }
  socket.on('drain', more)
  more()
}

/** A host on a port of its own for each of what it does with a connection. */
async function startHost(serve: (socket: Socket) => void): Promise<number> {
  // Paused: what is never read is not even taken from the kernel, and costs this process nothing.
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined)
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const ports: BulkPorts = {
  sends: await startHost(send),
  takes: await startHost((socket) => void socket.resume()),
  waits: await startHost(() => undefined),
}
process.once('disconnect', () => process.exit(0))
process.send?.(ports)
