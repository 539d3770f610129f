// The far process of the tunnel bench: a gateway with a stub for its API server, or (mode echo) a bare WebSocket that
// answers a message of the size of a review with one of the size of a verdict.
import { generateKeyPairSync } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { WebSocket } from 'ws'
import { openConnection } from '../../apps/gateway/src/http/open-connection.ts'
import { InFlight } from '../../apps/gateway/src/tunnel/in-flight.ts'
import { openTunnels } from '../../apps/gateway/src/tunnel/open-tunnels.ts'
import { fixedCredential } from '../../apps/gateway/src/tunnel/test/fixed-credential.ts'
import type { ReviewResult } from '../../apps/gateway/src/token-review/review-token.ts'

const [mode, url = '', ca = '', answerBytes = '0'] = process.argv.slice(2)

const verdict: ReviewResult = {
  kind: 'reviewed',
  verdict: {
    authenticated: true,
    username: 'system:serviceaccount:shop:cart',
    uid: '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
    audiences: ['https://kubernetes.default.svc'],
  },
}

// The near side asks for the processor time of this process, in microseconds.
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})

if (mode === 'gateway') {
  const { privateKey } = generateKeyPairSync('ed25519')
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const trust = ca === '' ? undefined : createSecureContext({ ca })
  const tunnels = openTunnels({
    controlPlaneUrl: url,
    credential: fixedCredential({ gatewayId: 'bench', keyId: 'bench', privateKey }),
    inFlight: new InFlight({ reviewToken: async () => verdict, elapsed: () => performance.now() }),
    slots: 1,
    log,
    software: 'bench',
    connectTo: (destination, signal) => openConnection({ destination, proxy: undefined, trust, signal }),
  })
  process.once('disconnect', () => {
    void tunnels.close()
  })
} else {
  const answer = Buffer.alloc(Number(answerBytes))
  const webSocket = new WebSocket(url, { perMessageDeflate: false, ...(ca === '' ? {} : { ca }) })
  webSocket.on('message', (message: Buffer) => {
    // The answer carries the caller's number back, as a verdict carries its request id.
    const numbered = Buffer.from(answer)
    message.copy(numbered, 0, 0, 4)
    webSocket.send(numbered)
  })
  process.once('disconnect', () => {
    webSocket.terminate()
  })
}
