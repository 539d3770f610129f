import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SignedInPerson } from '../users/test/postern-with-people.ts'
import {
  type PosternWithProjects,
  startPosternWithProjects,
  type TestProject,
} from './test/postern-with-projects.ts'

let postern: PosternWithProjects
let project: TestProject
let ben: SignedInPerson
let cleo: SignedInPerson
beforeAll(async () => {
  postern = await startPosternWithProjects()
  ben = await postern.addPerson('no-access')
  cleo = await postern.addPerson('no-access')
})
afterAll(() => postern.close())
beforeEach(async () => {
  project = await postern.createProject()
})

const current = () => `/api/v1/projects/${project.id}/memberships`
const prefixes = ['v1/projects', 'v1/workspace', 'v2/workspace']

async function add(body: object, token?: string) {
  const reply = await postern.send('POST', current(), body, token)
  return { reply, memberships: (reply.body as { memberships: { id: string; userId: string }[] }).memberships }
}

describe('people in projects', () => {
  it('nobody adds, changes or removes beyond their own rights', async () => {
    await postern.createRole(project.id, 'greeter', [
      { subject: 'members', action: ['read', 'create', 'edit', 'delete'] },
    ])
    const { token } = await postern.createMember(project.id, 'greeter')
    const { reply } = await add({ usernames: [ben.email], roleSlugs: ['viewer'] }, token)
    expect(reply).toMatchObject({ status: 403 })
    expect(await postern.eventsOf(reply)).toMatchObject([
      { event: 'project-member-added', outcome: 'denied', details: { emails: [ben.email] } },
    ])
    const [membership] = (await add({ usernames: [ben.email], roleSlugs: ['viewer'] })).memberships
    const one = `${current()}/${membership?.id}`
    const roles = [{ role: 'no-access' }]
    expect(await postern.send('PATCH', one, { roles }, token)).toMatchObject({ status: 403 })
    expect(await postern.send('DELETE', one, undefined, token)).toMatchObject({ status: 403 })
    const body = { usernames: [ben.email] }
    expect(await postern.send('DELETE', current(), body, token)).toMatchObject({ status: 403 })
    expect(await add({ usernames: [cleo.email], roleSlugs: ['no-access'] }, token)).toMatchObject({
      reply: { status: 200 },
    })
  })

  it.each([
    [{}, 422],
    [{ usernames: [] }, 422],
    [{ usernames: [''] }, 422],
    [{ usernames: ['ada@example.com'], roleSlugs: [] }, 422],
    [{ usernames: ['ada@example.com'], roleSlugs: ['nothing'] }, 400],
    [{ usernames: ['nobody@example.com'] }, 400],
    [{ usernames: ['ada@example.com', 'nobody@example.com'] }, 400],
  ])('%j is refused, and nobody is added', async (body, status) => {
    expect((await add(body)).reply).toMatchObject({ status })
    expect((await postern.send('GET', current())).body).toEqual({ memberships: [] })
  })

  it.each(prefixes)('/%s/:id/memberships adds, tells, changes and removes', async (prefix) => {
    const all = `/api/${prefix}/${project.id}/memberships`
    const added = await postern.send('POST', all, {
      usernames: [ben.email.toUpperCase(), cleo.email],
      roleSlugs: ['viewer'],
    })
    expect(added).toMatchObject({ status: 200 })
    const { memberships } = added.body as { memberships: { id: string; userId: string }[] }
    expect(memberships.map(({ userId }) => userId).sort()).toEqual([ben.userId, cleo.userId].sort())
    expect(await postern.eventsOf(added)).toHaveLength(2)
    expect(await postern.send('POST', all, { usernames: [ben.email] })).toMatchObject({ status: 400 })

    const list = (await postern.send('GET', all)).body as { memberships: { userId: string }[] }
    expect(list.memberships).toHaveLength(2)
    const details = await postern.send('POST', `${all}/details`, { username: ben.email })
    expect(details.body).toMatchObject({
      membership: {
        userId: ben.userId,
        projectId: project.id,
        user: { id: ben.userId, email: ben.email, username: ben.email, firstName: 'Somebody' },
        roles: [{ role: 'viewer' }],
      },
    })
    const { membership } = details.body as { membership: { id: string } }
    const one = `${all}/${membership.id}`
    expect((await postern.send('GET', one)).body).toEqual(details.body)
    const byUser = `/api/v1/projects/${project.id}/user/${ben.userId}/membership`
    expect((await postern.send('GET', byUser)).body).toEqual(details.body)

    const read = () => postern.send('GET', `/api/v1/projects/${project.id}`, undefined, ben.token)
    expect(await read()).toMatchObject({ status: 200 })
    const changed = await postern.send('PATCH', one, { roles: [{ role: 'no-access' }] })
    expect(changed.body).toMatchObject({ roles: [{ role: 'no-access', projectMembershipId: membership.id }] })
    expect(await read()).toMatchObject({ status: 403 })

    const removed = await postern.send('DELETE', one)
    expect(removed).toMatchObject({ status: 200, body: { membership: { id: membership.id } } })
    expect(await read()).toMatchObject({ status: 404 })
    const rest = await postern.send('DELETE', all, { usernames: [cleo.email] })
    expect(rest).toMatchObject({ status: 200, body: { memberships: [{ userId: cleo.userId }] } })
    expect(await postern.send('DELETE', all, { emails: [cleo.email] })).toMatchObject({ status: 404 })
    for (const method of ['GET', 'DELETE'])
      expect(await postern.send(method, one)).toMatchObject({ status: 404 })
    expect(await postern.send('POST', `${all}/details`, { username: ben.email })).toMatchObject({
      status: 404,
    })
  })

  it('of several removals one that names nobody undoes all', async () => {
    await add({ usernames: [ben.email] })
    const body = { usernames: [ben.email, cleo.email] }
    expect(await postern.send('DELETE', current(), body)).toMatchObject({ status: 404 })
    expect((await postern.send('GET', current())).body).toMatchObject({
      memberships: [{ userId: ben.userId, roles: [{ role: 'member' }] }],
    })
  })

  it('who leaves the organization leaves its projects', async () => {
    const dora = await postern.addPerson('no-access')
    await add({ usernames: [dora.email] })
    const path = `/api/v2/organizations/${postern.organizationId}/memberships/${dora.membershipId}`
    expect(await postern.send('DELETE', path)).toMatchObject({ status: 200 })
    expect((await postern.send('GET', current())).body).toEqual({ memberships: [] })
  })
})

it('T17 who is to change a person, or to give them a new password, has their rights in their projects too', async () => {
  const slug = `host-${project.slug}`
  await postern.send('POST', '/api/v1/organization/roles', {
    slug,
    name: 'Host',
    permissions: [{ subject: 'members', action: ['read', 'edit', 'delete'] }],
  })
  const host = await postern.createMachine(slug)
  const eve = await postern.addPerson('no-access')
  await add({ usernames: [eve.email], roleSlugs: ['admin'] })
  const one = `/api/v2/organizations/${postern.organizationId}/memberships/${eve.membershipId}`
  expect(await postern.send('DELETE', one, undefined, host.token)).toMatchObject({ status: 403 })
  expect(await postern.send('POST', `${one}/password-reset`, {}, host.token)).toMatchObject({ status: 403 })
  expect(await postern.send('PATCH', one, { isActive: false }, host.token)).toMatchObject({ status: 403 })
  await postern.send('DELETE', current(), { usernames: [eve.email] })
  expect(await postern.send('DELETE', one, undefined, host.token)).toMatchObject({ status: 200 })
})

it('several people are removed without waiting in a circle for others who remove them too', async () => {
  await add({ usernames: [ben.email, cleo.email] })
  const { kysely } = postern.app.database
  const members = await kysely
    .selectFrom('project_members')
    .innerJoin('users', 'users.id', 'project_members.user_id')
    .select(['project_members.id', 'users.email'])
    .where('project_id', '=', project.id)
    .orderBy('project_members.id')
    .execute()
  const usernames = members.map(({ email }) => email).toReversed()
  const { removal } = await kysely.transaction().execute(async (other) => {
    const lock = (id: string | undefined) =>
      sql`select from project_members where id = ${id ?? ''} for update`.execute(other)
    await lock(members[0]?.id)
    const removal = postern.send('DELETE', current(), { usernames })
    await expect
      .poll(async () => {
        const { rows } = await sql`select from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`.execute(kysely)
        return rows.length
      })
      .toBeGreaterThan(0)
    await lock(members[1]?.id)
    return { removal }
  })
  expect((await removal).status).toBe(200)
})
