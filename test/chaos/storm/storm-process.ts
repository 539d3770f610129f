// Many gateways in one process: each the product's own tunnel with its own back-off and its own enrolled key, and a
// review that is never asked for. Takes a StormOrder by IPC, says a StormReport whenever the count of those that are up
// changes, at most every 50 ms; ends when its parent is gone.
import { createPrivateKey } from 'node:crypto'
import { constants, setPriority } from 'node:os'
import type { ReviewToken } from '../../../apps/gateway/src/token-review/review-token.ts'
import { createConnectTo } from '../../../apps/gateway/src/http/control-plane-connections.ts'
import { systemTiming } from '../../../apps/gateway/src/tunnel/timing.ts'
import { InFlight } from '../../../apps/gateway/src/tunnel/in-flight.ts'
import { openTunnels } from '../../../apps/gateway/src/tunnel/open-tunnels.ts'
import { fixedCredential } from '../../../apps/gateway/src/tunnel/test/fixed-credential.ts'
import { noObserver } from '../../../apps/gateway/src/tunnel/tunnel-observer.ts'
import type { StormOrder, StormReport } from './start-storm.ts'

// Gateways have machines of their own: what they spend on dialling is not to be missing where logins are measured.
setPriority(constants.priority.PRIORITY_LOW)

const reportEveryMs = 50
const connectTo = createConnectTo(
  { httpsProxy: undefined, httpProxy: undefined, noProxy: undefined, extraCaFile: undefined },
  { current: () => Promise.resolve(undefined) },
)
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const refuseReview: ReviewToken = () => Promise.reject(new Error('a gateway of a storm reviews nothing'))
const up = new Set<number>()
let reported = -1

function open({ url, credentials }: StormOrder): void {
  for (const [index, { gatewayId, keyId, privateKey }] of credentials.entries()) {
    const credential = { gatewayId, keyId, privateKey: createPrivateKey(privateKey) }
    openTunnels({
      controlPlaneUrl: url,
      credential: fixedCredential(credential),
      inFlight: new InFlight({ reviewToken: refuseReview, elapsed: () => systemTiming.elapsed() }),
      slots: 1,
      connectTo,
      log: silent,
      timing: systemTiming,
      software: 'storm',
      observer: {
        ...noObserver,
        entered: (_, { phase }) => void (phase === 'connected' ? up.add(index) : up.delete(index)),
      },
    })
  }
}

setInterval(() => {
  if (up.size === reported) return
  reported = up.size
  process.send?.({ up: up.size } satisfies StormReport)
}, reportEveryMs)
process.on('message', open)
process.once('disconnect', () => process.exit(0))
