import { loginExplanation } from '@postern/api-contract/audit-logs'
import { describe, expect, it } from 'vitest'
import type { StoredAuditEvent } from '../audit/audit-event-store.ts'
import type { LoginDetails } from '../audit/login-details.ts'
import { createExplainLogin } from './explain-login.ts'

const organizationId = '0b0c8f0e-9b5e-4b57-9d43-6b6a0e6c7a01'
const gateways = new Map([
  ['gateway-1', 'eu-1'],
  ['gateway-2', 'eu-2'],
])

function explain(event: Partial<Omit<StoredAuditEvent, 'details'>>, details: LoginDetails = {}) {
  const stored: StoredAuditEvent = {
    id: 1,
    occurredAt: new Date('2030-01-02T03:04:05.678Z'),
    organizationId,
    requestId: 'request-1',
    event: 'kubernetes-login',
    outcome: 'failed',
    reason: 'internal-error',
    actor: { kind: 'stranger', id: null },
    identityId: 'identity-1',
    projectId: null,
    ipAddress: '192.0.2.1',
    ...event,
    details: { ...details },
  }
  const explainLogin = createExplainLogin({
    events: { find: async ({ limit }) => [stored].slice(0, limit) },
    findIdentityName: async () => undefined,
    findGatewayName: async (gatewayId) => gateways.get(gatewayId),
  })
  return explainLogin('request-1', organizationId)
}

/** The steps in order, each run of equal results as one. */
async function resultsOf(...args: Parameters<typeof explain>): Promise<string[]> {
  const { steps } = await explain(...args)
  return steps
    .filter(({ result }, index) => result !== steps[index + 1]?.result)
    .map(({ step, result }) => `${result} until ${step}`)
}

describe('the explanation of a login', () => {
  it('names every gateway that was asked, and what each came to', async () => {
    const explanation = await explain(
      { outcome: 'success', reason: null },
      {
        review: {
          reviewer: 'gateway',
          gatewayPoolId: 'pool-1',
          gatewayId: 'gateway-2',
          tunnelId: 'tunnel-3',
          attempts: 2,
          hedged: true,
          tried: [
            { gatewayId: 'gateway-1', tunnelId: 'tunnel-1', outcome: 'tunnel-lost' },
            { gatewayId: 'deleted', tunnelId: 'tunnel-2', outcome: 'api-server-timeout' },
            { gatewayId: 'gateway-2', tunnelId: 'tunnel-3', outcome: 'authenticated' },
          ],
        },
      },
    )
    expect(loginExplanation.parse(explanation).review).toEqual({
      reviewer: 'gateway',
      description: expect.stringContaining('pool'),
      host: null,
      gatewayPoolId: 'pool-1',
      gateway: expect.objectContaining({ gatewayId: 'gateway-2', gatewayName: 'eu-2' }),
      tried: [
        expect.objectContaining({ gatewayName: 'eu-1', meaning: expect.stringContaining('tunnel was lost') }),
        expect.objectContaining({
          gatewayName: null,
          meaning: 'The cluster’s API server did not answer in time.',
        }),
        expect.objectContaining({
          gatewayName: 'eu-2',
          meaning: expect.stringContaining('vouched for the token'),
        }),
      ],
      attempts: 2,
      hedged: true,
    })
  })

  it('names the one gateway of an identity, and where the bytes of a direct review went through', async () => {
    const alone = await explain({}, { review: { reviewer: 'gateway', gatewayId: 'gateway-1', attempts: 1 } })
    expect(alone.review).toMatchObject({ gateway: { gatewayName: 'eu-1' }, gatewayPoolId: null, tried: [] })
    const direct = await explain(
      {},
      { review: { reviewer: 'stored-jwt', host: 'https://k8s.example.com', gatewayPoolId: 'pool-1' } },
    )
    expect(direct.review).toMatchObject({
      description: 'The API server was asked through a gateway, with the stored reviewer JWT',
      host: 'https://k8s.example.com',
      gateway: null,
    })
  })

  it.each([
    ['nothing was found', {}, ['unknown until access-token']],
    [
      'the identity was found',
      { kubernetesAuthId: 'auth-1' },
      ['passed until organization', 'unknown until access-token'],
    ],
    [
      'the cluster had vouched',
      { kubernetesAuthId: 'auth-1', serviceAccount: { namespace: 'a', name: 'b' } },
      ['passed until service-account-group', 'unknown until access-token'],
    ],
    [
      'the rules were met',
      {
        kubernetesAuthId: 'auth-1',
        serviceAccount: { namespace: 'a', name: 'b' },
        checks: [{ rule: 'namespace', isMet: true, expected: 'a', found: 'a' }],
      },
      ['passed until namespace', 'not-required until audience', 'unknown until access-token'],
    ],
  ])('claims no more than is known of a login that broke down after %s', async (_title, details, results) => {
    const withoutUnasked = (await resultsOf({}, details)).filter(
      (text) => !text.includes('audience-confirmed'),
    )
    expect(withoutUnasked.slice(-results.length)).toEqual(results)
    expect(await explain({}, details)).toMatchObject({
      answeredStatus: 500,
      summary: expect.stringContaining('could not be decided'),
      whatToDo: expect.stringContaining('request id'),
    })
  })

  it('claims no more than is known of a login with a client secret that broke down', async () => {
    const checks = [{ rule: 'client-id', isMet: true, expected: 'known', found: 'known' }]
    expect(await resultsOf({ event: 'universal-login' }, { checks })).toEqual([
      'passed until client-id',
      'unknown until access-token',
    ])
  })

  it('shows a reason that this version does not know', async () => {
    expect(await explain({ outcome: 'denied', reason: 'from-the-future' })).toMatchObject({
      summary: 'The login with Kubernetes Auth was refused. The reason is from-the-future.',
      whatToDo: null,
      answeredStatus: 401,
    })
  })

  it('asks the store for nothing that no request id can be', async () => {
    const explainLogin = createExplainLogin({
      events: { find: () => Promise.reject(new Error('asked')) },
      findIdentityName: async () => undefined,
      findGatewayName: async () => undefined,
    })
    for (const requestId of ['', 'a b', 'a\0b', 'é', 'x'.repeat(101)]) {
      await expect(explainLogin(requestId, organizationId)).rejects.toMatchObject({ code: 'NotFound' })
    }
  })
})
