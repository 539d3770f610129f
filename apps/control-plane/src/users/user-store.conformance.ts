import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { User, UserStore } from './user-store.ts'

export interface UserStoreFixture {
  /** Without anybody. */
  store: UserStore
  disable(userId: string): Promise<void>
  /** Into a new organization; its id. */
  join(userId: string, membership: { isDisabled: boolean }): Promise<string>
}

/** What every store of people must do. */
export function describeUserStore(name: string, createFixture: () => Promise<UserStoreFixture>): void {
  describe(`${name}: people`, () => {
    let fixture: UserStoreFixture
    let store: UserStore
    beforeEach(async () => {
      fixture = await createFixture()
      store = fixture.store
    })
    const create = async (email = 'ada@example.com'): Promise<User> => {
      const user = await store.create({ email, name: 'Ada', passwordHash: 'first' })
      if (user === undefined) throw new Error('not made')
      return user
    }
    const hashOf = async (userId: string): Promise<string | undefined> =>
      (await store.findCredentials({ userId }))?.passwordHash

    it('somebody is found by the id, without what no reply may hold', async () => {
      const user = await create()
      expect(user).toMatchObject({ email: 'ada@example.com', name: 'Ada', lastLoginAt: null })
      expect(await store.find(user.id)).toEqual(user)
      expect(JSON.stringify(user)).not.toContain('first')
      expect(await store.find(randomUUID())).toBeUndefined()
    })

    it('an address has one account, of any number that are made at once', async () => {
      const draft = { email: 'ada@example.com', name: 'Ada', passwordHash: 'first' }
      const made = await Promise.all([1, 2, 3].map(() => store.create(draft)))
      expect(made.filter((user) => user !== undefined)).toHaveLength(1)
      expect(await store.create(draft)).toBeUndefined()
    })

    it('somebody signs in by the address or the id, with their memberships, oldest first', async () => {
      const { id } = await create()
      const first = await fixture.join(id, { isDisabled: true })
      const second = await fixture.join(id, { isDisabled: false })
      const credentials = {
        id,
        email: 'ada@example.com',
        name: 'Ada',
        passwordHash: 'first',
        isDisabled: false,
        memberships: [
          { organizationId: first, isDisabled: true },
          { organizationId: second, isDisabled: false },
        ],
      }
      expect(await store.findCredentials({ email: 'ada@example.com' })).toEqual(credentials)
      expect(await store.findCredentials({ userId: id })).toEqual(credentials)
      await fixture.disable(id)
      expect(await store.findCredentials({ userId: id })).toMatchObject({ isDisabled: true })
    })

    it('whatever a stranger types as an address is at most unknown', async () => {
      await create()
      for (const email of ['', 'eve@example.com', 'ada@example.com\0', '%', 'ADA@example.com'])
        expect(await store.findCredentials({ email })).toBeUndefined()
    })

    it('a new name is kept', async () => {
      const { id } = await create()
      expect(await store.rename(id, 'Grace')).toMatchObject({ id, name: 'Grace' })
      expect(await store.find(id)).toMatchObject({ name: 'Grace' })
      expect(await store.rename(randomUUID(), 'Nobody')).toBeUndefined()
    })

    it('a password is changed once from what it was, of any number of changes at once', async () => {
      const [{ id }, other] = [await create(), await create('eve@example.com')]
      const changes = await Promise.all(
        ['second', 'third'].map((to) => store.changePassword(id, { from: 'first', to })),
      )
      expect(changes.filter(Boolean)).toHaveLength(1)
      expect(await hashOf(id)).toBe(changes[0] === true ? 'second' : 'third')
      expect(await store.changePassword(id, { from: 'first', to: 'fourth' })).toBe(false)
      await store.setPassword(id, 'fifth')
      expect(await hashOf(id)).toBe('fifth')
      expect(await hashOf(other.id)).toBe('first')
    })

    it('a sign-in is recorded by the password that it was made with, and by no other', async () => {
      const { id } = await create()
      expect(await store.recordLogin(id, 'other')).toBe(false)
      expect(await store.find(id)).toMatchObject({ lastLoginAt: null })
      expect(await store.recordLogin(id, 'first')).toBe(true)
      expect((await store.find(id))?.lastLoginAt).toBeInstanceOf(Date)
      expect(await store.recordLogin(randomUUID(), 'first')).toBe(false)
    })
  })
}
