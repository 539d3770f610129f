import { type RawBuilder, sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  type PosternWithProjects,
  startPosternWithProjects,
  type TestProject,
} from './test/postern-with-projects.ts'

let postern: PosternWithProjects
beforeAll(async () => {
  postern = await startPosternWithProjects()
  const statements: RawBuilder<unknown>[] = [
    sql`create table refused_writes (is_refused boolean not null)`,
    sql`insert into refused_writes values (false)`,
    sql`create function refuse_write() returns trigger language plpgsql as $$
      begin
        if (select is_refused from refused_writes) then
          raise exception 'the disk is full' using errcode = 'disk_full';
        end if;
        return new;
      end $$`,
    sql`create trigger refuse before insert on audit_events for each row
      when (new.outcome = 'success') execute function refuse_write()`,
  ]
  for (const statement of statements) await statement.execute(postern.app.database.kysely)
})
afterAll(() => postern.close())

async function setRefused(isRefused: boolean): Promise<void> {
  await sql`update refused_writes set is_refused = ${isRefused}`.execute(postern.app.database.kysely)
}

async function state(): Promise<unknown> {
  const { kysely } = postern.app.database
  return Promise.all([
    kysely.selectFrom('projects').selectAll().orderBy('id').execute(),
    kysely.selectFrom('project_environments').selectAll().orderBy('id').execute(),
    kysely.selectFrom('project_members').selectAll().orderBy('id').execute(),
    kysely.selectFrom('project_member_roles').selectAll().orderBy('id').execute(),
    kysely.selectFrom('project_roles').selectAll().orderBy('id').execute(),
    kysely.selectFrom('identities').select(['id', 'name']).orderBy('id').execute(),
    kysely.selectFrom('universal_auths').select('id').orderBy('id').execute(),
    kysely.selectFrom('revocations').select('id').orderBy('id').execute(),
  ])
}

const permissions = [{ subject: 'secrets', action: 'read' }]
const of = ({ id }: TestProject): string => `/api/v1/projects/${id}`

type Prepared = [method: string, path: string, body?: object]
const changes: [string, (project: TestProject) => Promise<Prepared> | Prepared][] = [
  ['the creation of a project', () => ['POST', '/api/v1/projects', { projectName: 'New' }]],
  ['the change of a project', (project) => ['PATCH', of(project), { name: 'Changed' }]],
  [
    'the deletion of a project with an identity of its own',
    async (project) => {
      await postern.send('POST', `${of(project)}/identities`, { name: 'owned' })
      return ['DELETE', of(project)]
    },
  ],
  [
    'a new environment',
    (project) => ['POST', `${of(project)}/environments`, { name: 'QA', slug: 'qa', position: 1 }],
  ],
  [
    'the change of an environment',
    (project) => ['PATCH', `${of(project)}/environments/${project.environments[2]?.id}`, { position: 1 }],
  ],
  [
    'the deletion of an environment',
    (project) => ['DELETE', `${of(project)}/environments/${project.environments[0]?.id}`],
  ],
  [
    'a new member',
    async (project) => [
      'POST',
      `${of(project)}/memberships/identities/${await postern.createIdentity()}`,
      { role: 'viewer' },
    ],
  ],
  [
    'the change of a member',
    async (project) => {
      const { identityId } = await postern.createMember(project.id, 'viewer')
      return ['PATCH', `${of(project)}/memberships/identities/${identityId}`, { roles: [{ role: 'member' }] }]
    },
  ],
  [
    'the removal of a member',
    async (project) => {
      const { identityId } = await postern.createMember(project.id, 'viewer')
      return ['DELETE', `${of(project)}/memberships/identities/${identityId}`]
    },
  ],
  ['a new person', (project) => ['POST', `${of(project)}/memberships`, { usernames: ['ada@example.com'] }]],
  ['a new role', (project) => ['POST', `${of(project)}/roles`, { slug: 'r', name: 'R', permissions }]],
  [
    'the change of a role',
    async (project) => {
      const roleId = await postern.createRole(project.id, 'r', permissions)
      return ['PATCH', `${of(project)}/roles/${roleId}`, { permissions: [] }]
    },
  ],
  [
    'the deletion of a role',
    async (project) => [
      'DELETE',
      `${of(project)}/roles/${await postern.createRole(project.id, 'r', permissions)}`,
    ],
  ],
  ['a new identity of its own', (project) => ['POST', `${of(project)}/identities`, { name: 'owned' }]],
]

it.each(changes)(
  '%s is not there when its audit row cannot be written, and is there, row and all, when it can',
  async (_title, prepare) => {
    const project = await postern.createProject()
    const [method, path, body] = await prepare(project)
    const before = await state()
    await setRefused(true)
    const failed = await postern.send(method, path, body)
    await setRefused(false)
    expect(failed).toMatchObject({ status: 500 })
    expect(await state()).toEqual(before)
    const reply = await postern.send(method, path, body)
    expect(reply).toMatchObject({ status: 200 })
    expect(await postern.eventsOf(reply)).toMatchObject([{ outcome: 'success' }])
    expect(await state()).not.toEqual(before)
  },
)
