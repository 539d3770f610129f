import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { createTestKey } from '../../gateways/test/gateway-tokens.ts'
import { startTestApp } from '../../test/start-test-app.ts'
import { type ChangeCase, type ChangeWorld, textIn } from './change-world.ts'

const identities: ChangeCase[] = [
  {
    method: 'POST',
    template: /^\/api\/v1\/identities$/,
    events: ['identity-created'],
    prepare: async ({ organizationId }) => ({ body: { name: 'web', organizationId } }),
  },
  {
    method: 'PATCH',
    template: /^\/api\/v1\/identities\/:identityId$/,
    events: ['identity-updated'],
    prepare: async ({ identity }) => ({ params: { identityId: await identity() }, body: { name: 'other' } }),
  },
  {
    method: 'DELETE',
    template: /^\/api\/v1\/identities\/:identityId$/,
    events: ['identity-deleted'],
    prepare: async ({ identity }) => ({ params: { identityId: await identity() } }),
  },
  {
    method: 'POST',
    template: /\/identities\/:identityId\/revoke-tokens$/,
    events: ['identity-tokens-revoked'],
    prepare: async ({ identity }) => ({ params: { identityId: await identity() }, body: {} }),
  },
]

const universal = '/api/v1/auth/universal-auth/identities'
async function clientSecret({ call }: ChangeWorld, identityId: string) {
  const clientId = textIn(await call('GET', `${universal}/${identityId}`), 'identityUniversalAuth.clientId')
  const created = await call('POST', `${universal}/${identityId}/client-secrets`, {})
  return {
    clientId,
    clientSecret: textIn(created, 'clientSecret'),
    clientSecretId: textIn(created, 'clientSecretData.id'),
  }
}
async function accessToken(world: ChangeWorld): Promise<string> {
  const identityId = await world.identity()
  await world.call('PATCH', `${universal}/${identityId}`, { accessTokenTTL: 60, accessTokenMaxTTL: 3600 })
  const { clientId, clientSecret: secret } = await clientSecret(world, identityId)
  const body = { clientId, clientSecret: secret }
  return textIn(await world.call('POST', '/api/v1/auth/universal-auth/login', body, ''), 'accessToken')
}

const universalAuth: ChangeCase[] = [
  {
    method: 'POST',
    template: /universal-auth\/identities\/:identityId$/,
    events: ['universal-auth-attached'],
    prepare: async ({ identity, call }) => {
      const identityId = await identity()
      await call('DELETE', `${universal}/${identityId}`)
      return { params: { identityId }, body: {} }
    },
  },
  {
    method: 'PATCH',
    template: /universal-auth\/identities\/:identityId$/,
    events: ['universal-auth-updated'],
    prepare: async ({ identity }) => ({
      params: { identityId: await identity() },
      body: { accessTokenTTL: 60 },
    }),
  },
  {
    method: 'DELETE',
    template: /universal-auth\/identities\/:identityId$/,
    events: ['universal-auth-detached'],
    prepare: async ({ identity }) => ({ params: { identityId: await identity() } }),
  },
  {
    method: 'POST',
    template: /:identityId\/client-secrets$/,
    events: ['client-secret-created'],
    prepare: async ({ identity }) => ({ params: { identityId: await identity() }, body: {} }),
  },
  {
    method: 'POST',
    template: /client-secrets\/:clientSecretId\/revoke$/,
    events: ['client-secret-revoked'],
    prepare: async (world) => {
      const identityId = await world.identity()
      const { clientSecretId } = await clientSecret(world, identityId)
      return { params: { identityId, clientSecretId } }
    },
  },
  {
    method: 'POST',
    template: /clear-lockouts$/,
    events: ['lockouts-cleared'],
    prepare: async ({ identity }) => ({ params: { identityId: await identity() } }),
  },
  {
    method: 'POST',
    template: /universal-auth\/login$/,
    events: ['universal-login'],
    prepare: async (world) => {
      const { clientId, clientSecret: secret } = await clientSecret(world, await world.identity())
      return { token: null, body: { clientId, clientSecret: secret } }
    },
  },
  {
    method: 'POST',
    template: /auth\/token\/renew$/,
    events: ['access-token-renewed'],
    prepare: async (world) => ({ token: null, body: { accessToken: await accessToken(world) } }),
  },
  {
    method: 'POST',
    template: /auth\/token\/revoke$/,
    events: ['access-token-revoked'],
    prepare: async (world) => ({ token: null, body: { accessToken: await accessToken(world) } }),
  },
]

async function attached({ identity, postern }: ChangeWorld): Promise<string> {
  const identityId = await identity()
  await postern.attach(identityId)
  return identityId
}
const mintToken = ({ postern }: ChangeWorld, audiences?: string[]): Promise<string> =>
  postern.cluster.mintToken({ namespace: 'payments', name: 'api', ...(audiences && { audiences }) })
const kubernetesOf = ({ postern: { cluster, reviewerJwt } }: ChangeWorld) => ({
  kubernetesHost: cluster.url,
  caCert: cluster.caCert,
  tokenReviewerJwt: reviewerJwt,
  allowedNamespaces: 'payments',
})

const kubernetesAuth: ChangeCase[] = [
  {
    method: 'POST',
    template: /kubernetes-auth\/identities\/:identityId$/,
    events: ['kubernetes-auth-attached'],
    prepare: async (world) => ({
      params: { identityId: await world.identity() },
      body: { ...kubernetesOf(world), allowedNames: 'api', allowedAudience: '' },
    }),
  },
  {
    method: 'PATCH',
    template: /kubernetes-auth\/identities\/:identityId$/,
    events: ['kubernetes-auth-updated'],
    prepare: async (world) => ({
      params: { identityId: await attached(world) },
      body: { allowedNames: 'web' },
    }),
  },
  {
    method: 'DELETE',
    template: /kubernetes-auth\/identities\/:identityId$/,
    events: ['kubernetes-auth-detached'],
    prepare: async (world) => ({ params: { identityId: await attached(world) } }),
  },
  {
    method: 'POST',
    template: /kubernetes-auth\/login$/,
    events: ['kubernetes-login'],
    prepare: async (world) => ({
      token: null,
      body: { identityId: await attached(world), jwt: await mintToken(world) },
    }),
  },
  {
    method: 'POST',
    template: /:identityId\/simulate$/,
    events: ['kubernetes-login-simulated'],
    prepare: async (world) => ({
      params: { identityId: await attached(world) },
      body: { namespace: 'payments', name: 'api' },
    }),
  },
]

async function gateway({ call }: ChangeWorld, more: object = {}): Promise<string> {
  return textIn(
    await call('POST', '/api/v3/gateways', { name: `g-${randomUUID().slice(0, 8)}`, ...more }),
    'id',
  )
}
async function pool({ call }: ChangeWorld): Promise<string> {
  return textIn(await call('POST', '/api/v1/gateway-pools', { name: `p-${randomUUID().slice(0, 8)}` }), 'id')
}

const gateways: ChangeCase[] = [
  {
    method: 'POST',
    template: /^\/api\/v3\/gateways$/,
    events: ['gateway-created'],
    prepare: async () => ({ body: { name: `g-${randomUUID().slice(0, 8)}` } }),
  },
  {
    method: 'PATCH',
    template: /^\/api\/v3\/gateways\/:gatewayId$/,
    events: ['gateway-renamed'],
    prepare: async (world) => ({
      params: { gatewayId: await gateway(world) },
      body: { name: randomUUID().slice(0, 8) },
    }),
  },
  {
    method: 'DELETE',
    template: /^\/api\/v3\/gateways\/:gatewayId$/,
    events: ['gateway-deleted'],
    prepare: async (world) => ({ params: { gatewayId: await gateway(world) } }),
  },
  {
    method: 'POST',
    template: /gateways\/:gatewayId\/revoke$/,
    events: ['gateway-revoked'],
    prepare: async (world) => ({ params: { gatewayId: await gateway(world) } }),
  },
  {
    method: 'POST',
    template: /generate-enrollment-token$/,
    events: ['gateway-enrolment-token-created'],
    prepare: async (world) => ({ params: { gatewayId: await gateway(world) } }),
  },
  {
    method: 'POST',
    template: /token-auth\/enroll$/,
    events: ['gateway-enrolled'],
    prepare: async (world) => {
      const path = `/api/v3/gateways/${await gateway(world)}/token-auth/generate-enrollment-token`
      const token = textIn(await world.call('POST', path), 'token')
      return { token: null, body: { token, publicKey: createTestKey().publicKey } }
    },
  },
  {
    method: 'POST',
    template: /^\/api\/v3\/gateways\/login$/,
    events: ['gateway-enrolled'],
    prepare: async (world) => {
      const gatewayId = await gateway(world, { authMethod: { method: 'kubernetes', ...kubernetesOf(world) } })
      const jwt = await mintToken(world, ['https://postern.example.com'])
      return {
        token: null,
        body: { method: 'kubernetes', gatewayId, jwt, publicKey: createTestKey().publicKey },
      }
    },
  },
  {
    method: 'POST',
    template: /^\/api\/v1\/gateway-pools$/,
    events: ['gateway-pool-created'],
    prepare: async () => ({ body: { name: `p-${randomUUID().slice(0, 8)}` } }),
  },
  {
    method: 'PATCH',
    template: /gateway-pools\/:\w+$/,
    events: ['gateway-pool-renamed'],
    prepare: async (world) => ({
      params: poolParams(await pool(world)),
      body: { name: randomUUID().slice(0, 8) },
    }),
  },
  {
    method: 'DELETE',
    template: /gateway-pools\/:\w+$/,
    events: ['gateway-pool-deleted'],
    prepare: async (world) => ({ params: poolParams(await pool(world)) }),
  },
  {
    method: 'POST',
    template: /gateway-pools\/:\w+\/memberships$/,
    events: ['gateway-pool-member-added'],
    prepare: async (world) => ({
      params: poolParams(await pool(world)),
      body: { gatewayId: await gateway(world) },
    }),
  },
  {
    method: 'DELETE',
    template: /gateway-pools\/:\w+\/memberships\/:gatewayId$/,
    events: ['gateway-pool-member-removed'],
    prepare: async (world) => {
      const [poolId, gatewayId] = [await pool(world), await gateway(world)]
      await world.call('POST', `/api/v1/gateway-pools/${poolId}/memberships`, { gatewayId })
      return { params: { ...poolParams(poolId), gatewayId } }
    },
  },
]
const poolParams = (id: string): Record<string, string> => ({ poolId: id, gatewayPoolId: id })

const somebody = { email: 'ada@example.com', password: 'correct horse battery' }

const instance: ChangeCase[] = [
  {
    method: 'POST',
    template: /admin\/bootstrap$/,
    events: ['instance-bootstrapped'],
    prepare: async () => ({
      token: null,
      to: await startTestApp(),
      body: { ...somebody, organization: 'Acme' },
    }),
  },
  {
    method: 'POST',
    template: /admin\/signup$/,
    events: ['instance-bootstrapped', 'user-login'],
    prepare: async () => ({
      token: null,
      to: await startTestApp(),
      body: { ...somebody, firstName: 'Ada', lastName: 'Lovelace' },
    }),
  },
  {
    method: 'POST',
    template: /admin\/signing-keys\/rotate$/,
    events: ['signing-key-rotated'],
    prepare: async ({ postern, session }) => {
      // The newest must have had the time to be known everywhere.
      await sql`update signing_keys set created_at = now() - interval '1 day'`.execute(
        postern.app.database.kysely,
      )
      return { token: await session() }
    },
  },
  {
    method: 'POST',
    template: /encryption-key\/rotate$/,
    events: ['organization-key-rotated'],
    prepare: async () => ({}),
  },
  {
    method: 'PATCH',
    template: /audit-logs\/settings$/,
    events: ['audit-retention-changed'],
    prepare: async () => ({ body: { retentionDays: 300 } }),
  },
]

export const organizationChanges = [
  ...identities,
  ...universalAuth,
  ...kubernetesAuth,
  ...gateways,
  ...instance,
]
