import { randomBytes, randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { SessionStore } from './session-store.ts'

export interface SessionStoreFixture {
  store: SessionStore
  /** Somebody who is an enabled member of `organizationId`. */
  userId: string
  organizationId: string
  disableUser(): Promise<void>
  disableMember(): Promise<void>
  /** Makes all sessions look as if they were last used so long ago. */
  setIdle(seconds: number): Promise<void>
  setExpired(): Promise<void>
}

/** What every session store must do. */
export function describeSessionStore(name: string, createFixture: () => Promise<SessionStoreFixture>): void {
  describe(`${name}: sessions`, () => {
    let fixture: SessionStoreFixture
    let store: SessionStore
    beforeEach(async () => {
      fixture = await createFixture()
      store = fixture.store
    })
    const hash = (): Buffer => randomBytes(32)
    const begin = async (): Promise<{ id: string; tokenHash: Buffer }> => {
      const tokenHash = hash()
      const { id } = await store.create({
        userId: fixture.userId,
        tokenHash,
        ipAddress: '::1',
        userAgent: 'cli',
      })
      return { id, tokenHash }
    }
    const enter = async () => {
      const { id, tokenHash } = await begin()
      const newTokenHash = hash()
      const { organizationId } = fixture
      expect(await store.select({ id, tokenHash, newTokenHash, organizationId })).toBe(true)
      return { id, tokenHash: newTokenHash, earlier: tokenHash }
    }

    it('one is found by its token alone, in no organization at first', async () => {
      const { id, tokenHash } = await begin()
      const found = await store.find(tokenHash)
      expect(found).toMatchObject({ id, userId: fixture.userId })
      expect(found?.membership).toBeUndefined()
      expect(await store.find(hash())).toBeUndefined()
    })

    it('one that entered has a new token, and the role of the membership', async () => {
      const { tokenHash, earlier } = await enter()
      const { organizationId } = fixture
      expect((await store.find(tokenHash))?.membership).toEqual({ organizationId, role: 'member' })
      expect(await store.find(earlier)).toBeUndefined()
    })

    it('one does not enter where its person is no enabled member, nor by a token that is no longer its own', async () => {
      const { id, tokenHash } = await begin()
      const select = (organizationId: string, tokenHash: Buffer) =>
        store.select({ id, tokenHash, newTokenHash: hash(), organizationId })
      expect(await select(randomUUID(), tokenHash)).toBe(false)
      expect(await select(fixture.organizationId, hash())).toBe(false)
      await fixture.disableMember()
      expect(await select(fixture.organizationId, tokenHash)).toBe(false)
      expect(await store.find(tokenHash)).toBeDefined()
    })

    it('a person who is disabled has none; a member who is disabled has none in the organization', async () => {
      const outside = await begin()
      const inside = await enter()
      await fixture.disableMember()
      expect(await store.find(inside.tokenHash)).toBeUndefined()
      expect(await store.find(outside.tokenHash)).toBeDefined()
      await fixture.disableUser()
      expect(await store.find(outside.tokenHash)).toBeUndefined()
    })

    it('one that was not used for 12 hours, or has expired, is over, and is cleared away', async () => {
      const idle = await begin()
      await fixture.setIdle(12 * 3600 + 1)
      const used = await begin()
      expect(await store.find(idle.tokenHash)).toBeUndefined()
      expect((await store.list(fixture.userId)).map(({ id }) => id)).toEqual([used.id])
      expect(await store.deleteExpired(10)).toBe(1)
      await fixture.setExpired()
      expect(await store.find(used.tokenHash)).toBeUndefined()
      const { id, tokenHash } = used
      const { organizationId } = fixture
      expect(await store.select({ id, tokenHash, newTokenHash: hash(), organizationId })).toBe(false)
      expect([await store.deleteExpired(10), await store.deleteExpired(10)]).toEqual([1, 0])
    })

    it('they end one by one, all but one, all, and in an organization together with those in none', async () => {
      const [one, other, third] = [await begin(), await begin(), await begin()]
      expect(await store.end(randomUUID(), one.id)).toBe(false)
      expect([await store.end(fixture.userId, one.id), await store.end(fixture.userId, one.id)]).toEqual([
        true,
        false,
      ])
      expect(await store.endAll(fixture.userId, { sessionId: other.id })).toBe(1)
      expect([await store.find(other.tokenHash), await store.find(third.tokenHash)]).toEqual([
        expect.anything(),
        undefined,
      ])
      await enter()
      expect(await store.endInOrganization(fixture.userId, randomUUID())).toBe(1)
      expect(await store.endInOrganization(fixture.userId, fixture.organizationId)).toBe(1)
      await begin()
      expect(await store.endAll(fixture.userId)).toBe(1)
    })

    it('a rotated one has its new token alone', async () => {
      const { id, tokenHash } = await enter()
      const newTokenHash = hash()
      await store.rotate(id, newTokenHash)
      expect([await store.find(tokenHash), await store.find(newTokenHash)]).toEqual([
        undefined,
        expect.objectContaining({ id }),
      ])
    })
  })
}
