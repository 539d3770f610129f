import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test/create-test-database.ts'
import { createTestKey } from './test/gateway-tokens.ts'
import { type GatewayFeature, origin, startGatewayFeature } from './test/start-gateway-feature.ts'
import { goodToken, podAuthMethod, type PodLogins, startPodLogins, verdict } from './test/start-pod-logins.ts'
import { podToken } from './test/test-cluster.ts'

let database: TestDatabase
let feature: GatewayFeature
let organizationId: string
let gatewayId: string
let administer: PodLogins['administer']
let login: PodLogins['login']
let loggedIn: PodLogins['loggedIn']
let dial: PodLogins['dial']

beforeAll(async () => {
  database = await createTestDatabase({ poolMax: 20 })
})
afterAll(() => database.close())
beforeEach(async () => {
  ;({ feature, organizationId, gatewayId, administer, login, loggedIn, dial } =
    await startPodLogins(database))
  return () => feature.close()
})

describe('a pod that the cluster vouches for', () => {
  it.each([
    ['default', 'postern-gateway', 'namespace'],
    ['postern', 'web', 'name'],
  ])('T16 is refused as %s/%s, for good and by the rule', async (namespace, name, rule) => {
    const reply = await login({ jwt: podToken(namespace, name, origin) })
    expect(reply).toMatchObject({
      status: 401,
      body: {
        message: expect.stringContaining(`the ${rule} of`),
        details: { code: 'pod-not-allowed', permanent: true },
      },
    })
    expect(feature.audit.events.at(-1)).toMatchObject({
      reason: `${rule}-not-allowed`,
      organizationId,
      details: { serviceAccount: { namespace, name }, checks: expect.any(Array) },
    })
  })

  it('binds its key, and lets its process connect', async () => {
    const key = createTestKey()
    expect(await login({ publicKey: key.publicKey, jwt: `${goodToken}\n` })).toEqual({
      status: 200,
      body: { gatewayId, gatewayName: 'berlin', organizationId, keyId: key.keyId },
    })
    expect(await dial(key)).toEqual({ ok: true, gatewayId, organizationId, keyId: key.keyId })
    expect(feature.cluster.asked).toMatchObject([
      {
        settings: { tokenReviewerJwt: 'reviewer.jwt.secret', organizationId },
        request: { audiences: [origin] },
      },
    ])
    expect(feature.audit.events).toMatchObject([
      {
        event: 'gateway-enrolled',
        outcome: 'success',
        organizationId,
        actor: { kind: 'gateway', id: gatewayId },
        ipAddress: '127.0.0.1',
        details: {
          method: 'kubernetes',
          keyId: key.keyId,
          isRepeated: false,
          serviceAccount: { namespace: 'postern', name: 'postern-gateway' },
          review: { reviewer: 'stored-jwt' },
        },
      },
    ])
  })

  it('has the same answer again for the same key, and keeps the keys of other processes', async () => {
    const [one, other] = [await loggedIn(), await loggedIn()]
    expect(await login({ publicKey: one.publicKey })).toMatchObject({
      status: 200,
      body: { keyId: one.keyId },
    })
    for (const key of [one, other]) expect(await dial(key)).toMatchObject({ ok: true })
  })

  it('is refused a key that another gateway has, and told to make a new one', async () => {
    const key = await loggedIn()
    const { body } = await administer('POST', '', { name: 'paris', authMethod: podAuthMethod })
    expect(await login({ gatewayId: body['id'], publicKey: key.publicKey })).toMatchObject({
      status: 400,
      body: { details: { code: 'public-key-known', permanent: false } },
    })
    expect(await dial(key)).toMatchObject({ ok: true, gatewayId })
  })

  it('closes the tunnels of the oldest process when there are more than 16', async () => {
    const oldest = await loggedIn()
    feature.tunnels.open({ gatewayId, keyId: oldest.keyId })
    for (let count = 0; count < 16; count += 1) await loggedIn()
    expect(feature.tunnels.closed).toEqual([
      { gatewayId, keyId: oldest.keyId, reason: 'credential-replaced' },
    ])
    expect(await dial(oldest)).toMatchObject({ code: 'credential-unknown', permanent: true })
  })

  it('may send the method token, which is the enrolment by a token', async () => {
    const { body } = await administer('POST', '', { name: 'paris' })
    const path = `/${String(body['id'])}/token-auth/generate-enrollment-token`
    const { token } = (await administer('POST', path)).body
    const key = createTestKey()
    const enrolment = { method: 'token', token, publicKey: key.publicKey }
    const reply = await feature.call('POST', '/api/v3/gateways/login', { body: enrolment })
    expect(reply).toMatchObject({ status: 200, body: { gatewayName: 'paris', keyId: key.keyId } })
  })

  it('gets in by the rules as they are when the cluster has answered', async () => {
    const changed = Promise.withResolvers<void>()
    feature.cluster.answer(async () => {
      await changed.promise
      return verdict({})
    })
    const waiting = login()
    await vi.waitFor(() => expect(feature.cluster.asked).toHaveLength(1))
    await administer('PATCH', `/${gatewayId}`, { authMethod: { ...podAuthMethod, allowedNames: 'nobody' } })
    changed.resolve()
    expect(await waiting).toMatchObject({
      status: 503,
      body: { details: { code: 'configuration-changed', permanent: false } },
    })
  })

  it('is not bound when the audit row cannot be written', async () => {
    const key = createTestKey()
    feature.audit.refuse(true)
    expect((await login({ publicKey: key.publicKey })).status).toBe(500)
    feature.audit.refuse(false)
    expect(await dial(key)).toMatchObject({ ok: false })
  })
})

describe('a gateway by pods’ tokens', () => {
  it('T49 that is revoked is gone on every replica within 5 s, and its pods are kept out', async () => {
    const elsewhere = await startGatewayFeature(database.kysely)
    const key = await loggedIn()
    for (const replica of [feature, elsewhere]) replica.tunnels.open({ gatewayId, keyId: key.keyId })
    expect(await administer('POST', `/${gatewayId}/revoke`)).toEqual({
      status: 200,
      body: { method: 'kubernetes' },
    })
    expect(feature.tunnels.tunnelCount(gatewayId)).toBe(0)
    await vi.waitFor(() => expect(elsewhere.tunnels.tunnelCount(gatewayId)).toBe(0), 5000)
    await elsewhere.close()
    expect(await dial(key)).toMatchObject({ code: 'credential-revoked', permanent: true })
    expect(await login()).toMatchObject({
      status: 401,
      body: { details: { code: 'gateway-revoked', permanent: true } },
    })
    expect(await administer('GET', `/${gatewayId}`)).toMatchObject({
      body: { status: 'revoked', canRevoke: false },
    })
  })

  it('T49 that is revoked while its cluster is asked is not let in', async () => {
    const revoked = Promise.withResolvers<void>()
    feature.cluster.answer(async () => {
      await revoked.promise
      return verdict({})
    })
    const waiting = login()
    await vi.waitFor(() => expect(feature.cluster.asked).toHaveLength(1))
    await administer('POST', `/${gatewayId}/revoke`)
    revoked.resolve()
    expect(await waiting).toMatchObject({ status: 401, body: { details: { code: 'gateway-revoked' } } })
  })

  it('comes back once a person has set its method again', async () => {
    await administer('POST', `/${gatewayId}/revoke`)
    await administer('PATCH', `/${gatewayId}`, { authMethod: podAuthMethod })
    expect(await dial(await loggedIn())).toMatchObject({ ok: true })
  })

  it('loses its keys when others are let in, and keeps them when only the reviewer’s JWT is new', async () => {
    const key = await loggedIn()
    feature.tunnels.open({ gatewayId, keyId: key.keyId })
    const renewed = { ...podAuthMethod, tokenReviewerJwt: 'new.reviewer.jwt' }
    await administer('PATCH', `/${gatewayId}`, { authMethod: renewed })
    expect(await dial(key)).toMatchObject({ ok: true })
    await administer('PATCH', `/${gatewayId}`, { authMethod: { ...renewed, allowedNamespaces: 'other' } })
    expect(feature.tunnels.closed).toEqual([{ gatewayId, keyId: key.keyId, reason: 'credential-replaced' }])
    expect(await dial(key)).toMatchObject({ code: 'credential-unknown', permanent: true })
  })
})
