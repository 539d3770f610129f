import { randomUUID } from 'node:crypto'
import { bootstrapResponse } from '@postern/api-contract/bootstrap'
import { identityResponse } from '@postern/api-contract/identities'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createTestKey } from './gateways/test/gateway-tokens.ts'
import {
  type PosternWithCluster,
  startPosternWithCluster,
} from './kubernetes-auth/test/postern-with-cluster.ts'
import { addRefusal, setRefused } from './test/refused-writes.ts'
import { type Reply, startTestApp, type TestApp } from './test/start-test-app.ts'

let postern: PosternWithCluster
beforeAll(async () => {
  postern = await startPosternWithCluster()
  await addRefusal(postern.app)
})
afterAll(() => postern.close())
afterEach(() => setRefused(postern.app, ''))

function call(method: string, path: string, body?: object): Promise<Reply> {
  return postern.app.call(method, path, { token: postern.admin, body })
}

/** Everything that changes may touch. */
async function state({ database: { kysely } }: TestApp): Promise<unknown> {
  return Promise.all([
    kysely.selectFrom('organizations').selectAll().orderBy('id').execute(),
    kysely.selectFrom('users').selectAll().orderBy('id').execute(),
    kysely.selectFrom('identities').select(['id', 'name', 'role', 'is_disabled']).orderBy('id').execute(),
    kysely.selectFrom('organization_roles').selectAll().orderBy('id').execute(),
    kysely.selectFrom('universal_auths').selectAll().orderBy('id').execute(),
    kysely.selectFrom('kubernetes_auths').selectAll().orderBy('id').execute(),
    kysely.selectFrom('gateways').select(['id', 'name', 'revoked_at']).orderBy('id').execute(),
    kysely.selectFrom('gateway_enrolment_tokens').selectAll().orderBy('id').execute(),
    kysely.selectFrom('gateway_keys').selectAll().orderBy('id').execute(),
    kysely.selectFrom('gateway_kubernetes_auths').selectAll().orderBy('gateway_id').execute(),
    kysely.selectFrom('revocations').selectAll().orderBy('id').execute(),
  ])
}

interface Change {
  title: string
  prepare: () => Promise<() => Promise<Reply>>
  isRevoking?: true
}

const identityChanges: Change[] = [
  {
    title: 'the creation of an identity',
    prepare: () =>
      Promise.resolve(() =>
        call('POST', '/api/v1/identities', { name: 'web', organizationId: postern.organizationId }),
      ),
  },
  {
    title: 'the change of an identity',
    prepare: async () => {
      const id = await postern.createIdentity()
      return () => call('PATCH', `/api/v1/identities/${id}`, { name: 'renamed', role: 'member' })
    },
  },
  {
    title: 'the disabling of an identity',
    isRevoking: true,
    prepare: async () => {
      const id = await postern.createIdentity()
      return () => call('PATCH', `/api/v1/identities/${id}`, { isDisabled: true })
    },
  },
  {
    title: 'the deletion of an identity',
    isRevoking: true,
    prepare: async () => {
      const id = await postern.createIdentity()
      return () => call('DELETE', `/api/v1/identities/${id}`)
    },
  },
]

const rolesPath = '/api/v1/organization/roles'

async function createRole(): Promise<string> {
  const { body } = await call('POST', rolesPath, { slug: `r-${randomUUID()}`, name: 'Role' })
  return (body as { role: { id: string } }).role.id
}

const roleChanges: Change[] = [
  {
    title: 'the creation of a role',
    prepare: () =>
      Promise.resolve(() => call('POST', rolesPath, { slug: `r-${randomUUID()}`, name: 'Role' })),
  },
  {
    title: 'the change of a role',
    prepare: async () => {
      const id = await createRole()
      return () => call('PATCH', `${rolesPath}/${id}`, { slug: `r-${randomUUID()}`, permissions: [] })
    },
  },
  {
    title: 'the deletion of a role',
    prepare: async () => {
      const id = await createRole()
      return () => call('DELETE', `${rolesPath}/${id}`)
    },
  },
]

const kubernetesAuthChanges: Change[] = [
  {
    title: 'the attachment of a Kubernetes Auth',
    prepare: async () => {
      const id = await postern.createIdentity()
      return () => postern.attach(id)
    },
  },
  {
    title: 'the change of a Kubernetes Auth',
    prepare: async () => {
      const id = await postern.createIdentity()
      await postern.attach(id)
      return () => postern.configure('PATCH', id, { allowedNames: 'web' })
    },
  },
  {
    title: 'the removal of a Kubernetes Auth',
    isRevoking: true,
    prepare: async () => {
      const id = await postern.createIdentity()
      await postern.attach(id)
      return () => postern.configure('DELETE', id)
    },
  },
]

async function createGateway(): Promise<string> {
  const { body } = await call('POST', '/api/v3/gateways', { name: `g-${randomUUID()}` })
  return (body as { id: string }).id
}

async function enrolmentToken(gatewayId: string): Promise<string> {
  const path = `/api/v3/gateways/${gatewayId}/token-auth/generate-enrollment-token`
  return ((await call('POST', path)).body as { token: string }).token
}

function podAuthMethod(): object {
  return {
    method: 'kubernetes',
    kubernetesHost: postern.cluster.url,
    caCert: postern.cluster.caCert,
    tokenReviewerJwt: postern.reviewerJwt,
    allowedNamespaces: 'payments',
  }
}

const gatewayChanges: Change[] = [
  {
    title: 'the creation of a gateway',
    prepare: () => {
      const body = { name: `g-${randomUUID()}`, authMethod: podAuthMethod() }
      return Promise.resolve(() => call('POST', '/api/v3/gateways', body))
    },
  },
  {
    title: 'the renaming of a gateway',
    prepare: async () => {
      const id = await createGateway()
      const name = `g-${randomUUID()}`
      return () => call('PATCH', `/api/v3/gateways/${id}`, { name })
    },
  },
  {
    title: 'the change of how a gateway enrols',
    prepare: async () => {
      const id = await createGateway()
      return () => call('PATCH', `/api/v3/gateways/${id}`, { authMethod: podAuthMethod() })
    },
  },
  {
    title: 'the deletion of a gateway',
    prepare: async () => {
      const id = await createGateway()
      return () => call('DELETE', `/api/v3/gateways/${id}`)
    },
  },
  {
    title: 'the revocation of a gateway',
    prepare: async () => {
      const id = await createGateway()
      return () => call('POST', `/api/v3/gateways/${id}/revoke`)
    },
  },
  {
    title: 'an enrolment token',
    prepare: async () => {
      const id = await createGateway()
      return () => call('POST', `/api/v3/gateways/${id}/token-auth/generate-enrollment-token`)
    },
  },
  {
    title: 'an enrolment',
    prepare: async () => {
      const token = await enrolmentToken(await createGateway())
      const body = { token, publicKey: createTestKey().publicKey }
      return () => call('POST', '/api/v3/gateways/token-auth/enroll', body)
    },
  },
  {
    title: 'an enrolment by a pod’s token',
    prepare: async () => {
      const { body } = await call('POST', '/api/v3/gateways', {
        name: `g-${randomUUID()}`,
        authMethod: podAuthMethod(),
      })
      const jwt = await postern.cluster.mintToken({
        namespace: 'payments',
        name: 'api',
        audiences: ['https://postern.example.com'],
      })
      const { id: gatewayId } = body as { id: string }
      const login = { method: 'kubernetes', gatewayId, jwt, publicKey: createTestKey().publicKey }
      return () => call('POST', '/api/v3/gateways/login', login)
    },
  },
]

const changes = [...identityChanges, ...roleChanges, ...kubernetesAuthChanges, ...gatewayChanges]

describe.each(changes)('$title', ({ prepare }) => {
  it('is not there when its audit row cannot be written, and is there, row and all, when it can', async () => {
    const change = await prepare()
    const before = await state(postern.app)
    await setRefused(postern.app, 'audit_events')
    expect(await change()).toMatchObject({ status: 500 })
    expect(await state(postern.app)).toEqual(before)
    await setRefused(postern.app, '')
    const reply = await change()
    expect(reply).toMatchObject({ status: 200 })
    const rows = await postern.app.database.kysely
      .selectFrom('audit_events')
      .select('outcome')
      .where('request_id', '=', reply.headers.get('x-request-id') ?? '')
      .execute()
    expect(rows).toEqual([{ outcome: 'success' }])
  })
})

describe.each(changes.filter(({ isRevoking }) => isRevoking))('T41 $title', ({ prepare }) => {
  it('is not there, nor in the audit log, when its revocation cannot be written', async () => {
    const change = await prepare()
    const before = await state(postern.app)
    await setRefused(postern.app, 'revocations')
    const reply = await change()
    expect(reply).toMatchObject({ status: 500 })
    expect(await state(postern.app)).toEqual(before)
    const rows = await postern.app.database.kysely
      .selectFrom('audit_events')
      .select('event')
      .where('request_id', '=', reply.headers.get('x-request-id') ?? '')
      .execute()
    expect(rows).toEqual([])
  })
})

describe('a bootstrap', () => {
  it('is not there when its audit row cannot be written, and can be tried again', async () => {
    const app = await startTestApp()
    try {
      await addRefusal(app)
      await setRefused(app, 'audit_events')
      const body = { email: 'ada@example.com', password: 'correct horse battery', organization: 'Acme' }
      const before = await state(app)
      expect(await app.call('POST', '/api/v1/admin/bootstrap', { body })).toMatchObject({ status: 500 })
      expect(await state(app)).toEqual(before)
      await setRefused(app, '')
      const { status, body: reply } = await app.call('POST', '/api/v1/admin/bootstrap', { body })
      expect(status).toBe(200)
      bootstrapResponse.parse(reply)
    } finally {
      await app.close()
    }
  })
})

describe('an attempt beyond one’s rights', () => {
  async function tokenOfMember(): Promise<string> {
    const reply = await call('POST', '/api/v1/identities', {
      name: 'member',
      organizationId: postern.organizationId,
      role: 'member',
    })
    const { id } = identityResponse.parse(reply.body).identity
    await postern.attach(id)
    const jwt = await postern.cluster.mintToken({ namespace: 'payments', name: 'api' })
    const { body } = await postern.login(id, jwt)
    return (body as { accessToken: string }).accessToken
  }

  const someId = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff'
  const attempts: [event: string, method: string, path: string, body?: object][] = [
    ['identity-created', 'POST', '/api/v1/identities', { name: 'x', organizationId: someId }],
    ['identity-updated', 'PATCH', `/api/v1/identities/${someId}`, { name: 'x' }],
    ['identity-deleted', 'DELETE', `/api/v1/identities/${someId}`],
    [
      'kubernetes-auth-attached',
      'POST',
      `/api/v1/auth/kubernetes-auth/identities/${someId}`,
      { kubernetesHost: null, allowedNamespaces: '', allowedNames: 'a', allowedAudience: '' },
    ],
    ['kubernetes-auth-updated', 'PATCH', `/api/v1/auth/kubernetes-auth/identities/${someId}`, {}],
    ['kubernetes-auth-detached', 'DELETE', `/api/v1/auth/kubernetes-auth/identities/${someId}`],
    ['gateway-created', 'POST', '/api/v3/gateways', { name: 'x' }],
    ['gateway-renamed', 'PATCH', `/api/v3/gateways/${someId}`, { name: 'x' }],
    ['gateway-deleted', 'DELETE', `/api/v3/gateways/${someId}`],
    ['gateway-revoked', 'POST', `/api/v3/gateways/${someId}/revoke`],
  ]

  it('is refused and written down, whatever the change', async () => {
    const token = await tokenOfMember()
    for (const [event, method, path, body] of attempts) {
      const reply = await postern.app.call(method, path, { token, body })
      expect({ event, status: reply.status }).toEqual({ event, status: 403 })
      const rows = await postern.app.database.kysely
        .selectFrom('audit_events')
        .select(['event', 'outcome', 'reason', 'organization_id'])
        .where('request_id', '=', reply.headers.get('x-request-id') ?? '')
        .execute()
      expect(rows).toEqual([
        { event, outcome: 'denied', reason: 'permission-denied', organization_id: postern.organizationId },
      ])
    }
  })
})
