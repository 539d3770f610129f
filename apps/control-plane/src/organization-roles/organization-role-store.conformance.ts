import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { NewCustomRole, OrganizationRoleStore } from './organization-role-store.ts'

export interface OrganizationRoleStoreSubject {
  store: OrganizationRoleStore
  /** A new organization; returns its id. */
  createOrganization(): Promise<string>
  createIdentity(organizationId: string, role: string): Promise<void>
}

/** What every store of roles must do. */
export function describeOrganizationRoleStore(
  name: string,
  subjectOf: () => OrganizationRoleStoreSubject,
): void {
  describe(`${name}: organization roles`, () => {
    let store: OrganizationRoleStore
    let organizationId: string
    let elsewhere: string
    beforeEach(async () => {
      store = subjectOf().store
      organizationId = await subjectOf().createOrganization()
      elsewhere = await subjectOf().createOrganization()
    })
    const draft = (change: Partial<NewCustomRole> = {}): NewCustomRole => ({
      organizationId,
      slug: 'deployer',
      name: 'Deployer',
      description: '',
      permissions: [{ subject: 'projects', action: ['read', 'create'] }],
      ...change,
    })
    const create = async (change: Partial<NewCustomRole> = {}) => {
      const outcome = await store.create(draft(change))
      if (outcome.kind !== 'saved') throw new Error(outcome.kind)
      return outcome.role
    }

    it('T18 another organization’s role is as unknown as one that does not exist', async () => {
      const { id } = await create()
      expect(await store.find(id, elsewhere)).toBeUndefined()
      expect(await store.find(randomUUID(), organizationId)).toBeUndefined()
      expect(await store.findBySlug('deployer', elsewhere)).toBeUndefined()
      expect(await store.findForRights('deployer', elsewhere)).toBeUndefined()
      expect(await store.hold('deployer', elsewhere)).toBeUndefined()
      expect(await store.findToChange(id, elsewhere)).toBeUndefined()
      expect(await store.list(elsewhere)).toEqual([])
    })

    it('what was created is found in each way, its rules as they were written', async () => {
      const role = await create({ permissions: [{ subject: 'roles', action: 'read' }] })
      expect(role).toMatchObject({ slug: 'deployer', permissions: [{ subject: 'roles', action: 'read' }] })
      expect(await store.find(role.id, organizationId)).toEqual(role)
      expect(await store.findBySlug('deployer', organizationId)).toEqual(role)
      expect(await store.findForRights('deployer', organizationId)).toEqual(role)
      await create({ slug: 'auditor' })
      expect((await store.list(organizationId)).map(({ slug }) => slug)).toEqual(['auditor', 'deployer'])
    })

    it('of two with the same slug at once, one is made', async () => {
      const outcomes = await Promise.all([store.create(draft()), store.create(draft())])
      expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['saved', 'slug-taken']))
      await create({ organizationId: elsewhere })
    })

    it('a new slug goes with everybody who has the role, and for a moment both give its rights', async () => {
      const role = await create()
      await subjectOf().createIdentity(organizationId, 'deployer')
      await subjectOf().createIdentity(elsewhere, 'deployer')
      const outcome = await store.update(role, { slug: 'shipper', name: 'Shipper' })
      expect(outcome).toMatchObject({
        kind: 'saved',
        role: { id: role.id, slug: 'shipper', name: 'Shipper' },
      })
      if (outcome.kind !== 'saved') return
      expect(await store.carriersOf(outcome.role)).toMatchObject({ identities: 1 })
      expect(await store.carriersOf(role)).toMatchObject({ identities: 0 })
      expect(await store.findBySlug('deployer', organizationId)).toBeUndefined()
      expect(await store.findForRights('deployer', organizationId)).toMatchObject({ id: role.id })
      const successor = await create()
      expect(await store.findForRights('deployer', organizationId)).toMatchObject({ id: successor.id })
    })

    it('a slug that is taken is not taken again by a change', async () => {
      const [role] = [await create(), await create({ slug: 'auditor' })]
      expect(await store.update(role, { slug: 'auditor' })).toEqual({ kind: 'slug-taken' })
      expect(await store.findBySlug('deployer', organizationId)).toEqual(role)
    })

    it('what is absent from a change stays', async () => {
      const role = await create({ description: 'Ships' })
      expect(await store.update(role, { permissions: [] })).toMatchObject({
        kind: 'saved',
        role: { slug: 'deployer', name: 'Deployer', description: 'Ships', permissions: [] },
      })
    })

    it('tells who has a role, and a deleted one is gone', async () => {
      const role = await create()
      expect(await store.carriersOf(role)).toEqual({
        identities: 0,
        members: 0,
        invitations: 0,
        isDefault: false,
      })
      await store.delete(role)
      expect(await store.find(role.id, organizationId)).toBeUndefined()
    })
  })
}
