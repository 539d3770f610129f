import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { identityActor, userActor } from '../permissions/test/actor-fixtures.ts'
import { createProjectAccess } from './project-access.ts'
import type { HeldRole, MemberKey, ProjectKey, ProjectSnapshot } from './project-store.ts'

const start = new Date('2026-03-01T10:00:00.000Z')
const organizationId = randomUUID()
const id = randomUUID()

function createSubject({ heldRoles = [role('viewer')] }: { heldRoles?: HeldRole[] | undefined } = {}) {
  const asked: [string, ProjectKey, MemberKey][] = []
  let held: readonly HeldRole[] | undefined = heldRoles
  let elapsedMs = 0
  let isBroken = false
  let isThere = true
  let gate: Promise<void> = Promise.resolve()
  const snapshot = (): ProjectSnapshot => ({
    project: {
      id,
      organizationId,
      name: 'Payments',
      slug: 'payments',
      description: null,
      type: 'secret-manager',
      hasDeleteProtection: false,
      autoCapitalization: false,
      createdAt: start,
      updatedAt: start,
    },
    environments: [
      {
        id: randomUUID(),
        projectId: id,
        name: 'Dev',
        slug: 'dev',
        position: 1,
        createdAt: start,
        updatedAt: start,
      },
    ],
    heldRoles: held,
  })
  const access = createProjectAccess({
    store: {
      findSnapshot: async (organization, key, member) => {
        asked.push([organization, key, member])
        const seen = isThere ? snapshot() : undefined
        await gate
        if (isBroken) throw new Error('database gone')
        return seen
      },
      listSnapshots: async () => [snapshot()],
    },
    now: () => new Date(start.getTime() + elapsedMs),
    elapsedMs: () => elapsedMs,
  })
  return {
    access,
    asked,
    setRoles: (roles: readonly HeldRole[] | undefined) => void (held = roles),
    advance: (ms: number) => void (elapsedMs += ms),
    setBroken: (broken: boolean) => void (isBroken = broken),
    setThere: (there: boolean) => void (isThere = there),
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return resolve
    },
  }
}

function role(slug: string, time: HeldRole['time'] = null): HeldRole {
  return { slug, rules: null, time }
}

const member = identityActor({ organizationId, role: 'no-access' })
const isUnknown = { code: 'NotFound' }

describe('entering a project', () => {
  it.each([{}, { projectId: '', projectSlug: '' }])('takes an id or a slug: %j', async (named) => {
    await expect(createSubject().access.enter(member, named)).rejects.toMatchObject({ code: 'BadRequest' })
  })

  it('reads no project by what is no UUID', async () => {
    const { access, asked } = createSubject()
    await expect(access.enter(member, { projectId: "' or 1=1", projectSlug: 'x' })).rejects.toMatchObject(
      isUnknown,
    )
    expect(asked).toEqual([])
  })

  it('reads no project by what can be no slug', async () => {
    const { access, asked } = createSubject()
    for (const projectSlug of ['\u0000', '../x', 'x'.repeat(81), 'größe']) {
      await expect(access.enter(member, { projectSlug })).rejects.toMatchObject(isUnknown)
    }
    expect(asked).toEqual([])
  })

  it('asks by the id first, in lower case, and by the slug where the id is empty', async () => {
    const { access, asked } = createSubject()
    await access.enter(member, { projectId: id.toUpperCase(), projectSlug: 'other' })
    await access.enter(member, { projectId: '', projectSlug: 'payments' })
    const key = { kind: 'identity', identityId: member.identityId }
    expect(asked).toEqual([
      [organizationId, { id }, key],
      [organizationId, { slug: 'payments' }, key],
    ])
  })

  it('is for members, and for who administers every project', async () => {
    const { access, setRoles } = createSubject()
    setRoles(undefined)
    await expect(access.enter(member, { projectId: id })).rejects.toMatchObject(isUnknown)
    expect(await access.enterIfMember(member, { projectId: id })).toBeUndefined()
    expect(await access.enterAll(member)).toEqual([])
    const admin = userActor({ organizationId, role: 'admin' })
    const { rights } = await access.enter(admin, { projectId: id })
    expect(rights.can('delete', 'project')).toBe(true)
  })

  it('T17 a role that it does not know gives no rights', async () => {
    const { access } = createSubject({ heldRoles: [role('owner')] })
    expect((await access.enter(member, { projectId: id })).rights.can('read', 'project')).toBe(false)
  })

  it('knows the environments, and names the one that it does not know', async () => {
    const entered = await createSubject().access.enter(member, { projectId: id })
    expect(entered.environment('dev')).toMatchObject({ name: 'Dev' })
    expect(() => entered.environment('prod')).toThrow(
      expect.objectContaining({ code: 'NotFound', message: expect.stringContaining('"prod"') }),
    )
  })
})

describe('temporary roles', () => {
  it('count from their first millisecond to the one before their last, whatever is remembered', async () => {
    const until = new Date(start.getTime() + 900)
    const from = new Date(start.getTime() + 500)
    const { access, advance, asked } = createSubject({ heldRoles: [role('viewer', { from, until })] })
    const canReadNow = async () =>
      (await access.enter(member, { projectId: id })).rights.can('read', 'project')
    advance(499)
    expect(await canReadNow()).toBe(false)
    advance(1)
    expect(await canReadNow()).toBe(true)
    advance(399)
    expect(await canReadNow()).toBe(true)
    advance(1)
    expect(await canReadNow()).toBe(false)
    expect(asked).toHaveLength(1)
  })
})

describe('what is remembered', () => {
  it('is read again after a second, and at once when it is forgotten', async () => {
    const { access, asked, advance } = createSubject()
    const enter = () => access.enter(member, { projectId: id })
    await enter()
    advance(999)
    await enter()
    expect(asked).toHaveLength(1)
    advance(1)
    await enter()
    expect(asked).toHaveLength(2)
    access.forget(randomUUID())
    await enter()
    expect(asked).toHaveLength(2)
    access.forget(id)
    await enter()
    expect(asked).toHaveLength(3)
  })

  it('is nobody else’s', async () => {
    const { access, asked } = createSubject()
    await access.enter(member, { projectId: id })
    await access.enter(identityActor({ organizationId, role: 'no-access' }), { projectId: id })
    await access.enter({ ...member, organizationId: randomUUID() }, { projectId: id })
    expect(asked).toHaveLength(3)
  })

  it('is not what a read saw that was under way when it was forgotten', async () => {
    const { access, setRoles, hold } = createSubject()
    const release = hold()
    const before = access.enter(member, { projectId: id })
    setRoles([])
    access.forget(id)
    release()
    await before
    expect((await access.enter(member, { projectId: id })).rights.can('read', 'project')).toBe(false)
  })

  it('is neither a failure nor what did not exist', async () => {
    const { access, setBroken, setThere } = createSubject()
    setBroken(true)
    await expect(access.enter(member, { projectId: id })).rejects.toThrow('database gone')
    setBroken(false)
    setThere(false)
    await expect(access.enter(member, { projectId: id })).rejects.toMatchObject(isUnknown)
    setThere(true)
    expect(await access.enter(member, { projectId: id })).toMatchObject({ project: { id } })
  })

  it('follows a change of the actor’s own rights at once', async () => {
    const { access } = createSubject()
    const { identityId } = member
    const admin = identityActor({ organizationId, identityId, role: 'admin' })
    const rightsOf = async (actor: typeof member) =>
      (await access.enter(actor, { projectId: id })).rights.can('delete', 'project')
    expect(await rightsOf(admin)).toBe(true)
    expect(await rightsOf(member)).toBe(false)
  })
})
