import { createSecretKey, randomBytes } from 'node:crypto'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { createKeyringStore } from '../database/keyring-store.ts'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { StartupProblem } from '../startup-problem.ts'
import { type Keyring, openKeyring } from './keyring.ts'
import { UnreadableCiphertext } from './sealed-bytes.ts'

const rootKey = createSecretKey(randomBytes(32))
const unknownOrganization = '00000000-0000-4000-8000-000000000000'

describe('openKeyring', () => {
  let database: TestDatabase
  let keyring: Keyring
  let first: string
  let second: string

  beforeAll(async () => {
    database = await createTestDatabase()
    keyring = await openKeyring(rootKey, createKeyringStore(database))
    first = await addOrganization('first')
    second = await addOrganization('second')
  })
  afterAll(() => database.close())

  async function addOrganization(slug: string): Promise<string> {
    const { id } = await database.kysely
      .insertInto('organizations')
      .values({ name: slug, slug, wrapped_key: keyring.createOrganizationKey() })
      .returning('id')
      .executeTakeFirstOrThrow()
    return id
  }

  it('reads back what it encrypted, after a restart too', async () => {
    const sealed = await keyring.encryptFor(first, 'ca-cert', 'text')
    const instance = keyring.encryptForInstance('signing-key/1', 'pem')
    const restarted = await openKeyring(rootKey, createKeyringStore(database))
    expect(await restarted.decryptFor(first, 'ca-cert', sealed)).toBe('text')
    expect(restarted.decryptForInstance('signing-key/1', instance)).toBe('pem')
  })

  it('opens nothing for another organization, another context, or as a secret of the instance', async () => {
    const sealed = await keyring.encryptFor(first, 'ca-cert', 'text')
    await expect(keyring.decryptFor(second, 'ca-cert', sealed)).rejects.toThrow(UnreadableCiphertext)
    await expect(keyring.decryptFor(first, 'reviewer-jwt', sealed)).rejects.toThrow(UnreadableCiphertext)
    expect(() => keyring.decryptForInstance('ca-cert', sealed)).toThrow(UnreadableCiphertext)
  })

  it('opens nothing for another organization even if the wrapped keys change places in the database', async () => {
    const sealed = await keyring.encryptFor(first, 'ca-cert', 'text')
    const moved = await addOrganization('moved')
    const { wrapped_key } = await database.kysely
      .selectFrom('organizations')
      .select('wrapped_key')
      .where('id', '=', first)
      .executeTakeFirstOrThrow()
    await database.kysely.updateTable('organizations').set({ wrapped_key }).where('id', '=', moved).execute()
    await expect(keyring.decryptFor(moved, 'ca-cert', sealed)).rejects.toThrow(UnreadableCiphertext)
  })

  it('refuses an organization that does not exist, and serves it once it does', async () => {
    await expect(keyring.encryptFor(unknownOrganization, 'x', 'y')).rejects.toThrow(UnreadableCiphertext)
    await database.kysely
      .insertInto('organizations')
      .values({ id: unknownOrganization, name: 'n', slug: 'n', wrapped_key: keyring.createOrganizationKey() })
      .execute()
    const sealed = await keyring.encryptFor(unknownOrganization, 'x', 'y')
    expect(await keyring.decryptFor(unknownOrganization, 'x', sealed)).toBe('y')
  })

  it('refuses to start with another root key, and says why', async () => {
    const other = createSecretKey(randomBytes(32))
    const refused = openKeyring(other, createKeyringStore(database))
    await expect(refused).rejects.toThrow(StartupProblem)
    await expect(refused).rejects.toThrow(/not the one that this database was made with.*POSTERN_ROOT_KEY/)
  })

  it('agrees on one check when several start at once on a new database', async () => {
    const fresh = await createTestDatabase()
    const keys = Array.from({ length: 4 }, () => createSecretKey(randomBytes(32)))
    const starts = await Promise.allSettled(keys.map((key) => openKeyring(key, createKeyringStore(fresh))))
    await fresh.close()
    expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('leaves no plaintext in the database', async () => {
    const sealed = await keyring.encryptFor(first, 'ca-cert', 'canary-text')
    expect(sealed.includes('canary')).toBe(false)
  })
})
