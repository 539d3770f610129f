import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { NewSigningKey, SigningKeyStore } from './signing-key-store.ts'

/** What every store of signing keys must do. `create` yields one without keys. */
export function describeSigningKeyStore(create: () => Promise<SigningKeyStore>): void {
  const key = (): NewSigningKey => ({
    id: randomUUID(),
    publicJwk: { kty: 'OKP', crv: 'Ed25519', x: randomUUID() },
    privateKeyEncrypted: Buffer.from(randomUUID()),
  })

  describe('a signing key store', () => {
    it('gives back what was added, oldest first', async () => {
      const store = await create()
      const [first, second] = [key(), key()]
      await store.add(first)
      await store.add(second)
      expect(await store.list()).toEqual([
        { ...first, createdAt: expect.any(Date) },
        { ...second, createdAt: expect.any(Date) },
      ])
    })

    it('adds one first key, however many replicas start at once', async () => {
      const store = await create()
      await Promise.all(Array.from({ length: 8 }, () => store.addFirst(key())))
      expect(await store.list()).toHaveLength(1)
    })

    it('no longer lists a retired key, and retires it once', async () => {
      const store = await create()
      const [kept, retired] = [key(), key()]
      await store.add(kept)
      await store.add(retired)
      expect(await store.retire(retired.id)).toBe(true)
      expect(await store.retire(retired.id)).toBe(false)
      expect((await store.list()).map(({ id }) => id)).toEqual([kept.id])
    })

    it('adds one next key, however many replicas rotate at once, and only to keys that are old enough', async () => {
      const store = await create()
      await store.add(key())
      expect(await store.addNext(key(), 60_000)).toBe(false)
      await new Promise((resolve) => setTimeout(resolve, 1100))
      const added = await Promise.all(Array.from({ length: 8 }, () => store.addNext(key(), 1000)))
      expect(added.filter(Boolean)).toHaveLength(1)
      expect(await store.list()).toHaveLength(2)
    })

    it('adds a first key again when every key is retired', async () => {
      const store = await create()
      const [old, fresh] = [key(), key()]
      await store.addFirst(old)
      await store.retire(old.id)
      await store.addFirst(fresh)
      expect((await store.list()).map(({ id }) => id)).toEqual([fresh.id])
    })
  })
}
