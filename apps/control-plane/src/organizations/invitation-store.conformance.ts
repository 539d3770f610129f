import { randomBytes, randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Maker } from '../permissions/maker.ts'
import { type Invitation, type InvitationStore, invitationAgeSecondsMax } from './invitation-store.ts'

export interface InvitationStoreFixture {
  store: InvitationStore
  /** Without invitations, and another one. */
  organizationId: string
  otherOrganizationId: string
  createUser(email: string): Promise<void>
  /** Makes all invitations look as if they were made 7 days ago. */
  setExpired(): Promise<void>
}

type Draft = Parameters<InvitationStore['create']>[0]

/** What every invitation store must do. */
export function describeInvitationStore(
  name: string,
  createFixture: () => Promise<InvitationStoreFixture>,
): void {
  describe(`${name}: invitations`, () => {
    let fixture: InvitationStoreFixture
    let store: InvitationStore
    beforeEach(async () => {
      fixture = await createFixture()
      store = fixture.store
    })
    const hash = (): Buffer => randomBytes(32)
    const madeBy: Maker = { kind: 'user', id: randomUUID() }
    const draft = (change: Partial<Draft> = {}): Draft => ({
      organizationId: fixture.organizationId,
      email: 'ada@example.com',
      role: 'member',
      tokenHash: hash(),
      madeBy,
      replaces: undefined,
      ...change,
    })
    const make = async (change: Partial<Draft> = {}): Promise<Invitation> => {
      const invitation = await store.create(draft(change))
      if (invitation === undefined) throw new Error('not made')
      return invitation
    }

    it('one is found by its token alone, with who made it and whether the address has an account', async () => {
      const tokenHash = hash()
      const invitation = await make({ tokenHash })
      const { id, role, email, expiresAt } = invitation
      expect(expiresAt.getTime() - Date.now()).toBeCloseTo(invitationAgeSecondsMax * 1000, -5)
      const found = { id, role, email, expiresAt, madeBy, organization: { id: fixture.organizationId } }
      expect(await store.find(tokenHash)).toMatchObject({ ...found, hasAccount: false })
      await fixture.createUser(email)
      expect(await store.find(tokenHash)).toMatchObject({ ...found, hasAccount: true })
      expect(await store.find(hash())).toBeUndefined()
    })

    it('one is pending by its id and by its address, in its own organization alone', async () => {
      const invitation = await make()
      const { organizationId, otherOrganizationId } = fixture
      for (const by of [{ invitationId: invitation.id }, { email: invitation.email }]) {
        expect(await store.findPending(organizationId, by)).toEqual(invitation)
        expect(await store.findPending(otherOrganizationId, by)).toBeUndefined()
      }
      expect(await store.findPending(organizationId, { invitationId: randomUUID() })).toBeUndefined()
    })

    it('an address has one: another takes its place only where that is the one to replace', async () => {
      const tokenHash = hash()
      const { id } = await make({ tokenHash })
      for (const replaces of [undefined, randomUUID()])
        expect(await store.create(draft({ role: 'admin', replaces }))).toBeUndefined()
      expect(await store.find(tokenHash)).toMatchObject({ id, role: 'member' })

      const other: Maker = { kind: 'identity', id: randomUUID() }
      const newHash = hash()
      const second = await make({ role: 'admin', replaces: id, tokenHash: newHash, madeBy: other })
      expect(second.id).not.toBe(id)
      expect(await store.find(tokenHash)).toBeUndefined()
      expect(await store.find(newHash)).toMatchObject({ id: second.id, role: 'admin', madeBy: other })
      expect(await store.list(fixture.organizationId, { offset: 0, limit: 10 })).toEqual({
        invitations: [second],
        totalCount: 1,
      })
      await make({ organizationId: fixture.otherOrganizationId })
    })

    it('of several that are made at once for an address one is made', async () => {
      const made = await Promise.all(
        ['admin', 'member', 'no-access'].map((role) => store.create(draft({ role }))),
      )
      expect(made.filter((invitation) => invitation !== undefined)).toHaveLength(1)
    })

    it('one is taken once, of any number of calls at once', async () => {
      const tokenHash = hash()
      const { id } = await make({ tokenHash })
      const taken = await Promise.all([1, 2, 3].map(() => store.take(tokenHash)))
      expect(taken.flatMap((invitation) => invitation?.id ?? [])).toEqual([id])
      expect(await store.find(tokenHash)).toBeUndefined()
    })

    it('one is withdrawn once, and not from another organization', async () => {
      const { id } = await make()
      const { organizationId, otherOrganizationId } = fixture
      expect(await store.revoke(otherOrganizationId, id)).toBeUndefined()
      expect(await store.revoke(organizationId, id)).toMatchObject({ id })
      expect(await store.revoke(organizationId, id)).toBeUndefined()
    })

    it('they are listed oldest first, by pages, in their own organization', async () => {
      const invitations: Invitation[] = []
      for (const email of ['ada@example.com', 'grace@example.com', 'eve@example.com'])
        invitations.push(await make({ email }))
      await make({ organizationId: fixture.otherOrganizationId })
      const list = (offset: number, limit: number) => store.list(fixture.organizationId, { offset, limit })
      expect(await list(0, 10)).toEqual({ invitations, totalCount: 3 })
      expect(await list(1, 1)).toEqual({ invitations: [invitations[1]], totalCount: 3 })
    })

    it('one that expired is as if it were not there, makes room for another, and is removed', async () => {
      const tokenHash = hash()
      const { id, email } = await make({ tokenHash })
      await make({ email: 'grace@example.com' })
      expect(await store.deleteExpired(10)).toBe(0)
      await fixture.setExpired()
      const { organizationId } = fixture
      expect(await store.find(tokenHash)).toBeUndefined()
      expect(await store.take(tokenHash)).toBeUndefined()
      expect(await store.findPending(organizationId, { email })).toBeUndefined()
      expect(await store.revoke(organizationId, id)).toBeUndefined()
      expect(await store.list(organizationId, { offset: 0, limit: 10 })).toMatchObject({ totalCount: 0 })
      const renewed = await make()
      expect(renewed.id).not.toBe(id)
      expect(await store.deleteExpired(10)).toBe(1)
      expect(await store.list(organizationId, { offset: 0, limit: 10 })).toMatchObject({ totalCount: 1 })
    })
  })
}
