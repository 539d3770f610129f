import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Identity, IdentityStore, NewIdentity } from './identity-store.ts'

export interface IdentityStoreSubject {
  store: IdentityStore
  /** A new organization without identities; returns its id. */
  createOrganization(): Promise<string>
  /** A person who may do everything. */
  createAdminPerson(organizationId: string): Promise<void>
  attachKubernetesAuth(identityId: string, organizationId: string): Promise<void>
}

/** What every identity store must do. */
export function describeIdentityStore(name: string, subjectOf: () => IdentityStoreSubject): void {
  describe(`${name}: identities`, () => {
    let store: IdentityStore
    let organizationId: string
    let strangeOrganizationId: string
    beforeEach(async () => {
      store = subjectOf().store
      organizationId = await subjectOf().createOrganization()
      strangeOrganizationId = await subjectOf().createOrganization()
    })
    const draft = (change: Partial<NewIdentity> = {}): NewIdentity => ({
      organizationId,
      name: 'ci',
      role: 'no-access',
      hasDeleteProtection: false,
      metadata: [],
      ...change,
    })

    it('T18 another organization’s identity is as unknown as one that does not exist', async () => {
      const { id, role } = await store.create(draft())
      const asUnknown = [
        { id, role, organizationId: strangeOrganizationId },
        { id: randomUUID(), role, organizationId },
      ]
      for (const unknown of asUnknown) {
        expect(await store.find(unknown.id, unknown.organizationId)).toBeUndefined()
        expect(await store.update(unknown, { name: 'taken' })).toEqual({ kind: 'unknown' })
        expect(await store.delete(unknown)).toEqual({ kind: 'unknown' })
      }
      expect(await store.list(strangeOrganizationId, { offset: 0, limit: 10 })).toEqual({
        identities: [],
        totalCount: 0,
      })
      expect((await store.find(id, organizationId))?.name).toBe('ci')
      expect(await store.findById(randomUUID())).toBeUndefined()
    })

    it('a protected identity is not deleted', async () => {
      const identity = await store.create(draft({ hasDeleteProtection: true }))
      expect(await store.delete(identity)).toEqual({ kind: 'protected' })
      expect(await store.find(identity.id, organizationId)).toBeDefined()
    })

    it('T17 a change by a role that the identity no longer has does nothing', async () => {
      const judged = await store.create(draft())
      await store.update(judged, { role: 'admin' })
      expect(await store.update(judged, { name: 'mine' })).toEqual({ kind: 'role-changed' })
      expect(await store.delete(judged)).toEqual({ kind: 'role-changed' })
      expect(await store.find(judged.id, organizationId)).toMatchObject({ name: 'ci', role: 'admin' })
    })

    it.each([
      ['deleted', (admin: Identity) => store.delete(admin)],
      ['demoted', (admin: Identity) => store.update(admin, { role: 'member' })],
      ['disabled', (admin: Identity) => store.update(admin, { isDisabled: true })],
    ])('the last enabled admin is not %s', async (_title, change) => {
      const admin = await store.create(draft({ role: 'admin' }))
      const disabled = await store.create(draft({ role: 'admin' }))
      await store.update(disabled, { isDisabled: true })
      expect(await change(admin)).toEqual({ kind: 'last-admin' })
      expect(await store.find(admin.id, organizationId)).toMatchObject({ role: 'admin', isDisabled: false })
    })

    it('the last admin among machines may go while a person is one', async () => {
      const admin = await store.create(draft({ role: 'admin' }))
      await subjectOf().createAdminPerson(strangeOrganizationId)
      expect(await store.delete(admin)).toEqual({ kind: 'last-admin' })
      await subjectOf().createAdminPerson(organizationId)
      expect(await store.delete(admin)).toMatchObject({ kind: 'done' })
    })

    it('of two admins that are deleted at once, one stays', async () => {
      const admins = [
        await store.create(draft({ role: 'admin' })),
        await store.create(draft({ role: 'admin' })),
      ]
      const outcomes = await Promise.all(admins.map((admin) => store.delete(admin)))
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['done', 'last-admin'])
    })

    it('what was created is found, with its metadata by key', async () => {
      const metadata = [
        { key: 'team', value: 'payments' },
        { key: 'cost', value: '7' },
      ]
      const created = await store.create(draft({ role: 'member', metadata }))
      expect(created).toMatchObject({
        organizationId,
        name: 'ci',
        role: 'member',
        hasDeleteProtection: false,
        isDisabled: false,
        authMethods: [],
        lastLoginAuthMethod: null,
        lastLoginAt: null,
        metadata: [
          { key: 'cost', value: '7' },
          { key: 'team', value: 'payments' },
        ],
      })
      expect(await store.find(created.id, organizationId)).toEqual(created)
      expect(await store.findById(created.id)).toEqual({
        id: created.id,
        organizationId,
        name: 'ci',
        role: 'member',
        isDisabled: false,
        hasDeleteProtection: false,
      })
    })

    it('an update leaves what it does not name, and replaces metadata as a whole', async () => {
      const identity = await store.create(draft({ metadata: [{ key: 'a', value: '1' }] }))
      expect(await store.update(identity, { name: 'cd' })).toMatchObject({
        identity: { name: 'cd', role: 'no-access', metadata: [{ key: 'a', value: '1' }] },
      })
      const outcome = await store.update(identity, {
        role: 'member',
        isDisabled: true,
        hasDeleteProtection: true,
        metadata: [{ key: 'b', value: '2' }],
      })
      const changed = {
        name: 'cd',
        role: 'member',
        isDisabled: true,
        hasDeleteProtection: true,
        metadata: [{ key: 'b' }],
      }
      expect(outcome).toMatchObject({ kind: 'done', identity: changed })
      expect(await store.find(identity.id, organizationId)).toMatchObject(changed)
    })

    it('a deleted identity is gone and is told for the last time', async () => {
      const created = await store.create(draft({ metadata: [{ key: 'a', value: '1' }] }))
      expect(await store.delete(created)).toEqual({ kind: 'done', identity: created })
      expect(await store.findById(created.id)).toBeUndefined()
    })

    it('the list comes in pages, oldest first, and is searched by name without case', async () => {
      for (const name of ['Alpha', 'beta', '100%', 'alphabet']) await store.create(draft({ name }))
      const namesOf = async (page: { offset: number; limit: number; search?: string }) => {
        const { identities, totalCount } = await store.list(organizationId, page)
        return [identities.map(({ name }) => name), totalCount]
      }
      expect(await namesOf({ offset: 0, limit: 2 })).toEqual([['Alpha', 'beta'], 4])
      expect(await namesOf({ offset: 2, limit: 2 })).toEqual([['100%', 'alphabet'], 4])
      expect(await namesOf({ offset: 9, limit: 2 })).toEqual([[], 4])
      expect(await namesOf({ offset: 0, limit: 9, search: 'ALPHA' })).toEqual([['Alpha', 'alphabet'], 2])
      expect(await namesOf({ offset: 0, limit: 9, search: '%' })).toEqual([['100%'], 1])
    })

    it('attached Kubernetes Auth shows among the auth methods', async () => {
      const { id } = await store.create(draft())
      await subjectOf().attachKubernetesAuth(id, organizationId)
      expect((await store.find(id, organizationId))?.authMethods).toEqual(['kubernetes-auth'])
    })

    it('last logins are recorded for many at once, and never move backwards', async () => {
      const [first, second] = [await store.create(draft()), await store.create(draft())]
      const at = new Date('2026-03-01T10:00:00.123Z')
      await store.recordLastLogins([
        { identityId: first.id, authMethod: 'kubernetes-auth', at },
        { identityId: second.id, authMethod: 'kubernetes-auth', at },
        { identityId: randomUUID(), authMethod: 'kubernetes-auth', at },
      ])
      await store.recordLastLogins([
        { identityId: first.id, authMethod: 'token-auth', at: new Date(at.getTime() - 1) },
      ])
      await store.recordLastLogins([])
      const { identities } = await store.list(organizationId, { offset: 0, limit: 9 })
      const expected = { lastLoginAuthMethod: 'kubernetes-auth', lastLoginAt: at }
      expect(identities).toMatchObject([expected, expected])
    })
  })
}
