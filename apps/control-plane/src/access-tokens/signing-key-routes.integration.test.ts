import { accessTokenReply } from '@postern/api-contract/access-tokens'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  detailsPath,
  type PosternWithClients,
  startPosternWithClients,
} from '../universal-auth/test/postern-with-clients.ts'

let postern: PosternWithClients
beforeAll(async () => {
  postern = await startPosternWithClients()
})
afterAll(() => postern.close())

const use = (token: string) => postern.app.call('GET', detailsPath, { token })
const logInWith = async (settings: object) => postern.logIn(await postern.createClient(settings))

describe('signing keys', () => {
  const url = '/api/v1/admin/signing-keys'
  const keySet = async () => (await postern.app.call('GET', '/.well-known/jwks.json')).body

  it('are not shown or rotated without a token, nor without the right', async () => {
    const token = await logInWith({})
    for (const [method, path, action] of [
      ['GET', url, 'read'],
      ['POST', `${url}/rotate`, 'create'],
    ] as const) {
      expect((await postern.app.call(method, path)).status).toBe(401)
      const denied = await postern.call(method, path, undefined, token)
      expect(denied).toMatchObject({ status: 403, body: { details: { action, subject: 'signing-keys' } } })
    }
  })

  it('that another replica has made are known though nobody told of them', async () => {
    const own = await startPosternWithClients()
    const replica = await own.app.startReplica()
    try {
      await sql`update signing_keys set created_at = now() - interval '1 day'`.execute(
        own.app.database.kysely,
      )
      expect((await own.call('POST', `${url}/rotate`)).status).toBe(200)
      const known = await own.app.call('GET', '/.well-known/jwks.json')
      expect(known.body).toMatchObject({ keys: [{}, {}] })
      const knownThere = async () => (await replica.call('GET', '/.well-known/jwks.json')).body
      await expect.poll(knownThere, { timeout: 10_000 }).toEqual(known.body)
    } finally {
      await replica.stop()
      await own.close()
    }
  })

  it('rotate with an overlap: published at once, signing later, the old one verifying; and once at a time', async () => {
    const { kysely } = postern.app.database
    const before = await logInWith({})
    await sql`update signing_keys set created_at = now() - interval '1 day'`.execute(kysely)
    const rotations = await Promise.all([1, 2].map(() => postern.call('POST', `${url}/rotate`)))
    expect(rotations.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 400])
    const rotated = rotations.find(({ status }) => status === 200)
    expect(rotated?.body).toMatchObject({ signingKey: { state: 'waiting', retiresAt: null } })
    const rows = await Promise.all(rotations.map((rotation) => postern.auditOf(rotation)))
    expect(rows.flat()).toMatchObject([{ event: 'signing-key-rotated', outcome: 'success' }])
    expect(await postern.call('GET', url)).toMatchObject({
      body: { signingKeys: [{ state: 'signing' }, { state: 'waiting' }] },
    })
    expect(await keySet()).toMatchObject({ keys: [{}, {}] })
    const after = await logInWith({})
    expect(after.split('.')[0]).toBe(before.split('.')[0])

    // Eleven minutes later, on a process that starts then.
    await sql`update signing_keys set created_at = created_at - interval '11 minutes'`.execute(kysely)
    const replica = await postern.app.startReplica()
    try {
      const { clientId, clientSecret } = await postern.createClient()
      const body = { clientId, clientSecret }
      const login = await replica.call('POST', '/api/v1/auth/universal-auth/login', { body })
      const fresh = accessTokenReply.parse(login.body).accessToken
      expect(fresh.split('.')[0]).not.toBe(before.split('.')[0])
      const at = (token: string) => replica.call('GET', detailsPath, { token })
      expect(await Promise.all([at(before), at(fresh)])).toMatchObject([{ status: 200 }, { status: 200 }])
      expect((await use(fresh)).status).toBe(200)
      const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', replica.url))
      for (const token of [before, fresh]) {
        const { payload } = await jwtVerify(token, keys, { issuer: 'https://postern.example.com' })
        expect(payload['orgId']).toBe(postern.organizationId)
      }
    } finally {
      await replica.stop()
    }
  })

  it('may be cached by verifiers for less time than a new key waits', async () => {
    const reply = await postern.app.call('GET', '/.well-known/jwks.json')
    expect(reply.headers.get('cache-control')).toBe('public, max-age=300')
  })
})
