import type { ReviewOutcome } from '../../login/token-reviewer.ts'
import type { TestDatabase } from '../../database/test/create-test-database.ts'
import type { GatewayAuthentication } from '../authenticate-gateway.ts'
import { createOrganization } from './gateway-fixtures.ts'
import { createTestKey, signGatewayToken, type TestKey } from './gateway-tokens.ts'
import { type GatewayFeature, origin, type Reply, startGatewayFeature } from './start-gateway-feature.ts'
import { podToken } from './test-cluster.ts'

/** A gateway whose pods enrol with their own tokens: those of `postern/postern-*`. */
export interface PodLogins {
  feature: GatewayFeature
  organizationId: string
  gatewayId: string
  administer: (method: string, path: string, body?: unknown) => Promise<Reply>
  /** Of a pod that may, unless the change says otherwise. */
  login: (change?: object) => Promise<Reply>
  /** The key of a new process. */
  loggedIn: () => Promise<TestKey>
  dial: (key: TestKey) => Promise<GatewayAuthentication>
}

export const podAuthMethod = {
  method: 'kubernetes',
  kubernetesHost: 'https://cluster.example',
  tokenReviewerJwt: 'reviewer.jwt.secret',
  allowedNamespaces: 'postern',
  allowedNames: 'postern-*',
}
export const goodToken = podToken('postern', 'postern-gateway', origin)
export const testRoute = { reviewer: 'stored-jwt', host: 'https://cluster.example' } as const

/** What a cluster says of a pod that may, unless the change says otherwise. */
export function verdict(change: object): ReviewOutcome {
  const username = 'system:serviceaccount:postern:postern-gateway'
  const groups = ['system:serviceaccounts']
  return {
    kind: 'reviewed',
    verdict: { authenticated: true, username, uid: '', groups, audiences: [origin], ...change },
    via: testRoute,
  }
}

export async function startPodLogins(database: TestDatabase): Promise<PodLogins> {
  const feature = await startGatewayFeature(database.kysely)
  const organizationId = await createOrganization(database.kysely)
  const administer: PodLogins['administer'] = (method, path, body) =>
    feature.call(method, `/api/v3/gateways${path}`, { as: `admin ${organizationId}`, body })
  const { body } = await administer('POST', '', { name: 'berlin', authMethod: podAuthMethod })
  const gatewayId = String(body['id'])
  const login: PodLogins['login'] = (change = {}) => {
    const { publicKey } = createTestKey()
    const request = { method: 'kubernetes', gatewayId, jwt: goodToken, publicKey, ...change }
    return feature.call('POST', '/api/v3/gateways/login', { body: request })
  }
  feature.audit.events.length = 0
  return {
    feature,
    organizationId,
    gatewayId,
    administer,
    login,
    loggedIn: async () => {
      const key = createTestKey()
      const { status } = await login({ publicKey: key.publicKey })
      if (status !== 200) throw new Error(`a pod that may was refused with ${status}`)
      return key
    },
    dial: (key) => {
      const bearer = signGatewayToken(key, gatewayId, origin, Date.now())
      return feature.authenticateGateway({ bearer, nowMs: Date.now() })
    },
  }
}
