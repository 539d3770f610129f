import { randomBytes, randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Maker } from '../permissions/maker.ts'
import { type PasswordResetStore, passwordResetAgeSecondsMax } from './password-reset-store.ts'

export interface PasswordResetStoreFixture {
  store: PasswordResetStore
  /** Somebody who is an enabled member of `organizationId` with the role `member`. */
  userId: string
  email: string
  organizationId: string
  disableUser(): Promise<void>
  disableMember(): Promise<void>
  joinOtherOrganization(): Promise<void>
  joinProject(): Promise<void>
  /** Makes all links look as if they were made a day ago. */
  setExpired(): Promise<void>
}

/** What every store of links to new passwords must do. */
export function describePasswordResetStore(
  name: string,
  createFixture: () => Promise<PasswordResetStoreFixture>,
): void {
  describe(`${name}: links to new passwords`, () => {
    let fixture: PasswordResetStoreFixture
    let store: PasswordResetStore
    beforeEach(async () => {
      fixture = await createFixture()
      store = fixture.store
    })
    const hash = (): Buffer => randomBytes(32)
    const madeBy: Maker = { kind: 'identity', id: randomUUID() }
    const create = async (change: { role?: string; organizationId?: string; madeBy?: Maker } = {}) => {
      const { userId, organizationId } = fixture
      const tokenHash = hash()
      const made = await store.create({
        userId,
        organizationId,
        role: 'member',
        tokenHash,
        madeBy,
        ...change,
      })
      return { tokenHash, made }
    }

    it('one is found by its token alone, with who made it, for a day', async () => {
      const { tokenHash, made } = await create()
      expect((made?.expiresAt.getTime() ?? 0) - Date.now()).toBeCloseTo(passwordResetAgeSecondsMax * 1000, -5)
      const { userId, email, organizationId } = fixture
      expect(await store.find(tokenHash)).toEqual({ userId, email, organizationId, role: 'member', madeBy })
      expect(await store.find(hash())).toBeUndefined()
      await fixture.setExpired()
      expect(await store.find(tokenHash)).toBeUndefined()
      expect(await store.take(tokenHash)).toBeUndefined()
    })

    it('one is taken once, of any number of calls at once', async () => {
      const { tokenHash } = await create()
      const taken = await Promise.all([1, 2, 3].map(() => store.take(tokenHash)))
      expect(taken.filter((reset) => reset !== undefined)).toMatchObject([{ userId: fixture.userId, madeBy }])
    })

    it('the one before is dead, and so is what it says of its maker', async () => {
      const first = await create()
      const other: Maker = { kind: 'user', id: randomUUID() }
      const second = await create({ madeBy: other })
      expect(await store.find(first.tokenHash)).toBeUndefined()
      expect(await store.find(second.tokenHash)).toMatchObject({ madeBy: other })
    })

    it('there is none for who has another role than the maker was judged by, or is no member', async () => {
      expect((await create({ role: 'admin' })).made).toBeUndefined()
      expect((await create({ organizationId: randomUUID() })).made).toBeUndefined()
    })

    it.each<[what: string, change: () => Promise<void>]>([
      ['is disabled as a member', () => fixture.disableMember()],
      ['is a member of another organization too', () => fixture.joinOtherOrganization()],
    ])('there is none for who %s, and one of before does nothing', async (_what, change) => {
      const { tokenHash } = await create()
      await change()
      expect(await store.find(tokenHash)).toBeUndefined()
      expect(await store.take(tokenHash)).toBeUndefined()
      expect((await create()).made).toBeUndefined()
    })

    it.each<[what: string, change: () => Promise<void>]>([
      ['whose account is disabled', () => fixture.disableUser()],
      ['who got into a project since', () => fixture.joinProject()],
    ])('does nothing for somebody %s', async (_what, change) => {
      const { tokenHash } = await create()
      await change()
      expect(await store.find(tokenHash)).toBeUndefined()
      expect(await store.take(tokenHash)).toBeUndefined()
    })

    it('those of a person end: in one organization, or all', async () => {
      const { userId, organizationId } = fixture
      const first = await create()
      await store.revoke(userId, randomUUID())
      await store.revoke(randomUUID())
      expect(await store.find(first.tokenHash)).toBeDefined()
      await store.revoke(userId, organizationId)
      expect(await store.find(first.tokenHash)).toBeUndefined()
      const second = await create()
      await store.revoke(userId)
      expect(await store.find(second.tokenHash)).toBeUndefined()
    })

    it('those that expired are removed', async () => {
      await create()
      expect(await store.deleteExpired(10)).toBe(0)
      await fixture.setExpired()
      expect(await store.deleteExpired(10)).toBe(1)
      expect(await store.deleteExpired(10)).toBe(0)
    })
  })
}
