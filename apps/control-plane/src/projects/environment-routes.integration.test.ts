import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type PosternWithProjects,
  startPosternWithProjects,
  type TestProject,
} from './test/postern-with-projects.ts'

let postern: PosternWithProjects
let project: TestProject
beforeAll(async () => {
  postern = await startPosternWithProjects()
})
afterAll(() => postern.close())
beforeEach(async () => {
  project = await postern.createProject()
})

const path = (word = 'workspace') => `/api/v1/${word}/${project.id}/environments`
const idOf = (slug: string) => project.environments.find((one) => one.slug === slug)?.id ?? ''
async function create(body: object): Promise<{ id: string }> {
  const reply = await postern.send('POST', path(), body)
  return (reply.body as { environment: { id: string } }).environment
}
async function order(): Promise<[string, number][]> {
  const rows = await postern.app.database.kysely
    .selectFrom('project_environments')
    .select(['slug', 'position'])
    .where('project_id', '=', project.id)
    .orderBy('position')
    .execute()
  return rows.map(({ slug, position }) => [slug, position])
}

describe('environments', () => {
  it.each(['viewer', 'member'])('a %s changes none', async (role) => {
    const { token } = await postern.createMember(project.id, role)
    const one = `${path()}/${idOf('dev')}`
    expect(await postern.send('GET', one, undefined, token)).toMatchObject({ status: 200 })
    expect(await postern.send('POST', path(), { name: 'QA', slug: 'qa' }, token)).toMatchObject({
      status: 403,
    })
    expect(await postern.send('PATCH', one, { name: 'QA' }, token)).toMatchObject({ status: 403 })
    const refused = await postern.send('DELETE', one, undefined, token)
    expect(refused).toMatchObject({
      status: 403,
      body: { details: { action: 'delete', subject: 'environments' } },
    })
  })

  it('another slug takes all rights on content: roles name environments by it', async () => {
    await postern.createRole(project.id, 'renamer', [
      { subject: 'environments', action: ['read', 'edit'] },
      { subject: 'secrets', action: ['read', 'read-value'], conditions: { environment: 'dev' } },
    ])
    const { token } = await postern.createMember(project.id, 'renamer')
    const prod = `${path()}/${idOf('prod')}`
    expect(await postern.send('PATCH', prod, { slug: 'dev2' }, token)).toMatchObject({
      status: 403,
      body: { details: { subject: 'secrets' } },
    })
    expect(await postern.send('PATCH', prod, { name: 'Live', slug: 'prod' }, token)).toMatchObject({
      status: 200,
    })
  })

  it.each([
    [{ name: 'QA' }],
    [{ slug: 'qa' }],
    [{ name: 'QA', slug: 'Q A' }],
    [{ name: 'QA', slug: 'qa', position: -1 }],
    [{ name: 'QA', slug: 'qa', position: 1.5 }],
    [{ name: 'Q\u0000', slug: 'qa' }],
  ])('refuses %j', async (body) => {
    expect(await postern.send('POST', path(), body)).toMatchObject({ status: 422 })
  })

  it('are told by id, by slug at the top level, and without their project', async () => {
    const environment = { id: idOf('staging'), slug: 'staging', position: 2, projectId: project.id }
    const read = async (at: string) => (await postern.send('GET', at)).body
    expect(await read(`/api/v1/workspace/environments/${environment.id}`)).toMatchObject({ environment })
    for (const word of ['projects', 'workspace']) {
      expect(await read(`${path(word)}/${environment.id}`)).toMatchObject({ environment })
      expect(await read(`${path(word)}/slug/staging`)).toMatchObject(environment)
      expect(await postern.send('GET', `${path(word)}/slug/none`)).toMatchObject({
        status: 404,
        body: { message: expect.stringContaining('"none"') },
      })
    }
  })

  it.each(['projects', 'workspace'])(
    'POST /v1/%s/:id/environments puts one where it is wanted',
    async (word) => {
      const reply = await postern.send('POST', path(word), { name: 'QA', slug: 'qa', position: 2 })
      expect(reply).toMatchObject({
        status: 200,
        body: {
          message: expect.any(String),
          workspace: project.id,
          environment: { name: 'QA', slug: 'qa', position: 2, projectId: project.id },
        },
      })
      expect(await postern.eventsOf(reply)).toMatchObject([
        { event: 'project-environment-created', details: { environment: 'qa', position: 2 } },
      ])
      expect(await order()).toEqual([
        ['dev', 1],
        ['qa', 2],
        ['staging', 3],
        ['prod', 4],
      ])
      const { body } = await postern.send('GET', `/api/v1/workspace/${project.id}`)
      const { workspace } = body as { workspace: TestProject }
      expect(workspace.environments.map(({ slug }) => slug)).toEqual(['dev', 'qa', 'staging', 'prod'])
    },
  )

  it('a slug is free once in a project, and may be another project’s', async () => {
    expect(await postern.send('POST', path(), { name: 'Dev', slug: 'dev' })).toMatchObject({ status: 400 })
    expect(await postern.send('PATCH', `${path()}/${idOf('prod')}`, { slug: 'dev' })).toMatchObject({
      status: 400,
    })
  })

  it('of eight that come at once with four slugs, four are made, in order without gaps', async () => {
    const slugs = ['a', 'b', 'c', 'd', 'a', 'b', 'c', 'd']
    const replies = await Promise.all(
      slugs.map((slug) => postern.send('POST', path(), { name: slug, slug, position: 1 })),
    )
    expect(replies.map(({ status }) => status).sort((one, other) => one - other)).toEqual([
      200, 200, 200, 200, 400, 400, 400, 400,
    ])
    const positions = (await order()).map(([, position]) => position)
    expect(positions).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  it('a change moves the others, and leaves what it does not name', async () => {
    const moved = await postern.send('PATCH', `${path()}/${idOf('prod')}`, { position: 1 })
    expect(moved.body).toMatchObject({ environment: { name: 'Production', slug: 'prod', position: 1 } })
    expect((await order()).map(([slug]) => slug)).toEqual(['prod', 'dev', 'staging'])
    const renamed = await postern.send('PATCH', `${path('projects')}/${idOf('dev')}`, {
      name: 'Test',
      slug: 'test',
      position: 99,
    })
    expect(renamed.body).toMatchObject({ environment: { name: 'Test', slug: 'test', position: 3 } })
    expect(await postern.eventsOf(renamed)).toMatchObject([
      { event: 'project-environment-updated', details: { slugBefore: 'dev', environment: 'test' } },
    ])
    // Terraform sends 0 for what it was not told.
    const asBefore = await postern.send('PATCH', `${path()}/${idOf('dev')}`, { position: 0 })
    expect(asBefore.body).toMatchObject({ environment: { position: 3 } })
  })

  it('a deleted one takes its secrets, folders and imports along, and the others close the gap', async () => {
    const { kysely } = postern.app.database
    const environmentId = idOf('staging')
    const folder = await kysely
      .insertInto('secret_folders')
      .values({ project_id: project.id, environment_id: environmentId, name: '' })
      .returning('id')
      .executeTakeFirstOrThrow()
    await kysely
      .insertInto('secrets')
      .values({
        project_id: project.id,
        folder_id: folder.id,
        key: 'KEY',
        version: 1,
        value_encrypted: Buffer.alloc(1),
        changed_by_kind: 'identity',
      })
      .execute()
    const deleted = await postern.send('DELETE', `${path()}/${environmentId}`)
    expect(deleted).toMatchObject({ status: 200, body: { environment: { slug: 'staging', position: 2 } } })
    expect(await postern.eventsOf(deleted)).toMatchObject([
      { event: 'project-environment-deleted', details: { environment: 'staging', folders: 1, secrets: 1 } },
    ])
    expect(await order()).toEqual([
      ['dev', 1],
      ['prod', 2],
    ])
    expect(await postern.send('DELETE', `${path()}/${environmentId}`)).toMatchObject({ status: 404 })
    expect(await postern.send('GET', `/api/v1/workspace/environments/${environmentId}`)).toMatchObject({
      status: 404,
    })
  })

  it('one of another project is unknown here', async () => {
    const other = await postern.createProject()
    const environmentId = other.environments[0]?.id ?? ''
    expect(await postern.send('PATCH', `${path()}/${environmentId}`, { name: 'Mine' })).toMatchObject({
      status: 404,
    })
    expect(await postern.send('DELETE', `${path()}/${environmentId}`)).toMatchObject({ status: 404 })
    expect(await postern.send('GET', `${path()}/${environmentId}`)).toMatchObject({ status: 404 })
  })

  it('a project holds a hundred', async () => {
    await postern.app.database.kysely
      .insertInto('project_environments')
      .values(
        Array.from({ length: 96 }, (_none, index) => ({
          project_id: project.id,
          name: `E${index}`,
          slug: `e${index}`,
          position: index + 4,
        })),
      )
      .execute()
    expect(await create({ name: 'Last', slug: 'last' })).toMatchObject({ position: 100 })
    expect(await postern.send('POST', path(), { name: 'More', slug: 'more' })).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('100') },
    })
  })
})
