import { once } from 'node:events'
import { connect } from 'node:net'
import { StreamError } from '@postern/protocol'
import { type KubernetesStandIn, startKubernetesStandIn } from '@postern/testing/kubernetes-stand-in'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiError } from '../http/api-error.ts'
import { createAskApiServer } from './ask-api-server.ts'
import { createCheckReviewer } from './check-reviewer.ts'
import { createChooseReviewer, type ReviewerSettings } from './choose-reviewer.ts'
import type { OpenStream } from './connect-through-gateway.ts'
import { KubernetesConnections } from './kubernetes-connections.ts'

const organizationId = '22222222-2222-4222-8222-222222222222'
const gatewayId = '44444444-4444-4444-8444-444444444444'
const otherGatewayId = '66666666-6666-4666-8666-666666666666'
const gatewayPoolId = '55555555-5555-4555-8555-555555555555'

let cluster: KubernetesStandIn
beforeAll(async () => {
  cluster = await startKubernetesStandIn()
  await cluster.createServiceAccount('kube-system', 'reviewer')
  await cluster.grantTokenReview('kube-system', 'reviewer')
  await cluster.createServiceAccount('kube-system', 'powerless')
})
afterAll(() => cluster.close())

const leading: OpenStream = async (_target, _organizationId, { host, port }) => {
  const socket = connect({ host, port, allowHalfOpen: true })
  await once(socket, 'connect')
  return socket
}
const refusing = (): Promise<never> =>
  Promise.reject(new StreamError('host-not-allowed', 'add it to its POSTERN_ALLOWED_KUBERNETES_HOSTS'))

/** Through the streams of these gateways; the control plane itself may dial nothing internal. */
async function check(
  settings: Partial<ReviewerSettings>,
  streams: Record<string, OpenStream>,
): Promise<string> {
  const rules = { allowInternal: false }
  const connections = new KubernetesConnections({
    openStream: (target, ...rest) => {
      const openStream = target.kind === 'gateway' ? streams[target.gatewayId] : undefined
      if (openStream === undefined) return Promise.reject(new StreamError('connection-lost', 'not connected'))
      return openStream(target, ...rest)
    },
    rules,
    resolve: () => Promise.reject(new Error('nothing is resolved here')),
    nowMs: Date.now,
  })
  const ask = createAskApiServer({ connections, rules, nowMs: Date.now })
  const notAsked = (): never => {
    throw new Error('in mode api no gateway reviews')
  }
  const checkReviewer = createCheckReviewer({
    ask,
    chooseReviewer: createChooseReviewer({ ask, gatewayReviewer: notAsked }),
    findGateway: async () => ({ name: 'berlin', revokedAt: null }),
    findPool: async () => ({
      name: 'berlin',
      members: [
        { gatewayId, gatewayName: 'one', isRevoked: false, keptOut: undefined },
        { gatewayId: otherGatewayId, gatewayName: 'two', isRevoked: false, keptOut: undefined },
      ],
    }),
    nowMs: Date.now,
  })
  try {
    await checkReviewer({
      organizationId,
      tokenReviewMode: 'api',
      kubernetesHost: cluster.url,
      caCert: cluster.caCert,
      verifyTlsCertificate: true,
      tokenReviewerJwt: await cluster.mintToken({ namespace: 'kube-system', name: 'reviewer' }),
      gatewayId: null,
      gatewayPoolId: null,
      ...settings,
    })
    return 'accepted'
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return `${error.code}: ${error.message}`
  } finally {
    await connections.close()
  }
}

describe('trying an API server behind a gateway before it is saved', () => {
  it('accepts one that the gateway leads to, whatever its address', async () => {
    expect(await check({ gatewayId }, { [gatewayId]: leading })).toBe('accepted')
    expect(await check({ gatewayId, tokenReviewerJwt: null }, { [gatewayId]: leading })).toBe('accepted')
  })

  it('T47: refuses one that the gateway does not allow, and says where to allow it', async () => {
    expect(await check({ gatewayId }, { [gatewayId]: refusing })).toMatch(
      /^BadRequest: The gateway berlin may not connect to .*POSTERN_ALLOWED_KUBERNETES_HOSTS/,
    )
  })

  it('refuses one whose gateway is not connected', async () => {
    expect(await check({ gatewayId }, {})).toMatch(/^BadRequest: The gateway berlin is not connected/)
  })

  it('refuses a stored JWT that may not review there', async () => {
    const tokenReviewerJwt = await cluster.mintToken({ namespace: 'kube-system', name: 'powerless' })
    expect(await check({ gatewayId, tokenReviewerJwt }, { [gatewayId]: leading })).toMatch(
      /system:auth-delegator/,
    )
  })

  it('T23: refuses an unknown CA: what is verified is the API server and not the gateway', async () => {
    expect(await check({ gatewayId, caCert: '' }, { [gatewayId]: leading })).toMatch(/cannot trust/)
  })

  it('asks through every member of a pool', async () => {
    const all = { [gatewayId]: leading, [otherGatewayId]: leading }
    expect(await check({ gatewayPoolId }, all)).toBe('accepted')
    expect(await check({ gatewayPoolId }, { ...all, [otherGatewayId]: refusing })).toMatch(
      /1 of the 2 gateways of the pool "berlin" cannot review. The gateway two may not connect/,
    )
    expect(await check({ gatewayPoolId }, { [gatewayId]: leading })).toBe('accepted')
    expect(await check({ gatewayPoolId }, {})).toMatch(/No gateway of the pool "berlin"/)
  })
})
