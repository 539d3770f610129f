import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { createAccessTokenUseStorePostgres } from './access-token-use-store-postgres.ts'
import { describeAccessTokenUseStore } from './access-token-use-store.conformance.ts'
import { createRevocationStorePostgres } from './revocation-store-postgres.ts'
import { describeRevocationStore } from './revocation-store.conformance.ts'
import { createSigningKeyStorePostgres } from './signing-key-store-postgres.ts'
import { describeSigningKeyStore } from './signing-key-store.conformance.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase({ poolMax: 10 })
})
afterAll(() => database.close())

describeSigningKeyStore(async () => {
  await database.kysely.deleteFrom('signing_keys').execute()
  return createSigningKeyStorePostgres(database.kysely)
})

describeAccessTokenUseStore(() => createAccessTokenUseStorePostgres(database.kysely))

describeRevocationStore(() => ({
  store: createRevocationStorePostgres(database.kysely),
  addSlowly: async (subject) => {
    const transaction = await database.kysely.startTransaction().execute()
    await createRevocationStorePostgres(transaction).add(subject, 60)
    return { commit: () => transaction.commit().execute() }
  },
}))

describe('the revocations of PostgreSQL', () => {
  it('are read page by page until none is left', async () => {
    await sql`
      insert into revocations (scope, token_id, expires_at)
      select 'token', gen_random_uuid(), now() + interval '1 hour' from generate_series(1, 25000)
    `.execute(database.kysely)
    const store = createRevocationStorePostgres(database.kysely)
    const tokenIds = new Set<string>()
    const pages: number[] = []
    let cursor: number | undefined
    do {
      const page = await store.readPage(cursor)
      for (const marker of page.markers) if (marker.scope === 'token') tokenIds.add(marker.tokenId)
      pages.push(page.markers.length)
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(tokenIds.size).toBeGreaterThanOrEqual(25_000)
    expect(pages.slice(0, 2)).toEqual([10_000, 10_000])
  })
})
