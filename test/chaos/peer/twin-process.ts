// A gateway whose instance id is given to it instead of being made at random: the product's tunnels, back-off and
// reviews on the real API server, put together as its app.ts does. Takes a TwinOrder by IPC and answers `up` once a
// tunnel is up; its log goes to standard output; ends when its parent is gone.
import { createPrivateKey } from 'node:crypto'
import { ApiServerConnection } from '../../../apps/gateway/src/api-server/api-server-connection.ts'
import { ServiceAccountFolder } from '../../../apps/gateway/src/api-server/service-account-folder.ts'
import { createConnectTo } from '../../../apps/gateway/src/http/control-plane-connections.ts'
import { createReviewToken } from '../../../apps/gateway/src/token-review/create-review-token.ts'
import { createKubernetesTokenReview } from '../../../apps/gateway/src/token-review/kubernetes-token-review.ts'
import { InFlight } from '../../../apps/gateway/src/tunnel/in-flight.ts'
import { openTunnels } from '../../../apps/gateway/src/tunnel/open-tunnels.ts'
import { fixedCredential } from '../../../apps/gateway/src/tunnel/test/fixed-credential.ts'
import { noObserver } from '../../../apps/gateway/src/tunnel/tunnel-observer.ts'
import type { TwinOrder } from './start-twin.ts'

const elapsed = (): number => performance.now()
const write = (level: number) => (fields: object, msg: string) =>
  void process.stdout.write(`${JSON.stringify({ level, time: new Date().toISOString(), ...fields, msg })}\n`)
const log = { info: write(30), warn: write(40), error: write(50) }

process.once('message', (order: TwinOrder) => {
  const { url, kubernetesUrl, serviceAccountFolder, instanceId, credential } = order
  const account = new ServiceAccountFolder({
    path: serviceAccountFolder,
    now: elapsed,
    onUnreadable: ({ message }) => log.warn({ message }, 'the service account cannot be read again'),
  })
  const connection = new ApiServerConnection({ url: kubernetesUrl, account, now: elapsed })
  const reviewToken = createReviewToken(createKubernetesTokenReview(connection))
  openTunnels({
    controlPlaneUrl: url,
    credential: fixedCredential({ ...credential, privateKey: createPrivateKey(credential.privateKey) }),
    connectTo: createConnectTo(
      { httpsProxy: undefined, httpProxy: undefined, noProxy: undefined, extraCaFile: undefined },
      { current: () => Promise.resolve(undefined) },
    ),
    inFlight: new InFlight({ reviewToken, elapsed }),
    log,
    software: 'twin',
    instanceId,
    observer: {
      ...noObserver,
      entered: (_slot, { phase }) => void (phase === 'connected' && process.send?.('up')),
    },
  })
})
process.once('disconnect', () => process.exit(0))
