import { createSecretKey, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { afterEach, expect, it } from 'vitest'
import { openKeyring } from '../keyring/keyring.ts'
import { sealBytes } from '../keyring/sealed-bytes.ts'
import { createKeyringStore } from './keyring-store.ts'
import { migrateDatabase } from './migrate.ts'
import * as foundation from './migrations/0001-foundation.ts'
import * as gatewayPools from './migrations/0002-gateway-pools.ts'
import * as gatewayCredentials from './migrations/0003-gateway-credentials.ts'
import { type TestDatabase, createTestDatabase } from './test/create-test-database.ts'

let test: TestDatabase
afterEach(() => test.close())

async function migrateToThird(): Promise<void> {
  const earlier = {
    '0001-foundation': foundation,
    '0002-gateway-pools': gatewayPools,
    '0003-gateway-credentials': gatewayCredentials,
  }
  const provider = { getMigrations: () => Promise.resolve(earlier) }
  const { error } = await new Migrator({ db: test.kysely, provider }).migrateToLatest()
  expect(error).toBeUndefined()
}

it('a database of three migrations comes along with what is in it: rows, their defaults, and what is sealed', async () => {
  test = await createTestDatabase({ isBlank: true })
  await migrateToThird()
  const rootKey = createSecretKey(randomBytes(32))
  const key = randomBytes(32)
  const wrapped = sealBytes(rootKey, ['organization-key'], key)
  const { rows } = await sql<{ id: string }>`
    insert into organizations (name, slug, wrapped_key) values ('Acme', 'acme', ${wrapped}) returning id`.execute(
    test.kysely,
  )
  const organizationId = rows[0]?.id ?? ''
  const people = await sql<{ id: string }>`
    insert into users (email, password_hash) values ('ada@example.com', 'hash') returning id`.execute(
    test.kysely,
  )
  const userId = people.rows[0]?.id ?? ''
  await sql`insert into organization_members (organization_id, user_id, role)
    values (${organizationId}, ${userId}, 'admin')`.execute(test.kysely)
  const machines = await sql<{ id: string }>`
    insert into identities (organization_id, name, role) values (${organizationId}, 'ci', 'member') returning id`.execute(
    test.kysely,
  )
  const identityId = machines.rows[0]?.id ?? ''
  const context = `kubernetes-auth/${identityId}/ca-cert`
  const sealed = sealBytes(createSecretKey(key), ['organization', organizationId, context], 'a certificate')
  await sql`insert into revocations (scope, organization_id, identity_id, expires_at)
    values ('identity', ${organizationId}, ${identityId}, now() + interval '1 day')`.execute(test.kysely)
  await sql`insert into audit_events (occurred_at, organization_id, request_id, event, outcome, actor_kind, details)
    values (now(), ${organizationId}, 'r', 'login', 'success', 'identity', '{}')`.execute(test.kysely)

  expect((await migrateDatabase(test.kysely))[0]).toBe('0004-people')

  const database = test.kysely
  const member = await database.selectFrom('organization_members').selectAll().executeTakeFirstOrThrow()
  expect(member).toMatchObject({ user_id: userId, role: 'admin', is_disabled: false })
  expect(await database.selectFrom('users').select('name').execute()).toEqual([{ name: '' }])
  const organization = await database.selectFrom('organizations').selectAll().executeTakeFirstOrThrow()
  expect(organization).toMatchObject({
    key_version: 1,
    default_member_role: 'member',
    audit_retention_days: null,
  })
  const identity = await database.selectFrom('identities').selectAll().executeTakeFirstOrThrow()
  expect(identity).toMatchObject({ id: identityId, project_id: null })
  const revocation = await database.selectFrom('revocations').selectAll().executeTakeFirstOrThrow()
  expect(revocation).toMatchObject({ identity_id: identityId, client_secret_id: null })
  const event = await database.selectFrom('audit_events').selectAll().executeTakeFirstOrThrow()
  expect(event).toMatchObject({ event: 'login', project_id: null })
  const keyring = await openKeyring(rootKey, createKeyringStore(test))
  expect(await keyring.decryptFor(organizationId, context, sealed)).toBe('a certificate')
})
