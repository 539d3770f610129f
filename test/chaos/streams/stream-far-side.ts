// The gateway's side of the experiments with raw streams: the product's own tunnel and streams, a review that is answered
// at once, and hosts that the streams may lead to. Takes the control plane's URL as its argument; says the hosts' ports
// once, and answers each message with what its memory holds; ends when its parent is gone.
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createConnectTo } from '../../../apps/gateway/src/http/control-plane-connections.ts'
import { createDialHost } from '../../../apps/gateway/src/streams/dial-host.ts'
import { createServeStream } from '../../../apps/gateway/src/streams/serve-stream.ts'
import { StreamConnections } from '../../../apps/gateway/src/streams/stream-connections.ts'
import { InFlight } from '../../../apps/gateway/src/tunnel/in-flight.ts'
import { openTunnels } from '../../../apps/gateway/src/tunnel/open-tunnels.ts'
import { fixedCredential } from '../../../apps/gateway/src/tunnel/test/fixed-credential.ts'
import { readHeldBytes } from './read-held-bytes.ts'
import type { BulkPorts } from './stream-world.ts'

const [url = ''] = process.argv.slice(2)
const elapsed = (): number => performance.now()
const failure = { kind: 'failed', failure: 'api-server-error', detail: '' } as const
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
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

const { privateKey } = generateKeyPairSync('ed25519')
openTunnels({
  controlPlaneUrl: url,
  credential: fixedCredential({ gatewayId: 'far-side', keyId: 'far-side', privateKey }),
  inFlight: new InFlight({
    reviewToken: async () => failure,
    elapsed,
  }),
  slots: 1,
  connectTo: createConnectTo(
    { httpsProxy: undefined, httpProxy: undefined, noProxy: undefined, extraCaFile: undefined },
    { current: () => Promise.resolve(undefined) },
  ),
  createStreams: (reach) =>
    new StreamConnections({
      reach,
      serveStream: createServeStream({
        allowedHosts: Object.values(ports).map((port) => ({ host: '127.0.0.1', port })),
        dialHost: createDialHost(),
        onRefused: () => undefined,
      }),
      elapsed,
      log: silent,
    }),
  log: silent,
  software: 'chaos',
})
process.on('message', () => void readHeldBytes().then((bytes) => process.send?.(bytes)))
process.once('disconnect', () => process.exit(0))
process.send?.(ports)
