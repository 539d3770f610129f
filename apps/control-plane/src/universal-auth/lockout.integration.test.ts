import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLockoutStorePostgres } from './lockout-store-postgres.ts'
import {
  type Client,
  type PosternWithClients,
  startPosternWithClients,
  universalAuthPath,
} from './test/postern-with-clients.ts'

let postern: PosternWithClients
beforeAll(async () => {
  // Loopback is a proxy here, so that a test may come from any address.
  postern = await startPosternWithClients({ trustedProxies: ['127.0.0.1'] }, { poolMax: 10 })
})
afterAll(() => postern.close())

const from = (ipAddress: string) => ({ headers: { 'x-forwarded-for': ipAddress } })
const wrong = (client: Client) => ({ ...client, clientSecret: `${client.clientSecret.slice(0, -1)}_` })

describe('a lockout', () => {
  const fail = async (client: Client, times: number, ipAddress: string) => {
    for (let time = 0; time < times; time += 1) await postern.login(wrong(client), from(ipAddress))
  }
  const statusFrom = async (client: Client, ipAddress: string) =>
    (await postern.login(client, from(ipAddress))).status
  const clear = (client: Client) =>
    postern.call('POST', `${universalAuthPath(client.identityId)}/clear-lockouts`)
  const lockoutsOf = (client: Client) =>
    postern.app.database.kysely
      .selectFrom('universal_auth_lockouts')
      .selectAll()
      .where('universal_auth_id', '=', (query) =>
        query.selectFrom('universal_auths').select('id').where('identity_id', '=', client.identityId),
      )
      .execute()

  it('T26: shuts out the address that guesses, and none of the identity’s other sources', async () => {
    const client = await postern.createClient()
    await fail(client, 2, '198.51.100.1')
    expect(await statusFrom(client, '198.51.100.1')).toBe(200)
    await fail(client, 1, '198.51.100.1')
    expect(await statusFrom(client, '198.51.100.1')).toBe(401)
    expect(await statusFrom(client, '198.51.100.2')).toBe(200)
    expect(await statusFrom(client, '2001:db8::1')).toBe(200)
  })

  it('reaches a whole /64 of IPv6, and not the next one', async () => {
    const client = await postern.createClient({ lockoutThreshold: 2 })
    await fail(client, 1, '2001:db8:0:7::1')
    await fail(client, 1, '2001:db8:0:7:ffff::2')
    expect(await statusFrom(client, '2001:db8:0:7:1:2:3:4')).toBe(401)
    expect(await statusFrom(client, '2001:db8:0:8::1')).toBe(200)
  })

  it('counts no further once it holds, and ends with its duration', async () => {
    const client = await postern.createClient({ lockoutThreshold: 1, lockoutDurationSeconds: 30 })
    await fail(client, 1, '198.51.100.1')
    const [before] = await lockoutsOf(client)
    await fail(client, 3, '198.51.100.1')
    expect(await lockoutsOf(client)).toEqual([before])
    await postern.app.database.kysely
      .updateTable('universal_auth_lockouts')
      .set({ locked_until: sql<Date>`now()`, expires_at: sql<Date>`now()` })
      .execute()
    expect(await statusFrom(client, '198.51.100.1')).toBe(200)
  })

  it('begins to count anew when the last wrong secret is long ago', async () => {
    const client = await postern.createClient({ lockoutThreshold: 2 })
    await fail(client, 1, '198.51.100.1')
    await postern.app.database.kysely
      .updateTable('universal_auth_lockouts')
      .set({ expires_at: sql<Date>`now()` })
      .execute()
    await fail(client, 1, '198.51.100.1')
    expect(await statusFrom(client, '198.51.100.1')).toBe(200)
    expect(await lockoutsOf(client)).toMatchObject([{ failures: 1, locked_until: null }])
  })

  it('does not come about where it is turned off', async () => {
    const client = await postern.createClient({ lockoutEnabled: false, lockoutThreshold: 1 })
    await fail(client, 5, '198.51.100.1')
    expect(await statusFrom(client, '198.51.100.1')).toBe(200)
  })

  it('is cleared, and clearing says how many sources were out', async () => {
    const client = await postern.createClient({ lockoutThreshold: 2 })
    await fail(client, 2, '198.51.100.1')
    await fail(client, 2, '2001:db8::1')
    await fail(client, 1, '198.51.100.3')
    expect(await clear(client)).toMatchObject({ status: 200, body: { deleted: 2 } })
    expect(await statusFrom(client, '198.51.100.1')).toBe(200)
    expect(await lockoutsOf(client)).toEqual([])
    const again = await clear(client)
    expect(again.body).toEqual({ deleted: 0 })
    expect(await postern.auditOf(again)).toMatchObject([
      { event: 'lockouts-cleared', details: { deleted: 0 } },
    ])
  })

  it('counts every wrong secret of those that come at once', async () => {
    const client = await postern.createClient({ lockoutThreshold: 30 })
    await Promise.all(Array.from({ length: 20 }, () => fail(client, 1, '198.51.100.1')))
    expect(await lockoutsOf(client)).toMatchObject([{ failures: 20, locked_until: null }])
  })

  it('is forgotten by the database once it has ended, and not before', async () => {
    const client = await postern.createClient({ lockoutThreshold: 1 })
    await fail(client, 1, '198.51.100.1')
    const store = createLockoutStorePostgres(postern.app.database.kysely)
    await store.deleteExpired(1000)
    expect(await lockoutsOf(client)).toHaveLength(1)
    await postern.app.database.kysely
      .updateTable('universal_auth_lockouts')
      .set({ expires_at: sql<Date>`now()` })
      .execute()
    expect(await store.deleteExpired(1000)).toBeGreaterThanOrEqual(1)
    expect(await lockoutsOf(client)).toEqual([])
  })
})
