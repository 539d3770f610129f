import { type ChangeCase, type ChangeWorld, textIn } from './change-world.ts'

/** However the route names the project in its path. */
type InProject = (at: {
  world: ChangeWorld
  projectId: string
  post: (path: string, body: unknown) => ReturnType<ChangeWorld['call']>
}) => Promise<{ params?: Record<string, string>; body?: unknown }>

function inProject(fill: InProject): ChangeCase['prepare'] {
  return async (world) => {
    const { projectId, projectSlug } = await world.project()
    const post = (path: string, body: unknown) => world.call('POST', path, body)
    const { params, body } = await fill({ world, projectId, post })
    return {
      params: {
        projectId,
        projectSlug,
        workspaceId: projectId,
        project: projectId,
        slug: projectSlug,
        ...params,
      },
      ...(body !== undefined && { body }),
    }
  }
}

const projects: ChangeCase[] = [
  {
    method: 'POST',
    template: /\/(projects|workspace)$/,
    events: ['project-created'],
    prepare: async () => ({ body: { projectName: 'Shop' } }),
  },
  {
    method: 'PATCH',
    template: /\/(projects|workspace)\/:\w+$/,
    events: ['project-updated'],
    prepare: inProject(async () => ({ body: { name: 'Other' } })),
  },
  {
    method: 'DELETE',
    template: /\/(projects|workspace)\/:\w+$/,
    events: ['project-deleted'],
    prepare: inProject(async () => ({})),
  },
  {
    method: 'POST',
    template: /\/environments$/,
    events: ['project-environment-created'],
    prepare: inProject(async () => ({ body: { name: 'Test', slug: 'test' } })),
  },
  {
    method: 'PATCH',
    template: /\/environments\/:\w+$/,
    events: ['project-environment-updated'],
    prepare: inProject(async ({ projectId, post }) => ({
      params: await environment(projectId, post),
      body: { name: 'Other' },
    })),
  },
  {
    method: 'DELETE',
    template: /\/environments\/:\w+$/,
    events: ['project-environment-deleted'],
    prepare: inProject(async ({ projectId, post }) => ({ params: await environment(projectId, post) })),
  },
  {
    method: 'POST',
    template: /:\w+\/roles$/,
    events: ['project-role-created'],
    prepare: inProject(async () => ({ body: { slug: 'own', name: 'Own', permissions: [] } })),
  },
  {
    method: 'PATCH',
    template: /:\w+\/roles\/:\w+$/,
    events: ['project-role-updated'],
    prepare: inProject(async ({ projectId, post }) => ({
      params: await role(projectId, post),
      body: { name: 'Other' },
    })),
  },
  {
    method: 'DELETE',
    template: /:\w+\/roles\/:\w+$/,
    events: ['project-role-deleted'],
    prepare: inProject(async ({ projectId, post }) => ({ params: await role(projectId, post) })),
  },
]

type Post = Parameters<InProject>[0]['post']
async function environment(projectId: string, post: Post) {
  const reply = await post(`/api/v1/projects/${projectId}/environments`, { name: 'Test', slug: 'test' })
  return { environmentId: textIn(reply, 'environment.id') }
}
async function role(projectId: string, post: Post) {
  const body = { slug: 'own', name: 'Own', permissions: [] }
  return { roleId: textIn(await post(`/api/v1/projects/${projectId}/roles`, body), 'role.id') }
}
async function identityIn({ projectId, post, world }: Parameters<InProject>[0]): Promise<string> {
  const identityId = await world.identity()
  const roles = [{ role: 'viewer' }]
  await post(`/api/v1/projects/${projectId}/memberships/identities/${identityId}`, { roles })
  return identityId
}
async function personIn({ projectId, post, world }: Parameters<InProject>[0]) {
  const { email } = await world.person()
  const reply = await post(`/api/v1/projects/${projectId}/memberships`, { usernames: [email] })
  const [membership] = (reply.body as { memberships: { id: string }[] }).memberships
  return { email, membershipId: membership?.id ?? '' }
}

const members: ChangeCase[] = [
  {
    method: 'POST',
    template: /memberships?(\/identities)?\/:identityId$/,
    events: ['project-member-added'],
    prepare: inProject(async ({ world }) => ({
      params: { identityId: await world.identity() },
      body: { roles: [{ role: 'viewer' }] },
    })),
  },
  {
    method: 'PATCH',
    template: /memberships?(\/identities)?\/:identityId$/,
    events: ['project-member-updated'],
    prepare: inProject(async (at) => ({
      params: { identityId: await identityIn(at) },
      body: { roles: [{ role: 'member' }] },
    })),
  },
  {
    method: 'DELETE',
    template: /memberships?(\/identities)?\/:identityId$/,
    events: ['project-member-removed'],
    prepare: inProject(async (at) => ({ params: { identityId: await identityIn(at) } })),
  },
  {
    method: 'POST',
    template: /(projects|workspace)\/:\w+\/memberships$/,
    events: ['project-member-added'],
    prepare: inProject(async ({ world }) => ({ body: { usernames: [(await world.person()).email] } })),
  },
  {
    method: 'DELETE',
    template: /(projects|workspace)\/:\w+\/memberships$/,
    events: ['project-member-removed'],
    prepare: inProject(async (at) => ({ body: { usernames: [(await personIn(at)).email] } })),
  },
  {
    method: 'PATCH',
    template: /(projects|workspace)\/:\w+\/memberships\/:membershipId$/,
    events: ['project-member-updated'],
    prepare: inProject(async (at) => ({
      params: { membershipId: (await personIn(at)).membershipId },
      body: { roles: [{ role: 'viewer' }] },
    })),
  },
  {
    method: 'DELETE',
    template: /(projects|workspace)\/:\w+\/memberships\/:membershipId$/,
    events: ['project-member-removed'],
    prepare: inProject(async (at) => ({ params: { membershipId: (await personIn(at)).membershipId } })),
  },
  {
    method: 'POST',
    template: /projects\/:projectId\/identities$/,
    events: ['identity-created'],
    prepare: inProject(async () => ({ body: { name: 'own' } })),
  },
  {
    method: 'PATCH',
    template: /projects\/:projectId\/identities\/:identityId$/,
    events: ['identity-updated'],
    prepare: inProject(async ({ projectId, post }) => ({
      params: await ownIdentity(projectId, post),
      body: { name: 'other' },
    })),
  },
  {
    method: 'DELETE',
    template: /projects\/:projectId\/identities\/:identityId$/,
    events: ['identity-deleted'],
    prepare: inProject(async ({ projectId, post }) => ({ params: await ownIdentity(projectId, post) })),
  },
]
async function ownIdentity(projectId: string, post: Post) {
  const reply = await post(`/api/v1/projects/${projectId}/identities`, { name: 'own' })
  return { identityId: textIn(reply, 'identity.id') }
}

const placeOf = (projectId: string) => ({ projectId, workspaceId: projectId, environment: 'dev' })
async function folder(projectId: string, post: Post) {
  const body = { ...placeOf(projectId), path: '/', name: 'app' }
  return { folderIdOrName: textIn(await post('/api/v1/folders', body), 'folder.id') }
}
async function secretImport(projectId: string, post: Post) {
  const body = { ...placeOf(projectId), path: '/', import: { environment: 'prod', path: '/' } }
  return { secretImportId: textIn(await post('/api/v1/secret-imports', body), 'secretImport.id') }
}
async function secret(projectId: string, post: Post) {
  await post('/api/v4/secrets/KEY', { ...placeOf(projectId), secretPath: '/', secretValue: 'x' })
  return { secretName: 'KEY' }
}

const secrets: ChangeCase[] = [
  {
    method: 'POST',
    template: /\/folders$/,
    events: ['folder-created'],
    prepare: inProject(async ({ projectId }) => ({
      body: { ...placeOf(projectId), path: '/', name: 'app' },
    })),
  },
  {
    method: 'PATCH',
    template: /\/folders\/:folderIdOrName$/,
    events: ['folder-renamed'],
    prepare: inProject(async ({ projectId, post }) => ({
      params: await folder(projectId, post),
      body: { ...placeOf(projectId), name: 'other' },
    })),
  },
  {
    method: 'DELETE',
    template: /\/folders\/:folderIdOrName$/,
    events: ['folder-deleted'],
    prepare: inProject(async ({ projectId, post }) => ({
      params: await folder(projectId, post),
      body: placeOf(projectId),
    })),
  },
  {
    method: 'POST',
    template: /\/secret-imports$/,
    events: ['secret-import-created'],
    prepare: inProject(async ({ projectId }) => ({
      body: { ...placeOf(projectId), path: '/', import: { environment: 'prod', path: '/' } },
    })),
  },
  {
    method: 'PATCH',
    template: /\/secret-imports\/:secretImportId$/,
    events: ['secret-import-updated'],
    prepare: inProject(async ({ projectId, post }) => ({
      params: await secretImport(projectId, post),
      body: { ...placeOf(projectId), path: '/', import: { path: '/other' } },
    })),
  },
  {
    method: 'DELETE',
    template: /\/secret-imports\/:secretImportId$/,
    events: ['secret-import-deleted'],
    prepare: inProject(async ({ projectId, post }) => ({
      params: await secretImport(projectId, post),
      body: { ...placeOf(projectId), path: '/' },
    })),
  },
  {
    method: 'POST',
    template: /\/:secretName$/,
    events: ['secret-created'],
    prepare: inProject(async ({ projectId }) => ({
      params: { secretName: 'NEW' },
      body: { ...placeOf(projectId), secretPath: '/', secretValue: 'x' },
    })),
  },
  {
    method: 'PATCH',
    template: /\/:secretName$/,
    events: ['secret-updated'],
    prepare: inProject(async ({ projectId, post }) => ({
      params: await secret(projectId, post),
      body: { ...placeOf(projectId), secretPath: '/', secretValue: 'y' },
    })),
  },
  {
    method: 'DELETE',
    template: /\/:secretName$/,
    events: ['secret-deleted'],
    prepare: inProject(async ({ projectId, post }) => ({
      params: await secret(projectId, post),
      body: { ...placeOf(projectId), secretPath: '/' },
    })),
  },
]

export const projectChanges = [...projects, ...members, ...secrets]
