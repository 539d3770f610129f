import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClientWorld, createClientWorld } from './client-world.ts'
import { type Kind, loginFields, unreadable, valueAt } from './reading.ts'
import { startCluster } from './start-cluster.ts'
import { createTerraformCalls } from './terraform-calls.ts'

const fields: Record<string, Kind> = {
  'identityKubernetesAuth.id': 'text',
  'identityKubernetesAuth.identityId': 'text',
  'identityKubernetesAuth.tokenReviewMode': 'text',
  'identityKubernetesAuth.kubernetesHost': 'null or text',
  'identityKubernetesAuth.caCert': 'text',
  'identityKubernetesAuth.tokenReviewerJwt': 'null or text',
  'identityKubernetesAuth.allowedNamespaces': 'text',
  'identityKubernetesAuth.allowedNames': 'text',
  'identityKubernetesAuth.allowedAudience': 'text',
  'identityKubernetesAuth.gatewayId': 'null or text',
  'identityKubernetesAuth.accessTokenTTL': 'integer',
  'identityKubernetesAuth.accessTokenMaxTTL': 'integer',
  'identityKubernetesAuth.accessTokenNumUsesLimit': 'integer',
  'identityKubernetesAuth.accessTokenTrustedIps.0.ipAddress': 'text',
  'identityKubernetesAuth.accessTokenTrustedIps.0.type': 'text',
  'identityKubernetesAuth.accessTokenTrustedIps.0.prefix': 'integer',
}

/** The calls of its resource for Kubernetes Auth, to a cluster that answers. */
describe('the Terraform provider', () => {
  let world: ClientWorld
  beforeAll(async () => {
    world = await createClientWorld()
  })
  afterAll(() => world.close())
  const { send, createIdentity } = createTerraformCalls(() => world)

  it('attaches Kubernetes Auth, reads back what it wrote, changes it, and removes it', async () => {
    await using cluster = await startCluster()
    const identityId = await createIdentity('with-kubernetes-auth')
    const root = `/api/v1/auth/kubernetes-auth/identities/${identityId}`
    // As it writes it: times of zero are left out, the gateway is null, and the identity is named twice.
    const settings = {
      tokenReviewMode: 'api',
      kubernetesHost: cluster.url,
      caCert: cluster.caCert,
      tokenReviewerJwt: cluster.reviewerJwt,
      allowedNamespaces: 'payments',
      allowedNames: '',
      allowedAudience: '',
      accessTokenTrustedIps: [{ ipAddress: '0.0.0.0/0' }, { ipAddress: '::/0' }],
      gatewayId: null,
      identityId,
    }
    const attached = await send('POST', root, settings)
    expect(unreadable(attached, fields)).toEqual([])
    const read = await send('GET', root)
    expect(unreadable(read, fields)).toEqual([])
    // It compares what it reads with its plan: anything else would be a difference for ever.
    const { accessTokenTrustedIps, ...same } = settings
    expect(valueAt(read.body, 'identityKubernetesAuth')).toMatchObject(same)
    const ips = valueAt(read.body, 'identityKubernetesAuth.accessTokenTrustedIps')
    expect(
      (ips as { ipAddress: string; prefix: number }[]).map((ip) => `${ip.ipAddress}/${ip.prefix}`),
    ).toEqual(accessTokenTrustedIps.map(({ ipAddress }) => ipAddress))

    const changed = await send('PATCH', root, { ...settings, allowedNames: 'api', accessTokenTTL: 600 })
    expect(unreadable(changed, fields)).toEqual([])
    expect(valueAt(changed.body, 'identityKubernetesAuth')).toMatchObject({
      allowedNames: 'api',
      accessTokenTTL: 600,
      tokenReviewerJwt: cluster.reviewerJwt,
    })
    const login = await send('POST', '/api/v1/auth/kubernetes-auth/login', {
      identityId,
      jwt: await cluster.mintPodToken(),
    })
    expect(unreadable(login, loginFields)).toEqual([])

    const removed = await send('DELETE', root)
    expect(unreadable(removed, fields)).toEqual([])
    expect((await send('GET', root)).status).toBe(404)
    // It knows nothing of an identity that has none: the refusal has a text.
    const late = await send('PATCH', root, settings)
    expect(late.status).toBe(400)
    expect(valueAt(late.body, 'message')).toEqual(expect.any(String))
  })

  it('changes Kubernetes Auth without a CA that was attached elsewhere: its CA is empty, its reviewer token null', async () => {
    await using cluster = await startCluster()
    const identityId = await createIdentity('without-a-ca')
    const root = `/api/v1/auth/kubernetes-auth/identities/${identityId}`
    const rules = { allowedNamespaces: 'payments', allowedNames: '', allowedAudience: '' }
    const way = { tokenReviewMode: 'api', kubernetesHost: cluster.url, gatewayId: null }
    const attached = await send('POST', root, { ...way, ...rules, verifyTlsCertificate: false })
    expect(unreadable(attached, fields)).toEqual([])
    const changed = await send('PATCH', root, { ...way, ...rules, caCert: '', tokenReviewerJwt: null })
    expect(unreadable(changed, fields)).toEqual([])
    expect(valueAt(changed.body, 'identityKubernetesAuth')).toMatchObject({
      caCert: '',
      tokenReviewerJwt: null,
      verifyTlsCertificate: false,
    })
  })

  it('is told why a cluster cannot be asked, and nothing is saved', async () => {
    const root = `/api/v1/auth/kubernetes-auth/identities/${await createIdentity('nowhere')}`
    const reply = await send('POST', root, {
      tokenReviewMode: 'api',
      kubernetesHost: 'https://127.0.0.1:1',
      allowedNamespaces: 'payments',
      allowedNames: '',
      allowedAudience: '',
      gatewayId: null,
    })
    expect(reply.status).toBe(400)
    expect(valueAt(reply.body, 'message')).toEqual(expect.any(String))
    expect((await send('GET', root)).status).toBe(404)
  })
})
