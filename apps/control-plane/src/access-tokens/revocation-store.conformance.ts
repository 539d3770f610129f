import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { RevocationMarker, RevocationStore, RevocationSubject } from './revocation-store.ts'

export interface RevocationStoreFixture {
  store: RevocationStore
  /** Adds a marker in a transaction that commits when `commit` is called. */
  addSlowly(subject: RevocationSubject): Promise<{ commit(): Promise<void> }>
}

/** What every store of revocations must do. */
export function describeRevocationStore(fixture: () => RevocationStoreFixture): void {
  const token = (): RevocationSubject => ({ scope: 'token', tokenId: randomUUID() })

  async function readAll(): Promise<RevocationMarker[]> {
    const all: RevocationMarker[] = []
    let cursor: number | undefined
    do {
      const page = await fixture().store.readPage(cursor)
      all.push(...page.markers)
      cursor = page.cursor
    } while (cursor !== undefined)
    return all
  }

  describe('a revocation store', () => {
    it.each<RevocationSubject>([
      { scope: 'token', tokenId: randomUUID() },
      { scope: 'identity', identityId: randomUUID() },
      { scope: 'auth-method', identityId: randomUUID(), authMethod: 'kubernetes-auth' },
      { scope: 'client-secret', clientSecretId: randomUUID() },
      { scope: 'organization', organizationId: randomUUID() },
    ])('gives back a marker of scope $scope', async (subject) => {
      const { store } = fixture()
      const { position } = await store.position()
      const { databaseMs } = await store.add(subject, 60)
      const { markers } = await store.readSince(position)
      const revokedAtMs = Math.floor(databaseMs)
      expect(markers).toContainEqual({ ...subject, revokedAtMs, expiresAtMs: expect.any(Number) })
      const marker = markers.find((found) => found.revokedAtMs === revokedAtMs)
      expect((marker?.expiresAtMs ?? 0) - revokedAtMs).toBeGreaterThanOrEqual(60_000)
      expect((marker?.expiresAtMs ?? 0) - revokedAtMs).toBeLessThan(61_000)
      expect(await readAll()).toContainEqual(marker)
    })

    it('returns a later position each time, and nothing that was seen long before', async () => {
      const { store } = fixture()
      const seen = token()
      const { position } = await store.position()
      await store.add(seen, 60)
      const first = await store.readSince(position)
      expect(first.markers).toContainEqual(expect.objectContaining(seen))
      // The position stands still while anything that began before is under way on the server, in other databases too.
      let last = first
      const readNext = async () => {
        await store.add(token(), 60)
        const next = await store.readSince(last.position)
        expect(next.databaseMs).toBeGreaterThan(last.databaseMs)
        last = next
        return next.markers
      }
      await expect.poll(readNext, { timeout: 20_000 }).not.toContainEqual(expect.objectContaining(seen))
    }, 30_000)

    it('shows a marker that committed after a later one had been read', async () => {
      const { store } = fixture()
      const [slow, quick] = [token(), token()]
      const { position } = await store.position()
      const adding = await fixture().addSlowly(slow)
      await store.add(quick, 60)
      const before = await store.readSince(position)
      expect(before.markers).toContainEqual(expect.objectContaining(quick))
      expect(before.markers).not.toContainEqual(expect.objectContaining(slow))
      await adding.commit()
      const after = await store.readSince(before.position)
      expect(after.markers).toContainEqual(expect.objectContaining(slow))
    })

    it('neither shows nor keeps a marker that has expired', async () => {
      const { store } = fixture()
      const [expired, living] = [token(), token()]
      const { position } = await store.position()
      await store.add(expired, -1)
      await store.add(living, 60)
      const { markers } = await store.readSince(position)
      expect(markers).toContainEqual(expect.objectContaining(living))
      expect(markers).not.toContainEqual(expect.objectContaining(expired))
      expect(await store.deleteExpired(1000)).toBe(1)
      expect(await store.deleteExpired(1000)).toBe(0)
      expect(await readAll()).toContainEqual(expect.objectContaining(living))
    })
  })
}
