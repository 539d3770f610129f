import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from './database/database.ts'
import { migrateDatabase } from './database/migrate.ts'
import { type RestartablePostgres, startRestartablePostgres } from './database/test/restartable-postgres.ts'
import type { Reply } from './test/start-test-app.ts'
import {
  type Client,
  detailsPath,
  type PosternWithClients,
  startPosternWithClients,
  universalAuthPath,
} from './universal-auth/test/postern-with-clients.ts'

let postgres: RestartablePostgres
let postern: PosternWithClients
let client: Client
beforeAll(async () => {
  postgres = await startRestartablePostgres()
  const database = openDatabase({ url: postgres.url, poolMax: 5, logger: { warn: () => undefined } })
  await migrateDatabase(database.kysely)
  postern = await startPosternWithClients({}, { database: { ...database, url: postgres.url } })
  client = await postern.createClient()
}, 60_000)
afterAll(async () => {
  await postern.close()
  await postgres.close()
})

/** Asks again and again until it is told to stop. */
async function keepAsking(ask: () => Promise<Reply>, replies: Reply[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    replies.push(await ask())
    await sleep(5)
  }
}

const statusesOf = (replies: readonly Reply[]) =>
  [...new Set(replies.map(({ status }) => String(status)))].toSorted()
const details = (token: string) => postern.call('GET', detailsPath, undefined, token)
const requestIdOf = (reply: Reply) => reply.headers.get('x-request-id') ?? ''

async function loginsWrittenDown(): Promise<Map<string, number>> {
  const rows = await postern.app.database.kysely
    .selectFrom('audit_events')
    .select((eb) => ['request_id', eb.fn.countAll<number>().as('count')])
    .where('event', '=', 'universal-login')
    .where('outcome', '=', 'success')
    .groupBy('request_id')
    .execute()
  return new Map(rows.map(({ request_id: requestId, count }) => [requestId, count]))
}

async function revokedToken(): Promise<string> {
  const revoked = await postern.createClient()
  const token = await postern.logIn(revoked)
  await postern.call(
    'POST',
    `${universalAuthPath(revoked.identityId)}/client-secrets/${revoked.clientSecretId}/revoke`,
  )
  expect((await details(token)).status).toBe(401)
  return token
}

describe('while PostgreSQL restarts', () => {
  it.each(['SIGINT', 'SIGQUIT', 'SIGKILL'] as const)(
    '(%s) no login and no token is answered wrongly, and what was answered is written down once',
    async (signal) => {
      const [token, revoked] = [await postern.logIn(client), await revokedToken()]
      const stopping = new AbortController()
      const [logins, uses, refused]: [Reply[], Reply[], Reply[]] = [[], [], []]
      const asking = [
        ...Array.from({ length: 4 }, () => keepAsking(() => postern.login(client), logins, stopping.signal)),
        ...Array.from({ length: 2 }, () => keepAsking(() => details(token), uses, stopping.signal)),
        keepAsking(() => details(revoked), refused, stopping.signal),
      ]
      await expect.poll(() => logins.length).toBeGreaterThan(20)
      await postgres.stop(signal)
      await sleep(500)
      await postgres.start()
      for (const replies of [logins, uses, refused]) {
        const [before] = [replies.length]
        await expect.poll(() => replies.length - before, { timeout: 10_000 }).toBeGreaterThan(20)
      }
      const last = logins.slice(-10)
      stopping.abort()
      await Promise.all(asking)

      expect(statusesOf(last)).toEqual(['200'])
      expect(statusesOf(logins).filter((status) => status !== '503')).toEqual(['200'])
      expect(statusesOf(uses).filter((status) => status !== '503')).toEqual(['200'])
      expect(statusesOf(refused).filter((status) => status !== '503')).toEqual(['401'])
      const written = await loginsWrittenDown()
      const answered = logins.filter(({ status }) => status === 200).map(requestIdOf)
      expect(answered.filter((requestId) => written.get(requestId) !== 1)).toEqual([])
      expect([...written.values()].filter((count) => count !== 1)).toEqual([])
    },
    60_000,
  )

  it('T41: tokens are refused once nobody can tell whether they were revoked, and good again when it is back', async () => {
    const [token, revoked] = [await postern.logIn(client), await revokedToken()]
    await postgres.stop('SIGINT')
    const replies: Reply[] = []
    const statusNow = async () => {
      replies.push(await details(token))
      return replies.at(-1)?.status
    }
    await expect.poll(statusNow, { timeout: 15_000, interval: 250 }).toBe(503)
    expect((await postern.login(client)).status).toBe(503)
    expect((await details(revoked)).status).not.toBe(200)
    await postgres.start()
    await expect.poll(statusNow, { timeout: 10_000, interval: 100 }).toBe(200)
    expect((await details(revoked)).status).toBe(401)
    expect((await postern.login(client)).status).toBe(200)
    expect(statusesOf(replies)).toEqual(['200', '503'])
  }, 60_000)
})
