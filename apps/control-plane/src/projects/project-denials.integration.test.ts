import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Machine,
  type PosternWithProjects,
  startPosternWithProjects,
  type TestProject,
} from './test/postern-with-projects.ts'

let postern: PosternWithProjects
let project: TestProject
let member: Machine
let ownedIdentityId: string
let roleId: string
let nobody: Machine
let outsider: Machine
let stranger: string
let personMembershipId: string
let userId: string
beforeAll(async () => {
  postern = await startPosternWithProjects()
  project = await postern.createProject()
  member = await postern.createMember(project.id, 'admin')
  nobody = await postern.createMember(project.id, 'no-access')
  outsider = await postern.createMachine('member')
  stranger = (await postern.createStranger()).token
  roleId = await postern.createRole(project.id, 'reader', [{ subject: 'secrets', action: ['read'] }])
  const owned = await postern.send('POST', `/api/v1/projects/${project.id}/identities`, { name: 'owned' })
  ownedIdentityId = (owned.body as { identity: { id: string } }).identity.id
  const person = await postern.addPerson('no-access')
  userId = person.userId
  const added = await postern.send('POST', `/api/v1/projects/${project.id}/memberships`, {
    usernames: [person.email],
    roleSlugs: ['admin'],
  })
  personMembershipId = (added.body as { memberships: { id: string }[] }).memberships[0]?.id ?? ''
})
afterAll(() => postern.close())

interface Call {
  method: string
  path: () => string
  body?: object
}

const permissions = [{ subject: 'secrets', action: 'read' }]
const environmentId = (): string => project.environments[0]?.id ?? ''

const ofProject: Call[] = [
  { method: 'GET', path: () => `/api/v1/projects/${project.id}` },
  { method: 'GET', path: () => `/api/v1/workspace/${project.id}` },
  { method: 'GET', path: () => `/api/v1/projects/slug/${project.slug}` },
  { method: 'GET', path: () => `/api/v1/workspace/slug/${project.slug}` },
  { method: 'GET', path: () => `/api/v2/workspace/${project.slug}` },
  { method: 'PATCH', path: () => `/api/v1/projects/${project.id}`, body: { name: 'Taken' } },
  { method: 'PATCH', path: () => `/api/v1/workspace/${project.id}`, body: { name: 'Taken' } },
  { method: 'PATCH', path: () => `/api/v2/workspace/${project.slug}`, body: { name: 'Taken' } },
  { method: 'DELETE', path: () => `/api/v1/projects/${project.id}` },
  { method: 'DELETE', path: () => `/api/v1/workspace/${project.id}` },
  { method: 'DELETE', path: () => `/api/v2/workspace/${project.slug}` },
]

const ofEnvironments: Call[] = [
  { method: 'GET', path: () => `/api/v1/workspace/environments/${environmentId()}` },
  ...['projects', 'workspace'].flatMap((word): Call[] => [
    { method: 'GET', path: () => `/api/v1/${word}/${project.id}/environments/${environmentId()}` },
    { method: 'GET', path: () => `/api/v1/${word}/${project.id}/environments/slug/dev` },
    {
      method: 'POST',
      path: () => `/api/v1/${word}/${project.id}/environments`,
      body: { name: 'QA', slug: 'qa' },
    },
    {
      method: 'PATCH',
      path: () => `/api/v1/${word}/${project.id}/environments/${environmentId()}`,
      body: { name: 'Taken' },
    },
    { method: 'DELETE', path: () => `/api/v1/${word}/${project.id}/environments/${environmentId()}` },
  ]),
]

const identityPaths = [
  () => `/api/v1/projects/${project.id}/memberships/identities`,
  () => `/api/v1/projects/${project.id}/identity-memberships`,
  () => `/api/v2/workspace/${project.id}/identity-memberships`,
]
const ofIdentities: Call[] = [
  { method: 'GET', path: () => `/api/v1/projects/${project.id}/memberships/available-identities` },
  ...identityPaths.flatMap((prefix): Call[] => [
    { method: 'GET', path: prefix },
    { method: 'GET', path: () => `${prefix()}/${member.identityId}` },
    { method: 'POST', path: () => `${prefix()}/${outsider.identityId}`, body: { role: 'admin' } },
    {
      method: 'PATCH',
      path: () => `${prefix()}/${member.identityId}`,
      body: { roles: [{ role: 'viewer' }] },
    },
    { method: 'DELETE', path: () => `${prefix()}/${member.identityId}` },
  ]),
  { method: 'GET', path: () => `/api/v1/projects/${project.id}/identities` },
  { method: 'POST', path: () => `/api/v1/projects/${project.id}/identities`, body: { name: 'mine' } },
  { method: 'GET', path: () => `/api/v1/projects/${project.id}/identities/${ownedIdentityId}` },
  {
    method: 'PATCH',
    path: () => `/api/v1/projects/${project.id}/identities/${ownedIdentityId}`,
    body: { name: 'taken' },
  },
  { method: 'DELETE', path: () => `/api/v1/projects/${project.id}/identities/${ownedIdentityId}` },
]

const peoplePaths = [
  () => `/api/v1/projects/${project.id}/memberships`,
  () => `/api/v1/workspace/${project.id}/memberships`,
  () => `/api/v2/workspace/${project.id}/memberships`,
]
const ofPeople: Call[] = [
  { method: 'GET', path: () => `/api/v1/projects/${project.id}/user/${userId}/membership` },
  ...peoplePaths.flatMap((prefix): Call[] => [
    { method: 'GET', path: prefix },
    { method: 'GET', path: () => `${prefix()}/${personMembershipId}` },
    { method: 'POST', path: () => `${prefix()}/details`, body: { username: 'ada@example.com' } },
    { method: 'POST', path: prefix, body: { usernames: ['ada@example.com'] } },
    { method: 'DELETE', path: prefix, body: { usernames: ['ada@example.com'] } },
    {
      method: 'PATCH',
      path: () => `${prefix()}/${personMembershipId}`,
      body: { roles: [{ role: 'viewer' }] },
    },
    { method: 'DELETE', path: () => `${prefix()}/${personMembershipId}` },
  ]),
]

const ofRoles: Call[] = [
  { method: 'GET', path: () => `/api/v1/projects/roles/${roleId}` },
  ...[
    () => `/api/v1/projects/${project.id}/roles`,
    () => `/api/v1/workspace/${project.slug}/roles`,
    () => `/api/v2/workspace/${project.id}/roles`,
  ].flatMap((prefix): Call[] => [
    { method: 'GET', path: prefix },
    { method: 'GET', path: () => `${prefix()}/slug/reader` },
    { method: 'POST', path: prefix, body: { slug: 'mine', name: 'Mine', permissions } },
    { method: 'PATCH', path: () => `${prefix()}/${roleId}`, body: { name: 'Taken' } },
    { method: 'DELETE', path: () => `${prefix()}/${roleId}` },
  ]),
]

const calls = [...ofProject, ...ofEnvironments, ...ofIdentities, ...ofPeople, ...ofRoles]

/** Everything that a refused call must leave alone. */
async function state(): Promise<unknown> {
  const { kysely } = postern.app.database
  return Promise.all([
    kysely.selectFrom('projects').selectAll().orderBy('id').execute(),
    kysely.selectFrom('project_environments').selectAll().orderBy('id').execute(),
    kysely.selectFrom('project_members').selectAll().orderBy('id').execute(),
    kysely.selectFrom('project_member_roles').selectAll().orderBy('id').execute(),
    kysely.selectFrom('project_roles').selectAll().orderBy('id').execute(),
    kysely.selectFrom('identities').select(['id', 'name', 'project_id']).orderBy('id').execute(),
  ])
}

describe('who may not', () => {
  it('anybody without credentials: 401', async () => {
    for (const { method, path, body } of calls) {
      const reply = await postern.call(method, path(), undefined, body)
      expect([method, path(), reply.status]).toEqual([method, path(), 401])
    }
  })

  it.each([
    ['T18 an admin of another organization', () => stranger],
    ['a member of the organization who is not in the project', () => outsider.token],
  ])('%s: 404 in words that an unknown project has too, and nothing is changed', async (_who, token) => {
    const before = await state()
    for (const { method, path, body } of calls) {
      const reply = await postern.send(method, path(), body, token())
      expect([method, path(), reply.status]).toEqual([method, path(), 404])
      const unknownPath = path()
        .replace(project.id, randomUUID())
        .replace(project.slug, 'no-such-project')
        .replace(`environments/${environmentId()}`, `environments/${randomUUID()}`)
        .replace(`projects/roles/${roleId}`, `projects/roles/${randomUUID()}`)
      const unknown = await postern.send(method, unknownPath, body, token())
      expect(unknown).toMatchObject({
        status: 404,
        body: { message: (reply.body as { message: string }).message },
      })
    }
    expect(await state()).toEqual(before)
  })

  it('T17 a member without rights: 403 that names them, nothing is changed, and attempts are written down', async () => {
    const before = await state()
    for (const { method, path, body } of calls) {
      const reply = await postern.send(method, path(), body, nobody.token)
      expect([method, path(), reply.status]).toEqual([method, path(), 403])
      expect(reply.body).toMatchObject({ error: 'PermissionDenied', details: { action: expect.any(String) } })
      const isRead = method === 'GET' || path().endsWith('/details')
      expect(await postern.eventsOf(reply)).toMatchObject(
        isRead ? [] : [{ outcome: 'denied', details: { projectId: project.id } }],
      )
    }
    expect(await state()).toEqual(before)
  })

  it('T17 a machine without a role in the organization makes no project, and sees none', async () => {
    const { token } = await postern.createMachine()
    for (const path of ['/api/v1/projects', '/api/v2/workspace']) {
      const refused = await postern.send('POST', path, { projectName: 'Mine' }, token)
      expect(refused).toMatchObject({
        status: 403,
        body: { details: { action: 'create', subject: 'projects' } },
      })
      expect(await postern.eventsOf(refused)).toMatchObject([{ event: 'project-created', outcome: 'denied' }])
    }
    expect((await postern.send('GET', '/api/v1/workspace', undefined, token)).body).toEqual({
      workspaces: [],
    })
    expect((await postern.send('GET', '/api/v1/projects', undefined, stranger)).body).toEqual({
      projects: [],
    })
  })

  it('ids in paths that are no UUIDs name nothing: 404', async () => {
    for (const { method, path, body } of calls) {
      const odd = path()
        .replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, 'odd')
        .replace(project.slug, '%F0%9F%A6%8A')
      const reply = await postern.send(method, odd, body)
      expect([method, odd, reply.status]).toEqual([method, odd, 404])
    }
  })
})
