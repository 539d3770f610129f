import { attachKubernetesAuthRequest } from '@postern/api-contract/kubernetes-auth'
import { expect, it } from 'vitest'
import type { AuditEvent } from '../audit/audit-event.ts'
import { identityActor } from '../permissions/test/actor-fixtures.ts'
import type { PassedOver } from './check-pool.ts'
import { createConfigureKubernetesAuth } from './configure-kubernetes-auth.ts'
import { kubernetesAuthReplyOf } from './kubernetes-auth-reply.ts'
import type { KubernetesAuth, KubernetesAuthSettings } from './kubernetes-auth.ts'

const actor = identityActor()
const identity = {
  id: '33333333-3333-4333-8333-333333333333',
  organizationId: actor.organizationId,
  name: 'ci',
  role: 'no-access',
  isDisabled: false,
  hasDeleteProtection: false,
}
const gatewayPoolId = '55555555-5555-4555-8555-555555555555'

/** Whose reviewers are fine, but for those passed over. */
function configureWith(passedOver: PassedOver[]) {
  const events: AuditEvent[] = []
  let saved: KubernetesAuth | undefined
  const save = (settings: KubernetesAuthSettings) => {
    const at = new Date(0)
    const place = { id: 'auth', identityId: identity.id, organizationId: identity.organizationId }
    saved = { ...settings, ...place, createdAt: at, updatedAt: at }
    return Promise.resolve({ kind: 'saved' as const, auth: saved })
  }
  const record = (event: AuditEvent) => Promise.resolve(void events.push(event))
  const configure = createConfigureKubernetesAuth({
    identities: { findIdentity: async () => ({ ...identity, readAtMs: 0 }) },
    requireWithinIdentity: async () => undefined,
    store: { find: async () => saved },
    commit: (change) =>
      change({
        kubernetesAuths: {
          attach: (_identity, settings) => save(settings),
          update: (_before, settings) => save(settings),
          detach: async () => saved,
        },
        revocations: {
          mark: async () => undefined,
          markToken: (tokenId) =>
            Promise.resolve({ scope: 'token', tokenId, revokedAtMs: 0, expiresAtMs: 0 }),
        },
        audit: { record },
      }),
    checkReviewer: async () => passedOver,
    revocations: { revoke: async () => undefined },
    auditLog: { record },
    onChanged: () => undefined,
    now: () => new Date(0),
  })
  const context = { actor, requestId: 'request', ipAddress: '127.0.0.1', identityId: identity.id }
  return { configure, context, events }
}

const body = attachKubernetesAuthRequest.parse({
  tokenReviewMode: 'gateway',
  kubernetesHost: null,
  gatewayPoolId,
  allowedNamespaces: 'payments',
  allowedNames: 'api',
  allowedAudience: '',
})

function awayMember(index: number): PassedOver {
  const gatewayName = `gateway-${index}`
  const message = `The gateway ${gatewayName} is not connected`
  return { gatewayId: `id-${index}`, gatewayName, reason: 'gateway-unavailable', message }
}

it('tells of the gateways that a pool was saved without, in the reply and in the audit log', async () => {
  const { configure, context, events } = configureWith([awayMember(1), awayMember(2)])
  const attached = await configure.attach(context, body)
  const updated = await configure.update(context, { allowedNames: 'web' })
  for (const { auth, passedOver } of [attached, updated]) {
    expect(kubernetesAuthReplyOf(auth, true, passedOver).warnings).toEqual([
      'Saved without having tried a gateway: The gateway gateway-1 is not connected.',
      'Saved without having tried a gateway: The gateway gateway-2 is not connected.',
    ])
  }
  const reason = 'gateway-unavailable'
  const members = [1, 2].map((index) => ({
    gatewayId: `id-${index}`,
    gatewayName: `gateway-${index}`,
    reason,
  }))
  expect(events.map(({ details }) => details?.['passedOver'])).toEqual([
    { count: 2, members },
    { count: 2, members },
  ])
})

it('names twenty of many, and says nothing where all were tried', async () => {
  const many = configureWith(Array.from({ length: 30 }, (_, index) => awayMember(index)))
  const { auth, passedOver } = await many.configure.attach(many.context, body)
  const { warnings } = kubernetesAuthReplyOf(auth, true, passedOver)
  expect([warnings.length, warnings.at(-1)]).toEqual([
    21,
    'Saved without having tried 10 more gateways of the pool.',
  ])
  expect(many.events[0]?.details).toMatchObject({ passedOver: { count: 30, members: { length: 20 } } })
  const all = configureWith([])
  const saved = await all.configure.attach(all.context, body)
  expect(kubernetesAuthReplyOf(saved.auth, true, saved.passedOver).warnings).toEqual([])
  expect(all.events[0]?.details).not.toHaveProperty('passedOver')
})
