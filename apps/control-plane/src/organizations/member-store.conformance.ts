import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Member, MemberStore } from './member-store.ts'

export interface MemberStoreFixture {
  store: MemberStore
  /** Without members, and another one. */
  organizationId: string
  otherOrganizationId: string
  /** In no organization yet. */
  createUser(email: string, name: string): Promise<string>
  disableUser(userId: string): Promise<void>
}

/** What every member store must do. */
export function describeMemberStore(name: string, createFixture: () => Promise<MemberStoreFixture>): void {
  describe(`${name}: members`, () => {
    let fixture: MemberStoreFixture
    let store: MemberStore
    beforeEach(async () => {
      fixture = await createFixture()
      store = fixture.store
    })
    const add = async (
      email: string,
      role = 'member',
      organizationId = fixture.organizationId,
    ): Promise<Member> => {
      const userId = await fixture.createUser(email, `Name of ${email}`)
      const member = await store.add({ organizationId, userId, role })
      if (member === undefined) throw new Error('not added')
      return member
    }

    it('one is found by the membership, by the person and by the address, in its own organization alone', async () => {
      const ada = await add('ada@example.com')
      const eve = await add('eve@example.com', 'member', fixture.otherOrganizationId)
      const { organizationId } = fixture
      expect(await store.findMembership(organizationId, ada.id)).toEqual(ada)
      expect(await store.findMember(organizationId, ada.userId)).toEqual(ada)
      expect(await store.findMembership(organizationId, eve.id)).toBeUndefined()
      expect(await store.findMember(organizationId, eve.userId)).toBeUndefined()
      const emails = ['ada@example.com', 'eve@example.com', 'nobody@example.com']
      expect(await store.findMembersByEmail(organizationId, emails)).toEqual([ada])
      expect(await store.findMembersByEmail(organizationId, [])).toEqual([])
    })

    it('the role of one counts while neither the membership nor the account is disabled', async () => {
      const ada = await add('ada@example.com', 'admin')
      const roleOf = (organizationId: string) => store.roleOfEnabled(organizationId, ada.userId)
      expect(await roleOf(fixture.organizationId)).toBe('admin')
      expect(await roleOf(fixture.otherOrganizationId)).toBeUndefined()
      await add('grace@example.com', 'admin')
      await store.update(ada, { isDisabled: true })
      expect(await roleOf(fixture.organizationId)).toBeUndefined()
      await store.update(ada, { isDisabled: false })
      expect(await roleOf(fixture.organizationId)).toBe('admin')
      await fixture.disableUser(ada.userId)
      expect(await roleOf(fixture.organizationId)).toBeUndefined()
    })

    it('one is added once, and may be in two organizations', async () => {
      const { organizationId, otherOrganizationId } = fixture
      const { userId } = await add('ada@example.com')
      expect(await store.add({ organizationId, userId, role: 'admin' })).toBeUndefined()
      expect((await store.findMember(organizationId, userId))?.role).toBe('member')
      expect(await store.add({ organizationId: otherOrganizationId, userId, role: 'admin' })).toBeDefined()
    })

    it('they are listed oldest first, by pages, and searched by name and address', async () => {
      const members = [
        await add('ada@example.com'),
        await add('grace@example.com'),
        await add('eve@example.org'),
      ]
      const list = (page: object) => store.list(fixture.organizationId, { offset: 0, limit: 10, ...page })
      expect(await list({})).toEqual({ members, totalCount: 3 })
      expect(await list({ offset: 1, limit: 1 })).toEqual({ members: [members[1]], totalCount: 3 })
      expect(await list({ search: 'EXAMPLE.COM' })).toMatchObject({ totalCount: 2 })
      expect(await list({ search: 'name of eve' })).toMatchObject({ totalCount: 1 })
      expect(await list({ search: '%' })).toEqual({ members: [], totalCount: 0 })
    })

    it('a change by a role that the member no longer has, or of a member elsewhere, does nothing', async () => {
      const ada = await add('ada@example.com')
      const judgedBy = (change: object) => ({ ...ada, ...change })
      const promotion = { role: 'admin' }
      expect(await store.update(judgedBy({ role: 'no-access' }), promotion)).toEqual({ kind: 'role-changed' })
      expect(await store.remove(judgedBy({ role: 'no-access' }))).toEqual({ kind: 'role-changed' })
      for (const change of [{ organizationId: fixture.otherOrganizationId }, { id: randomUUID() }]) {
        expect(await store.update(judgedBy(change), promotion)).toEqual({ kind: 'unknown' })
        expect(await store.remove(judgedBy(change))).toEqual({ kind: 'unknown' })
      }
      expect(await store.findMembership(ada.organizationId, ada.id)).toEqual(ada)
    })

    it('the last enabled admin stays one; others of other organizations do not count', async () => {
      const ada = await add('ada@example.com', 'admin')
      await add('eve@example.com', 'admin', fixture.otherOrganizationId)
      for (const change of [{ role: 'member' }, { isDisabled: true }])
        expect(await store.update(ada, change)).toEqual({ kind: 'last-admin' })
      expect(await store.remove(ada)).toEqual({ kind: 'last-admin' })
      expect(await store.update(ada, { role: 'admin' })).toMatchObject({ kind: 'done' })
      await add('grace@example.com', 'admin')
      expect(await store.update(ada, { isDisabled: true })).toMatchObject({
        kind: 'done',
        member: { isDisabled: true },
      })
      expect(await store.remove(ada)).toMatchObject({ kind: 'done' })
    })

    it('of two admins that are removed at once one stays', async () => {
      const [ada, grace] = [await add('ada@example.com', 'admin'), await add('grace@example.com', 'admin')]
      const outcomes = await Promise.all([store.remove(ada), store.update(grace, { role: 'member' })])
      expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['done', 'last-admin'])
    })
  })
}
