import { afterEach, describe, expect, it } from 'vitest'
import type { BoundCredential, CredentialRecord } from './credential.ts'
import type { CredentialStore } from './credential-store.ts'
import { createGatewayKey, keyIdOf } from './gateway-key.ts'

export interface StoreUnderTest {
  /** Another process's view of the same place. */
  open: () => CredentialStore
  close: () => Promise<void>
}

/** What every `CredentialStore` does. `make` provides an empty place. */
export function describeCredentialStore(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`a credential store in ${name}`, () => {
    const closing: StoreUnderTest[] = []
    afterEach(async () => {
      for (const place of closing.splice(0)) await place.close()
    })

    async function openEmpty(): Promise<StoreUnderTest> {
      const place = await make()
      closing.push(place)
      return place
    }

    it('is empty at first', async () => {
      const { open } = await openEmpty()
      expect((await open().read()).record).toBeUndefined()
    })

    it('gives back a pending key and then a credential, to every process', async () => {
      const { open } = await openEmpty()
      const bound = boundRecord()
      const dated = {
        ...bound,
        credential: { ...bound.credential, keySince: new Date('2026-11-22T12:00:00Z') },
      }
      for (const record of [pendingRecord(), bound, dated]) {
        const { revision } = await open().read()
        expect(await open().write(record, revision)).toBe('written')
        expect(comparable((await open().read()).record)).toEqual(comparable(record))
      }
    })

    it('lets one of two processes write that read the same', async () => {
      const { open } = await openEmpty()
      const [first, second] = [open(), open()]
      const [{ revision: seenByFirst }, { revision: seenBySecond }] = [
        await first.read(),
        await second.read(),
      ]
      const kept = pendingRecord()
      expect(await first.write(kept, seenByFirst)).toBe('written')
      expect(await second.write(pendingRecord(), seenBySecond)).toBe('conflict')
      expect(comparable((await second.read()).record)).toEqual(comparable(kept))
    })

    it('lets one of eight processes write at the same moment', async () => {
      const { open } = await openEmpty()
      const { revision } = await open().read()
      const results = await Promise.all(
        Array.from({ length: 8 }, () => open().write(pendingRecord(), revision)),
      )
      expect(results.filter((result) => result === 'written')).toHaveLength(1)
    })

    it('lets one of eight processes write the next key at the same moment', async () => {
      const { open } = await openEmpty()
      await open().write(boundRecord(), (await open().read()).revision)
      const { revision } = await open().read()
      const results = await Promise.all(
        Array.from({ length: 8 }, () => open().write(rotatingRecord(), revision)),
      )
      expect(results.filter((result) => result === 'written')).toHaveLength(1)
      expect(results.filter((result) => result === 'conflict')).toHaveLength(7)
    })

    it('gives back the next key beside the credential, and forgets it with the next write', async () => {
      const { open } = await openEmpty()
      for (const record of [rotatingRecord(), boundRecord()]) {
        await open().write(record, (await open().read()).revision)
        expect(comparable((await open().read()).record)).toEqual(comparable(record))
      }
    })

    it('refuses a revision from before the last write', async () => {
      const { open } = await openEmpty()
      const store = open()
      const empty = await store.read()
      await store.write(pendingRecord(), empty.revision)
      const pending = await store.read()
      await store.write(boundRecord(), pending.revision)
      for (const { revision } of [empty, pending]) {
        expect(await store.write(pendingRecord(), revision)).toBe('conflict')
      }
      expect((await store.read()).record?.phase).toBe('bound')
    })
  })
}

export function pendingRecord(): CredentialRecord {
  return { phase: 'pending', privateKey: createGatewayKey(), tokenFingerprint: '0123456789ab' }
}

/** A credential with the key that is to take over. */
export function rotatingRecord(): BoundCredential {
  return { ...boundRecord(), next: createGatewayKey() }
}

export function boundRecord(): BoundCredential {
  const privateKey = createGatewayKey()
  return {
    phase: 'bound',
    credential: {
      gatewayId: '7f0c3ad4-6f4f-4c59-9d7f-5b6a0e6d1a10',
      gatewayName: 'payments-eu',
      organizationId: 'b6b1f1f8-8c0f-4a52-8f55-0f8b36c1f9c1',
      keyId: keyIdOf(privateKey),
      privateKey,
      controlPlaneOrigin: 'https://postern.example.com',
    },
  }
}

/** Key objects compare by what they are, not by what they hold. */
function comparable(record: CredentialRecord | undefined): unknown {
  if (record === undefined) return undefined
  const { privateKey } = record.phase === 'pending' ? record : record.credential
  const next = record.phase === 'bound' && record.next !== undefined ? keyIdOf(record.next) : undefined
  const names = record.phase === 'pending' ? record : record.credential
  return { ...names, privateKey: keyIdOf(privateKey), next }
}
