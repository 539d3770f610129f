import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { IdentityStore, NewIdentity } from './identity-store.ts'

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
      const { id } = await store.create(draft())
      const asUnknown = [
        { identityId: id, organizationId: strangeOrganizationId },
        { identityId: randomUUID(), organizationId },
      ]
      for (const unknown of asUnknown) {
        expect(await store.find(unknown.identityId, unknown.organizationId)).toBeUndefined()
        expect(await store.update(unknown.identityId, unknown.organizationId, { name: 'taken' })).toEqual({
          kind: 'unknown',
        })
        expect(await store.delete(unknown.identityId, unknown.organizationId)).toEqual({ kind: 'unknown' })
      }
      expect(await store.list(strangeOrganizationId, { offset: 0, limit: 10 })).toEqual({
        identities: [],
        totalCount: 0,
      })
      expect((await store.find(id, organizationId))?.name).toBe('ci')
      expect(await store.findById(randomUUID())).toBeUndefined()
    })

    it('a protected identity is not deleted', async () => {
      const { id } = await store.create(draft({ hasDeleteProtection: true }))
      expect(await store.delete(id, organizationId)).toEqual({ kind: 'protected' })
      expect(await store.find(id, organizationId)).toBeDefined()
    })

    it.each([
      ['deleted', (id: string) => store.delete(id, organizationId)],
      ['demoted', (id: string) => store.update(id, organizationId, { role: 'member' })],
      ['disabled', (id: string) => store.update(id, organizationId, { isDisabled: true })],
    ])('the last enabled admin is not %s', async (_title, change) => {
      const { id } = await store.create(draft({ role: 'admin' }))
      const disabled = await store.create(draft({ role: 'admin' }))
      await store.update(disabled.id, organizationId, { isDisabled: true })
      expect(await change(id)).toEqual({ kind: 'last-admin' })
      expect(await store.find(id, organizationId)).toMatchObject({ role: 'admin', isDisabled: false })
    })

    it('the last admin among machines may go while a person is one', async () => {
      const { id } = await store.create(draft({ role: 'admin' }))
      await subjectOf().createAdminPerson(strangeOrganizationId)
      expect(await store.delete(id, organizationId)).toEqual({ kind: 'last-admin' })
      await subjectOf().createAdminPerson(organizationId)
      expect(await store.delete(id, organizationId)).toMatchObject({ kind: 'done' })
    })

    it('of two admins that are deleted at once, one stays', async () => {
      const admins = [
        await store.create(draft({ role: 'admin' })),
        await store.create(draft({ role: 'admin' })),
      ]
      const outcomes = await Promise.all(admins.map(({ id }) => store.delete(id, organizationId)))
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
      const { id } = await store.create(draft({ metadata: [{ key: 'a', value: '1' }] }))
      expect(await store.update(id, organizationId, { name: 'cd' })).toMatchObject({
        identity: { name: 'cd', role: 'no-access', metadata: [{ key: 'a', value: '1' }] },
      })
      const outcome = await store.update(id, organizationId, {
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
      expect(await store.find(id, organizationId)).toMatchObject(changed)
    })

    it('a deleted identity is gone and is told for the last time', async () => {
      const created = await store.create(draft({ metadata: [{ key: 'a', value: '1' }] }))
      expect(await store.delete(created.id, organizationId)).toEqual({ kind: 'done', identity: created })
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
