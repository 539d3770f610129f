import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  detailsPath,
  type PosternWithClients,
  startPosternWithClients,
  universalAuthPath,
} from '../universal-auth/test/postern-with-clients.ts'

let postern: PosternWithClients
beforeAll(async () => {
  postern = await startPosternWithClients()
})
afterAll(() => postern.close())

const use = (token: string) => postern.app.call('GET', detailsPath, { token })
const logInWith = async (settings: object) => postern.logIn(await postern.createClient(settings))
const revoke = (accessToken: string) =>
  postern.app.call('POST', '/api/v1/auth/token/revoke', { body: { accessToken } })

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

describe('POST /api/v1/auth/token/introspect', () => {
  const url = '/api/v1/auth/token/introspect'
  const introspect = (token: string, caller = postern.admin) => postern.call('POST', url, { token }, caller)
  const byForm = async (form: string, type = 'application/x-www-form-urlencoded') => {
    const headers = { authorization: `Bearer ${postern.admin}`, 'content-type': type }
    const reply = await fetch(postern.app.url + url, { method: 'POST', headers, body: form })
    return { status: reply.status, body: await reply.json() }
  }

  it('is 401 for a caller without a living token of its own', async () => {
    const token = await logInWith({})
    const revoked = await logInWith({})
    await revoke(revoked)
    expect((await postern.app.call('POST', url, { body: { token } })).status).toBe(401)
    expect((await introspect(token, revoked)).status).toBe(401)
  })

  it('says of whatever is not a living token that it is not active, and nothing else', async () => {
    const revoked = await logInWith({})
    await revoke(revoked)
    const disabled = await postern.createClient()
    const ofDisabled = await postern.logIn(disabled)
    await postern.call('PATCH', `/api/v1/identities/${disabled.identityId}`, { isDisabled: true })
    const detached = await postern.createClient()
    const ofDetached = await postern.logIn(detached)
    await postern.call('DELETE', universalAuthPath(detached.identityId))
    const usedUp = await logInWith({ accessTokenNumUsesLimit: 1 })
    await use(usedUp)
    const real = await logInWith({})
    for (const token of ['junk', 'a.b.c', `${real}x`, revoked, ofDisabled, ofDetached, usedUp]) {
      expect(await introspect(token)).toMatchObject({ status: 200 })
      expect((await introspect(token)).body).toEqual({ active: false })
    }
  })

  it('says nothing of a token of another organization', async () => {
    const token = await logInWith({})
    const { kysely } = postern.app.database
    const { id } = await kysely
      .insertInto('organizations')
      .values({ name: 'other', slug: 'other-of-introspection', wrapped_key: Buffer.alloc(0) })
      .returning('id')
      .executeTakeFirstOrThrow()
    const asker = await postern.createClient()
    // An identity that moved: its old token no longer fits either.
    const ofAsker = await postern.logIn(asker)
    await sql`update identities set organization_id = ${id} where id = ${asker.identityId}`.execute(kysely)
    await expect
      .poll(async () => (await introspect(ofAsker)).body, { timeout: 3000 })
      .toEqual({ active: false })
    expect((await introspect(token)).body).toMatchObject({ active: true })
  })

  it('describes a living token, to any identity of its organization, and spends no use of it', async () => {
    const client = await postern.createClient({ accessTokenNumUsesLimit: 2, accessTokenTTL: 600 })
    const token = await postern.logIn(client)
    const caller = await logInWith({})
    for (let time = 0; time < 3; time += 1) {
      const reply = await introspect(token, caller)
      expect(reply.headers.get('cache-control')).toBe('no-store')
      expect(reply.body).toMatchObject({
        active: true,
        token_type: 'Bearer',
        sub: client.identityId,
        iss: 'https://postern.example.com',
        jti: claimsOf(token)['jti'],
        exp: claimsOf(token)['exp'],
        orgId: postern.organizationId,
        authMethod: 'universal-auth',
        clientSecretId: client.clientSecretId,
        usesLeft: 2,
      })
    }
    expect(await Promise.all([use(token), use(token)])).toMatchObject([{ status: 200 }, { status: 200 }])
  })

  it('asks nothing of the address: that is judged where the token is used', async () => {
    const token = await logInWith({ accessTokenTrustedIps: [{ ipAddress: '203.0.113.1' }] })
    expect((await introspect(token)).body).toMatchObject({ active: true, usesLeft: null })
  })

  it('takes a form as RFC 7662 has it, each parameter once', async () => {
    const token = await logInWith({})
    const form = new URLSearchParams({ token, token_type_hint: 'access_token', more: '1' }).toString()
    expect(await byForm(form)).toMatchObject({ status: 200, body: { active: true } })
    expect(await byForm(`token=${token}&token=${token}`)).toMatchObject({ status: 422 })
    expect(await byForm('')).toMatchObject({ status: 422, body: { message: [{ path: ['token'] }] } })
    expect(await byForm(`token=${'x'.repeat(9000)}`)).toMatchObject({ status: 422 })
    expect(await byForm(`token=${'x'.repeat(20_000)}`)).toMatchObject({ status: 413 })
    expect(await byForm(form, 'text/plain')).toMatchObject({ status: 415 })
  })

  it('is the only route that takes forms', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const reply = await fetch(`${postern.app.url}/api/v1/auth/token/revoke`, {
      method: 'POST',
      headers,
      body: 'accessToken=x',
    })
    expect(reply.status).toBe(415)
  })
})
