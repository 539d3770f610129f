import { randomUUID } from 'node:crypto'
import { organizationRoleResponse } from '@postern/api-contract/organization-roles'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type PosternWithClients,
  startPosternWithClients,
} from '../universal-auth/test/postern-with-clients.ts'

const path = '/api/v1/organization/roles'

let postern: PosternWithClients
beforeAll(async () => {
  postern = await startPosternWithClients()
})
afterAll(() => postern.close())

interface Allowed {
  subject: string
  action: string | string[]
}

let count = 0
const nextSlug = (): string => `role-${String((count += 1))}`

async function createRole(permissions: Allowed[], change: object = {}) {
  const body = { slug: nextSlug(), name: 'Role', description: 'For tests', permissions, ...change }
  const reply = await postern.call('POST', path, body)
  return organizationRoleResponse.parse(reply.body).role
}

/** The token of a machine with that role. */
async function tokenOf(role: string): Promise<string> {
  return postern.logIn(await postern.createClient({}, {}, role))
}

async function tokenOfRoleWith(permissions: Allowed[]): Promise<string> {
  return tokenOf((await createRole(permissions)).slug)
}

describe('who may do what with roles', () => {
  const id = randomUUID()
  const body = { slug: 'x', name: 'x' }
  const calls: [string, string, object | undefined, string][] = [
    ['POST', path, body, 'create'],
    ['GET', path, undefined, 'read'],
    ['GET', `${path}/${id}`, undefined, 'read'],
    ['GET', `${path}/slug/admin`, undefined, 'read'],
    ['PATCH', `${path}/${id}`, { name: 'y' }, 'edit'],
    ['DELETE', `${path}/${id}`, undefined, 'delete'],
  ]

  it.each(calls)('%s %s needs a credential', async (method, url, content) => {
    const reply = await postern.app.call(method, url, { body: content })
    expect(reply).toMatchObject({ status: 401, body: { error: 'Unauthorized' } })
  })

  it.each(calls)(
    'T17 %s %s is refused without the right, by its name',
    async (method, url, content, action) => {
      const reply = await postern.call(method, url, content, await tokenOf('no-access'))
      expect(reply).toMatchObject({
        status: 403,
        body: { error: 'PermissionDenied', details: { action, subject: 'roles' } },
      })
    },
  )

  it('a member reads roles and changes none', async () => {
    const token = await tokenOf('member')
    expect((await postern.call('GET', path, undefined, token)).status).toBe(200)
    expect((await postern.call('POST', path, body, token)).status).toBe(403)
  })

  it('T17 nobody makes a role above their own rights', async () => {
    const token = await tokenOfRoleWith([
      { subject: 'roles', action: ['read', 'create'] },
      { subject: 'gateways', action: 'read' },
    ])
    const wanted = (action: string[]) => ({
      slug: nextSlug(),
      name: 'x',
      permissions: [{ subject: 'gateways', action }],
    })
    const refused = await postern.call('POST', path, wanted(['read', 'delete']), token)
    expect(refused).toMatchObject({
      status: 403,
      body: { error: 'PermissionDenied', details: { action: 'delete', subject: 'gateways' } },
    })
    expect(await postern.auditOf(refused)).toMatchObject([
      { event: 'organization-role-created', outcome: 'denied', reason: 'permission-denied' },
    ])
    expect((await postern.call('POST', path, wanted(['read']), token)).status).toBe(200)
  })

  it('T17 nobody changes or deletes a role that is above their own rights, nor lifts one above them', async () => {
    const token = await tokenOfRoleWith([{ subject: 'roles', action: ['read', 'edit', 'delete'] }])
    const above = await createRole([{ subject: 'members', action: 'edit' }])
    const below = await createRole([{ subject: 'roles', action: 'read' }])
    const lift = { permissions: [{ subject: 'members', action: 'edit' }] }
    const replies = await Promise.all([
      postern.call('PATCH', `${path}/${above.id}`, { name: 'mine' }, token),
      postern.call('PATCH', `${path}/${above.id}`, { permissions: [] }, token),
      postern.call('DELETE', `${path}/${above.id}`, undefined, token),
      postern.call('PATCH', `${path}/${below.id}`, lift, token),
    ])
    for (const reply of replies)
      expect(reply).toMatchObject({
        status: 403,
        body: { details: { action: 'edit', subject: 'members' } },
      })
    expect((await postern.call('PATCH', `${path}/${below.id}`, { name: 'ours' }, token)).status).toBe(200)
  })

  it('T18 a role of another organization does not exist', async () => {
    const { kysely } = postern.app.database
    const organization = await kysely
      .insertInto('organizations')
      .values({ name: 'Other', slug: randomUUID(), wrapped_key: Buffer.from('k') })
      .returning('id')
      .executeTakeFirstOrThrow()
    const foreign = await kysely
      .insertInto('organization_roles')
      .values({
        organization_id: organization.id,
        slug: 'theirs',
        name: 'Theirs',
        description: '',
        permissions: '[]',
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const replies = await Promise.all([
      postern.call('GET', `${path}/${foreign.id}`),
      postern.call('GET', `${path}/slug/theirs`),
      postern.call('PATCH', `${path}/${foreign.id}`, { name: 'mine' }),
      postern.call('DELETE', `${path}/${foreign.id}`),
      postern.call('DELETE', `${path}/${randomUUID()}`),
      postern.call('GET', `${path}/nothing`),
    ])
    for (const reply of replies)
      expect(reply).toMatchObject({
        status: 404,
        body: { message: 'There is no such role in your organization' },
      })
  })
})

describe('what is not saved', () => {
  it.each(['admin', 'member', 'no-access', 'custom'])('the reserved slug %s', async (slug) => {
    const reply = await postern.call('POST', path, { slug, name: 'x' })
    expect(reply).toMatchObject({ status: 400, body: { message: expect.stringContaining('reserved') } })
    const role = await createRole([])
    expect((await postern.call('PATCH', `${path}/${role.id}`, { slug })).status).toBe(400)
  })

  it('a slug that is taken', async () => {
    const [one, other] = [await createRole([]), await createRole([])]
    expect((await postern.call('POST', path, { slug: one.slug, name: 'x' })).status).toBe(400)
    expect((await postern.call('PATCH', `${path}/${other.id}`, { slug: one.slug })).status).toBe(400)
  })

  const wrong: [string, object, RegExp][] = [
    ['an unknown subject', { subject: 'secrets', action: 'read' }, /identities, gateways, gateway-pools/],
    [
      'an unknown action',
      { subject: 'identities', action: 'attach' },
      /read, create, edit, delete, edit-auth/,
    ],
    [
      'one unknown action of several',
      { subject: 'roles', action: ['read', 'x'] },
      /read, create, edit, delete/,
    ],
    ['no action', { subject: 'roles', action: [] }, /read, create, edit, delete/],
    ['a rule that takes away', { subject: 'roles', action: 'read', inverted: true }, /.+/],
    ['a rule with conditions', { subject: 'roles', action: 'read', conditions: { slug: 'x' } }, /.+/],
  ]
  it.each(wrong)('%s, and the reply names what is allowed', async (_title, permission, words) => {
    const reply = await postern.call('POST', path, { slug: nextSlug(), name: 'x', permissions: [permission] })
    expect(reply).toMatchObject({
      status: 422,
      body: {
        error: 'ValidationFailure',
        message: [
          { path: expect.arrayContaining(['permissions', 0]), message: expect.stringMatching(words) },
        ],
      },
    })
  })

  it('more roles than an organization may have', async () => {
    const { kysely } = postern.app.database
    const rows = Array.from({ length: 200 }, (_, index) => ({
      organization_id: postern.organizationId,
      slug: `many-${String(index)}`,
      name: 'x',
      description: '',
      permissions: '[]',
    }))
    await kysely.insertInto('organization_roles').values(rows).execute()
    const reply = await postern.call('POST', path, { slug: nextSlug(), name: 'x' })
    await kysely.deleteFrom('organization_roles').where('slug', 'like', 'many-%').execute()
    expect(reply).toMatchObject({ status: 400, body: { message: expect.stringContaining('200') } })
  })
})

describe('a role of the organization’s own', () => {
  it('is made, read, changed and deleted in the contract’s envelope, its rules as they were written', async () => {
    const permissions = [
      { subject: 'identities', action: 'read' },
      { subject: 'projects', action: ['read', 'create'] },
    ]
    const role = await createRole(permissions, { slug: 'deployer', name: 'Deployer' })
    const { organizationId: orgId } = postern
    expect(role).toMatchObject({
      slug: 'deployer',
      name: 'Deployer',
      description: 'For tests',
      orgId,
      permissions,
    })
    for (const url of [`${path}/${role.id}`, `${path}/slug/deployer`, `${path}/${role.id.toUpperCase()}/`])
      expect((await postern.call('GET', url)).body).toEqual({ role })
    const changed = await postern.call('PATCH', `${path}/${role.id}`, { name: 'Ships', description: null })
    expect(changed.body).toMatchObject({
      role: { name: 'Ships', description: '', slug: 'deployer', permissions },
    })
    expect(await postern.auditOf(changed)).toMatchObject([
      { event: 'organization-role-updated', outcome: 'success' },
    ])
    expect((await postern.call('DELETE', `${path}/${role.id}`)).body).toMatchObject({ role: { id: role.id } })
    expect((await postern.call('GET', `${path}/${role.id}`)).status).toBe(404)
    expect((await postern.call('DELETE', `${path}/${role.id}`)).status).toBe(404)
  })

  it('is listed after those that every organization has', async () => {
    const { slug } = await createRole([])
    const { body } = await postern.call('GET', path)
    expect(body).toMatchObject({
      roles: expect.arrayContaining([
        expect.objectContaining({ slug: 'admin', isBuiltIn: true }),
        expect.objectContaining({ slug, isBuiltIn: false }),
      ]),
    })
    expect((await postern.call('GET', `${path}/slug/member`)).body).toMatchObject({
      role: { slug: 'member', isBuiltIn: true },
    })
  })

  it('gives its rights, and what a change of it gives, at once', async () => {
    const role = await createRole([{ subject: 'identities', action: 'read' }])
    const token = await tokenOf(role.slug)
    const list = () =>
      postern.call('GET', `/api/v1/identities?orgId=${postern.organizationId}`, undefined, token)
    expect((await list()).status).toBe(200)
    await postern.call('PATCH', `${path}/${role.id}`, { permissions: [] })
    expect((await list()).status).toBe(403)
    await postern.call('PATCH', `${path}/${role.id}`, {
      slug: `${role.slug}-renamed`,
      permissions: [{ subject: 'identities', action: ['read'] }],
    })
    expect((await list()).status).toBe(200)
  })

  it('stays while anybody has it, and whoever has it keeps it under its new slug', async () => {
    const role = await createRole([])
    const identityId = await postern.createIdentity(role.slug)
    const refused = await postern.call('DELETE', `${path}/${role.id}`)
    expect(refused).toMatchObject({
      status: 400,
      body: { details: { identities: 1, members: 0, invitations: 0, isDefault: false } },
    })
    const slug = nextSlug()
    expect((await postern.call('PATCH', `${path}/${role.id}`, { slug })).status).toBe(200)
    expect((await postern.call('GET', `/api/v1/identities/${identityId}`)).body).toMatchObject({
      identity: { role: 'custom', roleId: role.id, customRole: { slug } },
    })
    expect((await postern.call('PATCH', `/api/v1/identities/${identityId}`, { role: 'member' })).status).toBe(
      200,
    )
    expect((await postern.call('DELETE', `${path}/${role.id}`)).status).toBe(200)
  })

  it('is not deleted while a person has it', async () => {
    const role = await createRole([])
    const { kysely } = postern.app.database
    await kysely.updateTable('organization_members').set({ role: role.slug }).execute()
    const refused = await postern.call('DELETE', `${path}/${role.id}`)
    await kysely.updateTable('organization_members').set({ role: 'admin' }).execute()
    expect(refused).toMatchObject({ status: 400, body: { details: { members: 1 } } })
  })

  it('of a grant and a deletion at once, never both are done', async () => {
    for (let round = 0; round < 5; round += 1) {
      const role = await createRole([])
      const [deleted, granted] = await Promise.all([
        postern.call('DELETE', `${path}/${role.id}`),
        postern.call('POST', '/api/v1/identities', {
          name: 'ci',
          organizationId: postern.organizationId,
          role: role.slug,
        }),
      ])
      expect(new Set([deleted.status, granted.status])).toEqual(new Set([200, 400]))
    }
  })
})
