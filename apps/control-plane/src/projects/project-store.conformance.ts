import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { projectLimits } from './project-limits.ts'
import type { MemberKey, NewProject, ProjectStore } from './project-store.ts'

export interface ProjectStoreFixture {
  store: ProjectStore
  /** Without projects, and another one. */
  organizationId: string
  otherOrganizationId: string
  /** An identity of `organizationId`, which the project owns where one is named. */
  createIdentity(projectId?: string): Promise<string>
  /** With the built-in role, for good or for a time. */
  addMember(
    projectId: string,
    identityId: string,
    role: string,
    time?: { from: Date; until: Date },
  ): Promise<void>
  /** So many more projects of `organizationId`. */
  addProjects(count: number): Promise<void>
}

/** What every project store must do. */
export function describeProjectStore(name: string, createFixture: () => Promise<ProjectStoreFixture>): void {
  describe(`${name}: projects`, () => {
    let fixture: ProjectStoreFixture
    let store: ProjectStore
    beforeEach(async () => {
      fixture = await createFixture()
      store = fixture.store
    })
    const nobody = (): MemberKey => ({ kind: 'identity', identityId: randomUUID() })
    const draft = (change: Partial<NewProject> = {}): NewProject => ({
      organizationId: fixture.organizationId,
      name: 'Payments',
      slug: undefined,
      description: null,
      type: 'secret-manager',
      hasDeleteProtection: false,
      environments: [
        { name: 'Development', slug: 'dev' },
        { name: 'Production', slug: 'prod' },
      ],
      ...change,
    })
    const make = async (change: Partial<NewProject> = {}) => {
      const outcome = await store.create(draft(change))
      if (outcome.kind !== 'created') throw new Error(`not made: ${outcome.kind}`)
      return outcome
    }
    const find = (projectId: string, member = nobody()) =>
      store.findSnapshot(fixture.organizationId, { id: projectId }, member)

    it('one is found by its id and by its slug with its environments in order, for a stranger without roles', async () => {
      const { project, environments } = await make({ slug: 'pay', description: 'All of it' })
      expect(project).toMatchObject({ name: 'Payments', slug: 'pay', description: 'All of it' })
      expect(environments.map(({ slug, position }) => [slug, position])).toEqual([
        ['dev', 1],
        ['prod', 2],
      ])
      const snapshot = { project, environments, heldRoles: undefined }
      expect(await find(project.id)).toEqual(snapshot)
      expect(await store.findSnapshot(fixture.organizationId, { slug: 'pay' }, nobody())).toEqual(snapshot)
    })

    it('T18 one of another organization is as unknown as one that does not exist', async () => {
      const { project } = await make()
      const { organizationId, otherOrganizationId } = fixture
      for (const [id, organization] of [
        [project.id, otherOrganizationId],
        [randomUUID(), organizationId],
      ] as const) {
        expect(await store.findSnapshot(organization, { id }, nobody())).toBeUndefined()
        expect(await store.update(id, organization, { name: 'mine' })).toEqual({ kind: 'unknown' })
        expect(await store.delete(id, organization)).toEqual({ kind: 'unknown' })
      }
      const { slug } = project
      expect(await store.findSnapshot(otherOrganizationId, { slug }, nobody())).toBeUndefined()
      expect(await store.listSnapshots(otherOrganizationId, nobody(), { all: true })).toEqual([])
      expect(await find(project.id)).toMatchObject({ project: { name: 'Payments' } })
    })

    it('a slug is one project’s of the organization, even of two that are made at once; one is made of the name', async () => {
      const made = await Promise.all([1, 2].map(() => store.create(draft({ slug: 'pay' }))))
      expect(made.map(({ kind }) => kind).toSorted()).toEqual(['created', 'slug-taken'])
      const { project } = await make()
      expect(project.slug).toBe('payments')
      expect((await make()).project.slug).toMatch(/^payments-[a-z\d]{4}$/)
      expect(await store.update(project.id, fixture.organizationId, { slug: 'pay' })).toEqual({
        kind: 'slug-taken',
      })
      expect(await store.update(project.id, fixture.organizationId, { slug: 'payments' })).toMatchObject({
        kind: 'updated',
      })
      await make({ organizationId: fixture.otherOrganizationId, slug: 'pay' })
    })

    it('a change leaves what it does not name; null clears the description', async () => {
      const { project } = await make({ description: 'All of it' })
      const update = (change: Parameters<ProjectStore['update']>[2]) =>
        store.update(project.id, fixture.organizationId, change)
      const { updatedAt: _updatedAt, ...before } = project
      expect(await update({})).toMatchObject({ kind: 'updated', project: before })
      const change = { name: 'Renamed', autoCapitalization: true, hasDeleteProtection: true }
      expect(await update(change)).toMatchObject({ project: { ...before, ...change } })
      expect(await update({ description: null })).toMatchObject({ project: { description: null, ...change } })
    })

    it('a member’s roles come with it, and those whose time is over too: the time is another’s to judge', async () => {
      const { project } = await make()
      const identityId = await fixture.createIdentity()
      const time = { from: new Date('2020-01-01T00:00:00Z'), until: new Date('2020-01-02T00:00:00Z') }
      await fixture.addMember(project.id, identityId, 'viewer', time)
      const member: MemberKey = { kind: 'identity', identityId }
      expect(await find(project.id, member)).toMatchObject({
        heldRoles: [{ slug: 'viewer', rules: null, time }],
      })
    })

    it('they are listed oldest first: all, or those that somebody is in', async () => {
      const ids = [(await make()).project.id, (await make()).project.id, (await make()).project.id]
      const [, second = ''] = ids
      const identityId = await fixture.createIdentity()
      await fixture.addMember(second, identityId, 'admin')
      const member: MemberKey = { kind: 'identity', identityId }
      const list = async (all: boolean) =>
        (await store.listSnapshots(fixture.organizationId, member, { all })).map(({ project, heldRoles }) => [
          project.id,
          heldRoles?.length,
        ])
      expect(await list(true)).toEqual(ids.map((id) => [id, id === second ? 1 : undefined]))
      expect(await list(false)).toEqual([[second, 1]])
      const person: MemberKey = { kind: 'user', userId: randomUUID() }
      expect(await store.listSnapshots(fixture.organizationId, person, { all: false })).toEqual([])
    })

    it('one that goes tells what goes with it; the identities that it owned go, others stay', async () => {
      const { project } = await make()
      const owned = await fixture.createIdentity(project.id)
      const other = await fixture.createIdentity()
      for (const identityId of [owned, other]) await fixture.addMember(project.id, identityId, 'viewer')
      const gone = { environments: 2, members: 2, roles: 0, folders: 0, secrets: 0, identityIds: [owned] }
      expect(await store.delete(project.id, fixture.organizationId)).toEqual({
        kind: 'deleted',
        project,
        gone,
      })
      expect(await find(project.id)).toBeUndefined()
      const { project: next } = await make()
      await fixture.addMember(next.id, other, 'viewer')
      await expect(fixture.addMember(next.id, owned, 'viewer')).rejects.toThrow('not added: unknown')
    })

    it('one that is protected stays, until it is no more', async () => {
      const { project } = await make({ hasDeleteProtection: true })
      expect(await store.delete(project.id, fixture.organizationId)).toEqual({ kind: 'protected' })
      await store.update(project.id, fixture.organizationId, { hasDeleteProtection: false })
      expect(await store.delete(project.id, fixture.organizationId)).toMatchObject({ kind: 'deleted' })
    })

    it('an organization has so many at most, however many are made at once', async () => {
      await fixture.addProjects(projectLimits.projectsPerOrganization - 1)
      const made = await Promise.all([1, 2].map(() => store.create(draft())))
      expect(made.map(({ kind }) => kind).toSorted()).toEqual(['created', 'too-many'])
      await make({ organizationId: fixture.otherOrganizationId })
    })
  })
}
