import { project as projectSchema } from '@postern/api-contract/projects'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PosternWithProjects, startPosternWithProjects } from './test/postern-with-projects.ts'

let postern: PosternWithProjects
beforeAll(async () => {
  postern = await startPosternWithProjects()
})
afterAll(() => postern.close())

describe('creating projects', () => {
  it.each([
    ['no name', {}],
    ['an empty name', { projectName: '  ' }],
    ['a name of 65 characters', { projectName: 'x'.repeat(65) }],
    ['a NUL in the name', { projectName: 'a\u0000b' }],
    ['a slug in upper case', { projectName: 'x', slug: 'Payments' }],
    ['a slug with a slash', { projectName: 'x', slug: 'a/b' }],
    ['another type', { projectName: 'x', type: 'cert-manager' }],
    ['a description of 1025 characters', { projectName: 'x', projectDescription: 'x'.repeat(1025) }],
  ])('refuses %s', async (_what, body) => {
    expect(await postern.send('POST', '/api/v1/projects', body)).toMatchObject({ status: 422 })
  })

  it.each(['/api/v1/projects', '/api/v2/workspace'])(
    '%s makes a project with three environments, whose admin is who made it',
    async (path) => {
      const maker = await postern.createMachine('member')
      const reply = await postern.send(
        'POST',
        path,
        { projectName: 'Größe & Söhne', slug: '', projectDescription: 'Money', organizationSlug: 'ignored' },
        maker.token,
      )
      expect(reply).toMatchObject({ status: 200 })
      const { project } = reply.body as { project: { id: string } }
      expect(projectSchema.parse(project)).toEqual(project)
      expect(project).toMatchObject({
        _id: project.id,
        name: 'Größe & Söhne',
        slug: expect.stringMatching(/^grosse-sohne(-[a-z\d]{4})?$/),
        description: 'Money',
        type: 'secret-manager',
        orgId: postern.organizationId,
        hasDeleteProtection: false,
        environments: [
          { name: 'Development', slug: 'dev' },
          { name: 'Staging', slug: 'staging' },
          { name: 'Production', slug: 'prod' },
        ],
      })
      expect(await postern.eventsOf(reply)).toMatchObject([
        {
          event: 'project-created',
          outcome: 'success',
          details: { projectId: project.id, environments: ['dev', 'staging', 'prod'] },
        },
      ])
      const member = await postern.send(
        'GET',
        `/api/v1/projects/${project.id}/memberships/identities/${maker.identityId}`,
        undefined,
        maker.token,
      )
      expect(member.body).toMatchObject({ identityMembership: { roles: [{ role: 'admin' }] } })
    },
  )

  it('a person who makes a project is its admin', async () => {
    const person = await postern.addPerson('member')
    const project = await postern.createProject({}, person.token)
    const { body } = await postern.send(
      'GET',
      `/api/v1/projects/${project.id}/user/${person.userId}/membership`,
      undefined,
      person.token,
    )
    expect(body).toMatchObject({ membership: { user: { email: person.email }, roles: [{ role: 'admin' }] } })
  })

  it('makes no environments where none are wanted', async () => {
    expect((await postern.createProject({ shouldCreateDefaultEnvs: false })).environments).toEqual([])
  })

  it('an explicit slug that is taken is refused; one made of the name gets a suffix, even at once', async () => {
    await postern.createProject({ projectName: 'Ledger', slug: 'ledger' })
    const taken = await postern.send('POST', '/api/v2/workspace', { projectName: 'Other', slug: 'ledger' })
    expect(taken).toMatchObject({ status: 400, body: { error: 'BadRequest' } })
    const made = await Promise.all(
      Array.from({ length: 4 }, () => postern.createProject({ projectName: 'Ledger' })),
    )
    const slugs = made.map(({ slug }) => slug)
    expect(new Set(slugs).size).toBe(4)
    for (const slug of slugs) expect(slug).toMatch(/^ledger-[a-z\d]{4}$/)
  })

  it('a name without a letter of ASCII has a slug all the same', async () => {
    expect((await postern.createProject({ projectName: '日本' })).slug).toMatch(/^project/)
  })
})

describe('reading projects', () => {
  it('tells one project under every path, by id in an envelope and by slug at the top level', async () => {
    const { id, slug } = await postern.createProject({ projectName: 'Read' })
    const read = async (path: string) => (await postern.send('GET', path)).body
    const project = await read(`/api/v1/projects/slug/${slug}`)
    expect(projectSchema.parse(project)).toMatchObject({ id, slug, environments: [{}, {}, {}] })
    expect(await read(`/api/v1/workspace/slug/${slug}/`)).toEqual(project)
    expect(await read(`/api/v2/workspace/${slug}`)).toEqual(project)
    expect(await read(`/api/v1/projects/${id.toUpperCase()}`)).toEqual({ project })
    expect(await read(`/api/v1/workspace/${id}`)).toEqual({ workspace: project })
  })

  it('lists those that the caller is in, oldest first, and all of them for who administers them', async () => {
    const [first, second] = [await postern.createProject(), await postern.createProject()]
    const member = await postern.createMember(first.id, 'viewer')
    await postern.send('POST', `/api/v1/projects/${second.id}/memberships/identities/${member.identityId}`, {
      role: 'no-access',
    })
    const mine = await postern.send('GET', '/api/v1/workspace', undefined, member.token)
    expect((mine.body as { workspaces: { id: string }[] }).workspaces.map(({ id }) => id)).toEqual([first.id])
    const all = (await postern.send('GET', '/api/v1/projects')).body as { projects: { id: string }[] }
    const ids = all.projects.map(({ id }) => id)
    expect(ids).toEqual(expect.arrayContaining([first.id, second.id]))
    expect(ids.indexOf(first.id)).toBeLessThan(ids.indexOf(second.id))
    const none = await postern.send('GET', '/api/v1/projects?type=cert-manager')
    expect(none.body).toEqual({ projects: [] })
  })
})

describe('changing projects', () => {
  it('a viewer and a member change nothing', async () => {
    const { id } = await postern.createProject()
    for (const role of ['viewer', 'member']) {
      const { token } = await postern.createMember(id, role)
      const refused = await postern.send('PATCH', `/api/v1/projects/${id}`, { name: 'Taken' }, token)
      expect(refused).toMatchObject({
        status: 403,
        body: { details: { action: 'edit', subject: 'project' } },
      })
      expect(await postern.send('DELETE', `/api/v1/projects/${id}`, undefined, token)).toMatchObject({
        status: 403,
      })
    }
  })

  it('what is left out stays, "" is no description, and the change holds for everybody at once', async () => {
    const { id, slug } = await postern.createProject({ projectDescription: 'Before' })
    const { token } = await postern.createMember(id, 'admin')
    await postern.send('GET', `/api/v1/projects/slug/${slug}`, undefined, token)
    const changed = await postern.send(
      'PATCH',
      `/api/v1/projects/${id}`,
      { projectId: id, slug: 'renamed', name: 'Renamed', description: '', hasDeleteProtection: true },
      token,
    )
    const fields = { id, name: 'Renamed', slug: 'renamed', description: null, hasDeleteProtection: true }
    expect(changed).toMatchObject({ status: 200, body: { ...fields, project: fields } })
    expect(await postern.eventsOf(changed)).toMatchObject([
      { event: 'project-updated', details: { slugBefore: slug } },
    ])
    expect(await postern.send('GET', `/api/v1/projects/slug/${slug}`, undefined, token)).toMatchObject({
      status: 404,
    })
    const reply = await postern.send('PATCH', `/api/v1/workspace/${id}`, { autoCapitalization: true }, token)
    expect(reply.body).toMatchObject({ workspace: { ...fields, autoCapitalization: true } })
    const bySlug = await postern.send('PATCH', '/api/v2/workspace/renamed', {
      slug: 'renamed',
      name: 'Again',
    })
    expect(bySlug.body).toMatchObject({ ...fields, name: 'Again' })
  })

  it('another project’s slug is refused', async () => {
    const [first, second] = [await postern.createProject(), await postern.createProject()]
    const refused = await postern.send('PATCH', `/api/v1/projects/${second.id}`, { slug: first.slug })
    expect(refused).toMatchObject({ status: 400 })
    expect(await postern.send('PATCH', `/api/v1/projects/${second.id}`, { slug: second.slug })).toMatchObject(
      { status: 200 },
    )
  })
})

describe('deleting projects', () => {
  it('a protected project stays', async () => {
    const { id } = await postern.createProject({ hasDeleteProtection: true })
    expect(await postern.send('DELETE', `/api/v1/workspace/${id}`)).toMatchObject({ status: 400 })
    expect(await postern.send('GET', `/api/v1/workspace/${id}`)).toMatchObject({ status: 200 })
  })

  it.each([
    ['/api/v1/projects/', 'id'],
    ['/api/v1/workspace/', 'id'],
    ['/api/v2/workspace/', 'slug'],
  ] as const)(
    'DELETE %s:%s takes everything, tokens of its own identities too, and says how much',
    async (prefix, by) => {
      const project = await postern.createProject()
      const roleId = await postern.createRole(project.id, 'reader', [{ subject: 'secrets', action: 'read' }])
      const member = await postern.createMember(project.id, 'reader')
      const created = await postern.send('POST', `/api/v1/projects/${project.id}/identities`, {
        name: 'owned',
      })
      const { identity } = created.body as { identity: { id: string } }
      const ownedToken = await postern.logIn(identity.id)
      expect(await postern.send('GET', '/api/v1/identities/details', undefined, ownedToken)).toMatchObject({
        status: 200,
      })
      const deleted = await postern.send('DELETE', prefix + project[by])
      expect(deleted).toMatchObject({
        status: 200,
        body: { id: project.id, project: { id: project.id }, workspace: { slug: project.slug } },
      })
      const counts = { environments: 3, members: 3, roles: 1, identities: 1, secrets: 0, folders: 0 }
      expect(await postern.eventsOf(deleted)).toMatchObject([{ event: 'project-deleted', details: counts }])
      expect(await postern.send('GET', '/api/v1/identities/details', undefined, ownedToken)).toMatchObject({
        status: 401,
      })
      expect(await postern.send('GET', `/api/v1/identities/${identity.id}`)).toMatchObject({ status: 404 })
      expect(await postern.send('GET', `/api/v1/projects/roles/${roleId}`)).toMatchObject({ status: 404 })
      // A member that the organization owns lives on.
      expect(await postern.send('GET', '/api/v1/projects', undefined, member.token)).toMatchObject({
        status: 200,
        body: { projects: [] },
      })
      expect(await postern.send('DELETE', prefix + project[by])).toMatchObject({ status: 404 })
    },
  )

  it('an organization holds a thousand projects', async () => {
    const { kysely } = postern.app.database
    const organizationId = await postern.addOrganization()
    const person = await postern.createStranger()
    await kysely
      .insertInto('organization_members')
      .values({ organization_id: organizationId, user_id: person.userId, role: 'admin' })
      .execute()
    const token = await postern.select(await postern.signIn(person), organizationId)
    await kysely
      .insertInto('projects')
      .values(
        Array.from({ length: 999 }, (_none, index) => ({
          organization_id: organizationId,
          name: `P${index}`,
          slug: `p${index}`,
          type: 'secret-manager',
        })),
      )
      .execute()
    const create = () => postern.send('POST', '/api/v1/projects', { projectName: 'One more' }, token)
    expect(await create()).toMatchObject({ status: 200 })
    expect(await create()).toMatchObject({ status: 400, body: { message: expect.stringContaining('1000') } })
  })
})
