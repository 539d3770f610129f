// One end of bare TLS sockets that carry the bytes of tunnels' pings. `server` answers each Ping by a Pong and a Ping in
// one write, and takes the Pong that follows; `clients` ping every 3 s. Takes its order by message; ends with its parent.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeFrame, heartbeatDefaults } from '@postern/protocol'

interface ServerOrder {
  certificate: string
  privateKey: string
}
interface ClientsOrder {
  port: number
  ca: string
  sockets: number
}

/** What WebSocket puts before a short message, with and without a mask. Source: RFC 6455 section 5.2. */
const maskedHeaderBytes = 6
const headerBytes = 2
const pingBytes = encodeFrame({ kind: 'ping', nonce: 1000, inFlight: 0, eventLoopLagMs: 1 }).length
const pingMark = 1
const dialsAtOnce = 32

const [role] = process.argv.slice(2)
process.once('disconnect', () => process.exit(0))
const [order] = (await once(process, 'message')) as [ServerOrder & ClientsOrder]
if (role === 'server') await serve(order)
else await connectAll(order)

async function serve({ certificate, privateKey }: ServerOrder): Promise<void> {
  const answer = Buffer.alloc(2 * (headerBytes + pingBytes), 2)
  let sockets = 0
  const server = createServer({ cert: certificate, key: privateKey }, (socket) => {
    sockets += 1
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      if (bytes[0] === pingMark) socket.write(answer)
    })
    socket.on('close', () => (sockets -= 1))
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 })
  await once(server, 'listening')
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({ sockets, userMicros: user, systemMicros: system })
  })
  process.send?.((server.address() as AddressInfo).port)
}

async function connectAll({ port, ca, sockets }: ClientsOrder): Promise<void> {
  for (let count = 0; count < sockets; count += dialsAtOnce) {
    const length = Math.min(dialsAtOnce, sockets - count)
    await Promise.all(Array.from({ length }, () => hold(port, ca)))
  }
  process.send?.('connected')
}

async function hold(port: number, ca: string): Promise<void> {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  socket.setNoDelay(true)
  const ping = Buffer.alloc(maskedHeaderBytes + pingBytes, pingMark)
  const pong = Buffer.alloc(maskedHeaderBytes + pingBytes, 2)
  socket.on('data', () => void socket.write(pong))
  void beat(socket, ping)
}

async function beat(socket: TLSSocket, ping: Buffer): Promise<void> {
  while (!socket.destroyed) {
    socket.write(ping)
    await sleep(heartbeatDefaults.pingIntervalMs)
  }
}
