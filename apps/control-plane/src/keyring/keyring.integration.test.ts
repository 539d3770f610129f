import { createSecretKey, randomBytes } from 'node:crypto'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { createKeyringStore } from '../database/keyring-store.ts'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { StartupProblem } from '../startup-problem.ts'
import { openInstanceSecret } from './instance-secret.ts'
import { type Keyring, openKeyring } from './keyring.ts'
import { UnreadableCiphertext, keyNumberOf, numberedHeader } from './sealed-bytes.ts'

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

  it('makes one instance secret, though several replicas start at once, and shows it nowhere', async () => {
    const store = createKeyringStore(database)
    const secrets = await Promise.all(Array.from({ length: 4 }, () => openInstanceSecret(keyring, store)))
    const [secret] = secrets
    if (secret === undefined) throw new Error('there is none')
    expect(secrets.every((other) => other.equals(secret))).toBe(true)
    expect(secret.symmetricKeySize).toBe(32)
    const kept = await store.keepInstanceSecret(Buffer.alloc(0))
    expect(kept.includes(secret.export())).toBe(false)
  })

  it('leaves no plaintext in the database', async () => {
    const sealed = await keyring.encryptFor(first, 'ca-cert', 'canary-text')
    expect(sealed.includes('canary')).toBe(false)
  })

  describe('an organization with several keys', () => {
    async function rotate(organizationId: string): Promise<void> {
      const { key_version, wrapped_key } = await database.kysely
        .selectFrom('organizations')
        .select(['key_version', 'wrapped_key'])
        .where('id', '=', organizationId)
        .executeTakeFirstOrThrow()
      await database.kysely
        .insertInto('organization_earlier_keys')
        .values({ organization_id: organizationId, version: key_version, wrapped_key })
        .execute()
      await database.kysely
        .updateTable('organizations')
        .set({ key_version: key_version + 1, wrapped_key: keyring.createOrganizationKey() })
        .where('id', '=', organizationId)
        .execute()
    }

    it('encrypts under the newest, and reads what each has encrypted', async () => {
      const id = await addOrganization('several')
      const before = await keyring.encryptFor(id, 'a', 'old')
      await rotate(id)
      keyring.forgetKeysOf(id)
      const after = await keyring.encryptFor(id, 'a', 'new')
      expect([keyNumberOf(before), keyNumberOf(after)]).toEqual([1, 2])
      const sealed = [before, after].map((ciphertext) => ({ context: 'a', ciphertext }))
      expect(await keyring.decryptAllFor(id, sealed)).toEqual(['old', 'new'])
    })

    it('opens nothing under the number of another of its keys', async () => {
      const id = await addOrganization('numbers')
      await rotate(id)
      const sealed = await keyring.encryptFor(id, 'a', 'text')
      const renumbered = Buffer.concat([numberedHeader(1), sealed.subarray(5)])
      await expect(keyring.decryptFor(id, 'a', renumbered)).rejects.toThrow(UnreadableCiphertext)
      await expect(
        keyring.decryptFor(id, 'a', Buffer.concat([numberedHeader(9), sealed.subarray(5)])),
      ).rejects.toThrow(UnreadableCiphertext)
    })

    it('reads at once what another process encrypted under a newer key, and uses that key itself in a second', async () => {
      const id = await addOrganization('replicas')
      let elapsedMs = 0
      const other = await openKeyring(rootKey, createKeyringStore(database), { elapsedMs: () => elapsedMs })
      expect(keyNumberOf(await other.encryptFor(id, 'a', 'x'))).toBe(1)
      await rotate(id)
      expect(keyNumberOf(await other.encryptFor(id, 'a', 'x'))).toBe(1)
      elapsedMs = 1_000
      expect(keyNumberOf(await other.encryptFor(id, 'a', 'x'))).toBe(2)
      await rotate(id)
      keyring.forgetKeysOf(id)
      const newest = await keyring.encryptFor(id, 'a', 'newest')
      expect(await other.decryptFor(id, 'a', newest)).toBe('newest')
    })
  })

  describe('a change of the root key', () => {
    it('seals everything again: afterwards the new key opens it alone, and the old one nothing', async () => {
      const own = await createTestDatabase()
      const store = createKeyringStore(own)
      const [oldKey, newKey] = [createSecretKey(randomBytes(32)), createSecretKey(randomBytes(32))]
      const before = await openKeyring(oldKey, store)
      const { id } = await own.kysely
        .insertInto('organizations')
        .values({ name: 'n', slug: 'n', wrapped_key: before.createOrganizationKey(), key_version: 2 })
        .returning('id')
        .executeTakeFirstOrThrow()
      await own.kysely
        .insertInto('organization_earlier_keys')
        .values({ organization_id: id, version: 1, wrapped_key: before.createOrganizationKey() })
        .execute()
      await own.kysely
        .insertInto('signing_keys')
        .values({
          id: 'key',
          public_jwk: '{}',
          private_key_encrypted: before.encryptForInstance('signing-key:key', 'pem'),
        })
        .execute()
      const sealed = await before.encryptFor(id, 'a', 'text')

      await expect(openKeyring(newKey, store)).rejects.toThrow(/POSTERN_PREVIOUS_ROOT_KEY/)
      await openKeyring(newKey, store, { previousRootKey: oldKey })
      await expect(openKeyring(oldKey, store)).rejects.toThrow(StartupProblem)

      const after = await openKeyring(newKey, store)
      expect(await after.decryptFor(id, 'a', sealed)).toBe('text')
      const { private_key_encrypted } = await own.kysely
        .selectFrom('signing_keys')
        .select('private_key_encrypted')
        .executeTakeFirstOrThrow()
      expect(after.decryptForInstance('signing-key:key', private_key_encrypted)).toBe('pem')
      await own.close()
    })

    it('leaves the instance secret as it was, for those with the new key', async () => {
      const own = await createTestDatabase()
      const store = createKeyringStore(own)
      const [oldKey, newKey] = [createSecretKey(randomBytes(32)), createSecretKey(randomBytes(32))]
      const secret = await openInstanceSecret(await openKeyring(oldKey, store), store)
      await openKeyring(newKey, store, { previousRootKey: oldKey })
      const after = await openInstanceSecret(await openKeyring(newKey, store), store)
      expect(after.equals(secret)).toBe(true)
      await own.close()
    })

    it('needs no pause: replicas that know both keys read what either has sealed', async () => {
      const own = await createTestDatabase()
      const store = createKeyringStore(own)
      const [oldKey, newKey] = [createSecretKey(randomBytes(32)), createSecretKey(randomBytes(32))]
      const first = await openKeyring(oldKey, store, { previousRootKey: newKey })
      const { id } = await own.kysely
        .insertInto('organizations')
        .values({ name: 'n', slug: 'n', wrapped_key: first.createOrganizationKey() })
        .returning('id')
        .executeTakeFirstOrThrow()
      const second = await openKeyring(newKey, store, { previousRootKey: oldKey })
      const sealed = await second.encryptFor(id, 'a', 'text')
      expect(await first.decryptFor(id, 'a', sealed)).toBe('text')
      await own.close()
    })
  })
})
