// The gateway's side of the experiments with raw streams: the product's own tunnel and streams, and a review that is
// answered at once. Takes the control plane's URL and the ports of the hosts that streams may lead to as its arguments;
// answers each message with what its memory holds; ends when its parent is gone.
import { generateKeyPairSync } from 'node:crypto'
import { createConnectTo } from '../../../apps/gateway/src/http/control-plane-connections.ts'
import { createDialHost } from '../../../apps/gateway/src/streams/dial-host.ts'
import { createServeStream } from '../../../apps/gateway/src/streams/serve-stream.ts'
import { StreamConnections } from '../../../apps/gateway/src/streams/stream-connections.ts'
import { InFlight } from '../../../apps/gateway/src/tunnel/in-flight.ts'
import { openTunnels } from '../../../apps/gateway/src/tunnel/open-tunnels.ts'
import { fixedCredential } from '../../../apps/gateway/src/tunnel/test/fixed-credential.ts'
import { readHeldBytes } from './read-held-bytes.ts'

const [url = '', ...ports] = process.argv.slice(2)
const elapsed = (): number => performance.now()
const failure = { kind: 'failed', failure: 'api-server-error', detail: '' } as const
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

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
        allowedHosts: ports.map((port) => ({ host: '127.0.0.1', port: Number(port) })),
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
