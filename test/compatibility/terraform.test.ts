import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClientWorld, createClientWorld } from './client-world.ts'
import { type Kind, loginFields, secretFields, textOf, unreadable, valueAt } from './reading.ts'
import { createTerraformCalls } from './terraform-calls.ts'

/** What Go writes for a time that nobody set, and for lists that are nil. */
const noTime = '0001-01-01T00:00:00Z'
const permanent = {
  isTemporary: false,
  temporaryMode: '',
  temporaryRange: '',
  temporaryAccessStartTime: noTime,
}

/** The calls of the Terraform provider, resource by resource: create, read, update, read, delete. */
describe('the Terraform provider', () => {
  let world: ClientWorld
  beforeAll(async () => {
    world = await createClientWorld()
  })
  afterAll(() => world.close())

  const { send, createIdentity } = createTerraformCalls(() => world)
  const organizationId = () => world.platform.organizationId

  it('logs in with its client secret, and learns its organization', async () => {
    const { clientId, clientSecret } = world.machine
    const reply = await world.send(
      'POST /api/v1/auth/universal-auth/login HTTP/1.1\nUser-Agent: terraform\nContent-Type: application/json',
      { clientId, clientSecret },
    )
    expect(unreadable(reply, loginFields)).toEqual([])
    const details = await send('GET', '/api/v1/identities/details', undefined, textOf(reply, 'accessToken'))
    const fields: Record<string, Kind> = {
      'identityDetails.organization.id': 'text',
      'identityDetails.organization.name': 'text',
      'identityDetails.organization.slug': 'text',
    }
    expect(unreadable(details, fields)).toEqual([])
  })

  it('manages an identity: its metadata may be null', async () => {
    const body = { name: 'ci', hasDeleteProtection: false, organizationId: organizationId(), role: 'member' }
    const created = await send('POST', '/api/v1/identities', body)
    expect(
      unreadable(created, {
        'identity.id': 'text',
        'identity.name': 'text',
        'identity.authMethods': 'list',
        'identity.createdAt': 'time',
        'identity.metadata': 'list',
      }),
    ).toEqual([])
    const identityId = textOf(created, 'identity.id')
    const read = await send('GET', `/api/v1/identities/${identityId}`)
    expect(
      unreadable(read, {
        'identity.role': 'text',
        'identity.orgId': 'text',
        'identity.metadata': 'list',
        'identity.identity.id': 'text',
        'identity.identity.name': 'text',
        'identity.identity.authMethods': 'list',
        'identity.identity.hasDeleteProtection': 'boolean',
      }),
    ).toEqual([])
    const change = { identityId, name: 'ci-2', hasDeleteProtection: false, role: 'no-access' }
    for (const metadata of [null, [{ key: 'team', value: 'payments' }]]) {
      const updated = await send('PATCH', `/api/v1/identities/${identityId}`, { ...change, metadata })
      expect(
        unreadable(updated, { 'identity.id': 'text', 'identity.name': 'text', 'identity.updatedAt': 'time' }),
      ).toEqual([])
    }
    expect(
      valueAt((await send('GET', `/api/v1/identities/${identityId}`)).body, 'identity.metadata.0.value'),
    ).toBe('payments')
    const deleted = await send('DELETE', `/api/v1/identities/${identityId}`, { identityId })
    expect(unreadable(deleted, { 'identity.id': 'text' })).toEqual([])
    expect((await send('GET', `/api/v1/identities/${identityId}`)).status).toBe(404)
  })

  it('attaches Universal Auth to a new identity, changes it, makes and revokes a client secret, and removes it', async () => {
    const identityId = await createIdentity('with-universal-auth')
    const root = `/api/v1/auth/universal-auth/identities/${identityId}`
    const fields: Record<string, Kind> = {
      'identityUniversalAuth.id': 'text',
      'identityUniversalAuth.clientId': 'text',
      'identityUniversalAuth.identityId': 'text',
      'identityUniversalAuth.accessTokenTTL': 'integer',
      'identityUniversalAuth.accessTokenMaxTTL': 'integer',
      'identityUniversalAuth.accessTokenNumUsesLimit': 'integer',
      'identityUniversalAuth.createdAt': 'text',
      'identityUniversalAuth.clientSecretTrustedIps.0.ipAddress': 'text',
      'identityUniversalAuth.accessTokenTrustedIps.0.type': 'text',
      'identityUniversalAuth.accessTokenTrustedIps.0.prefix': 'integer',
    }
    const attached = await send('POST', root, {
      accessTokenTrustedIps: [{ ipAddress: '10.0.0.0/8' }],
      accessTokenTTL: 3600,
      identityId,
    })
    expect(unreadable(attached, fields)).toEqual([])
    expect(valueAt(attached.body, 'identityUniversalAuth.accessTokenTrustedIps')).toEqual([
      { ipAddress: '10.0.0.0', type: 'ipv4', prefix: 8 },
    ])
    expect(unreadable(await send('GET', root), fields)).toEqual([])
    const updated = await send('PATCH', root, { accessTokenTTL: 60, accessTokenMaxTTL: 120, identityId })
    expect(unreadable(updated, fields)).toEqual([])
    const made = await send('POST', `${root}/client-secrets`, {
      description: '',
      numUsesLimit: 0,
      ttl: 0,
      identityId,
    })
    const secretFields: Record<string, Kind> = {
      'clientSecretData.id': 'text',
      'clientSecretData.description': 'text',
      'clientSecretData.clientSecretPrefix': 'text',
      'clientSecretData.clientSecretNumUses': 'integer',
      'clientSecretData.clientSecretNumUsesLimit': 'integer',
      'clientSecretData.clientSecretTTL': 'integer',
      'clientSecretData.identityUAId': 'text',
      'clientSecretData.isClientSecretRevoked': 'boolean',
    }
    expect(unreadable(made, { ...secretFields, clientSecret: 'text' })).toEqual([])
    const one = `${root}/client-secrets/${textOf(made, 'clientSecretData.id')}`
    expect(unreadable(await send('GET', one), secretFields)).toEqual([])
    expect(unreadable(await send('POST', `${one}/revoke`), secretFields)).toEqual([])
    expect(unreadable(await send('DELETE', root), { 'identityUniversalAuth.id': 'text' })).toEqual([])
    expect((await send('GET', root)).status).toBe(404)
  })

  it('manages a project: by slug it is the reply itself, without an envelope', async () => {
    const created = await send('POST', '/api/v2/workspace', {
      projectName: 'Terraformed',
      slug: 'terraformed',
      organizationSlug: '',
      shouldCreateDefaultEnvs: true,
      hasDeleteProtection: false,
    })
    const fields = (at: string): Record<string, Kind> => ({
      [`${at}id`]: 'text',
      [`${at}name`]: 'text',
      [`${at}slug`]: 'text',
      [`${at}description`]: 'null or text',
      [`${at}autoCapitalization`]: 'boolean',
      [`${at}orgId`]: 'text',
      [`${at}createdAt`]: 'time',
      [`${at}updatedAt`]: 'time',
      [`${at}version`]: 'integer',
      [`${at}upgradeStatus`]: 'null or text',
    })
    expect(unreadable(created, fields('project.'))).toEqual([])
    const id = textOf(created, 'project.id')
    const more: Record<string, Kind> = {
      'environments.0.id': 'text',
      'environments.0.slug': 'text',
      hasDeleteProtection: 'boolean',
    }
    for (const path of ['/api/v2/workspace/terraformed', '/api/v1/projects/slug/terraformed']) {
      expect(unreadable(await send('GET', path), { ...fields(''), ...more })).toEqual([])
    }
    const byId = await send('GET', `/api/v1/workspace/${id}`)
    expect(
      unreadable(byId, {
        ...fields('workspace.'),
        'workspace.environments.0.id': 'text',
        'workspace.auditLogsRetentionDays': 'null or integer',
      }),
    ).toEqual([])
    const change = { slug: 'terraformed', name: 'Renamed', description: '', hasDeleteProtection: false }
    for (const path of [
      `/api/v1/projects/${id}`,
      `/api/v1/workspace/${id}`,
      '/api/v2/workspace/terraformed',
    ]) {
      const updated = await send('PATCH', path, change)
      expect([path, updated.status, updated.status === 200 ? '' : updated.text]).toEqual([path, 200, ''])
    }
    const deleted = await send('DELETE', '/api/v2/workspace/terraformed', { slug: 'terraformed' })
    expect(deleted.status).toBe(200)
    expect((await send('GET', '/api/v2/workspace/terraformed')).status).toBe(404)
  })

  it('manages an environment', async () => {
    const root = `/api/v1/workspace/${world.projectId}/environments`
    const fields: Record<string, Kind> = {
      'environment.id': 'text',
      'environment.name': 'text',
      'environment.slug': 'text',
      'environment.position': 'integer',
      'environment.projectId': 'text',
    }
    const created = await send('POST', root, { name: 'Quality', slug: 'qa', workspaceId: world.projectId })
    expect(unreadable(created, { ...fields, message: 'text', workspace: 'text' })).toEqual([])
    const id = textOf(created, 'environment.id')
    expect(unreadable(await send('GET', `/api/v1/workspace/environments/${id}`), fields)).toEqual([])
    expect(
      unreadable(await send('PATCH', `${root}/${id}`, { name: 'QA', slug: 'quality', position: 2 }), fields),
    ).toEqual([])
    const bySlug = await send('GET', `/api/v1/projects/${world.projectId}/environments/slug/quality`)
    expect(unreadable(bySlug, { id: 'text', slug: 'text' })).toEqual([])
    expect(
      unreadable(await send('DELETE', `${root}/${id}`, { id, workspaceId: world.projectId }), fields),
    ).toEqual([])
    expect((await send('GET', `/api/v1/workspace/environments/${id}`)).status).toBe(404)
  })

  it.each([
    ['/api/v2/workspace/:project/identity-memberships/:identity'],
    ['/api/v1/projects/:project/memberships/identities/:identity'],
    ['/api/v1/projects/:project/identity-memberships/:identity'],
  ])('puts an identity into a project by %s, whatever stands in temporary fields', async (template) => {
    const identityId = await createIdentity('member')
    const path = template.replace(':project', world.projectId).replace(':identity', identityId)
    const roles = [{ role: 'viewer', ...permanent }]
    const created = await send('POST', path, { projectId: world.projectId, identityId, roles })
    expect(
      unreadable(created, { 'identityMembership.id': 'text', 'identityMembership.identityId': 'text' }),
    ).toEqual([])
    const read = await send('GET', path)
    expect(
      unreadable(read, {
        'identityMembership.id': 'text',
        'identityMembership.roles.0.id': 'text',
        'identityMembership.roles.0.role': 'text',
        'identityMembership.roles.0.customRoleSlug': 'null or text',
        'identityMembership.roles.0.isTemporary': 'boolean',
        'identityMembership.roles.0.temporaryMode': 'null or text',
        'identityMembership.identity.id': 'text',
        'identityMembership.identity.name': 'text',
        'identityMembership.identity.authMethods': 'list',
      }),
    ).toEqual([])
    const updated = await send('PATCH', path, {
      projectId: world.projectId,
      identityId,
      roles: [{ role: 'admin', ...permanent }],
    })
    expect(
      unreadable(updated, { 'roles.0.id': 'text', 'roles.0.role': 'text', 'roles.0.createdAt': 'time' }),
    ).toEqual([])
    expect(
      unreadable(await send('DELETE', path, { projectId: world.projectId, identityId }), {
        'identityMembership.id': 'text',
      }),
    ).toEqual([])
    expect((await send('GET', path)).status).toBe(404)
  })

  it('manages an organization role', async () => {
    const root = '/api/v1/organization/roles'
    const body = {
      slug: 'auditor',
      name: 'Auditor',
      description: '',
      permissions: [{ subject: 'identities', action: ['read'] }],
    }
    const created = await send('POST', root, body)
    const fields: Record<string, Kind> = {
      'role.id': 'text',
      'role.slug': 'text',
      'role.name': 'text',
      'role.permissions': 'list',
    }
    expect(unreadable(created, fields)).toEqual([])
    const id = textOf(created, 'role.id')
    expect(unreadable(await send('GET', `${root}/${id}`), fields)).toEqual([])
    expect(unreadable(await send('GET', `${root}/slug/auditor`), fields)).toEqual([])
    expect(unreadable(await send('PATCH', `${root}/${id}`, { ...body, name: 'Reader' }), fields)).toEqual([])
    expect(unreadable(await send('DELETE', `${root}/${id}`), fields)).toEqual([])
  })

  it('manages a secret, with null tags and zero reminders', async () => {
    const body = {
      workspaceId: world.projectId,
      type: 'shared',
      environment: 'dev',
      secretKey: 'TF',
      secretValue: 'one',
      secretComment: '',
      secretPath: '/',
      secretReminderNote: '',
      secretReminderRepeatDays: 0,
      tagIds: null,
    }
    const created = await send('POST', '/api/v3/secrets/raw/TF', body)
    expect(unreadable(created, secretFields('secret'))).toEqual([])
    const id = textOf(created, 'secret.id')
    const byId = await send('GET', `/api/v3/secrets/raw/id/${id}`)
    expect(unreadable(byId, { ...secretFields('secret'), 'secret.secretPath': 'text' })).toEqual([])
    const updated = await send('PATCH', '/api/v3/secrets/raw/TF', {
      secretName: 'TF',
      workspaceId: world.projectId,
      environment: 'dev',
      type: 'shared',
      secretPath: '/',
      secretReminderNote: '',
      secretReminderRepeatDays: 0,
      secretValue: 'two',
      tagIds: null,
    })
    expect(unreadable(updated, secretFields('secret'))).toEqual([])
    const read = await send(
      'GET',
      `/api/v3/secrets/raw/TF?environment=dev&secretPath=%2F&type=shared&workspaceId=${world.projectId}`,
    )
    expect(valueAt(read.body, 'secret.secretValue')).toBe('two')
    const list = await send(
      'GET',
      `/api/v3/secrets/raw?environment=dev&expandSecretReferences=true&secretPath=%2F&workspaceId=${world.projectId}`,
    )
    expect(unreadable(list, secretFields('secrets.0'))).toEqual([])
    const deleted = await send('DELETE', '/api/v3/secrets/raw/TF', {
      secretName: 'TF',
      workspaceId: world.projectId,
      environment: 'dev',
      type: 'shared',
      secretPath: '/',
    })
    expect(unreadable(deleted, secretFields('secret'))).toEqual([])
    expect((await send('GET', `/api/v3/secrets/raw/id/${id}`)).status).toBe(404)
  })

  it('manages a folder and an import', async () => {
    const at = { environment: 'dev', workspaceId: world.projectId, path: '/' }
    const folder = await send('POST', '/api/v1/folders', { name: 'app', ...at })
    const fields: Record<string, Kind> = {
      'folder.id': 'text',
      'folder.name': 'text',
      'folder.envId': 'text',
      'folder.path': 'text',
    }
    expect(unreadable(folder, fields)).toEqual([])
    const id = textOf(folder, 'folder.id')
    const byId: Record<string, Kind> = {
      ...fields,
      'folder.projectId': 'text',
      'folder.environment.envId': 'text',
      'folder.environment.envName': 'text',
      'folder.environment.envSlug': 'text',
    }
    expect(unreadable(await send('GET', `/api/v1/folders/${id}`), byId)).toEqual([])
    expect(unreadable(await send('GET', `/api/v1/folders/${world.projectId}/dev/%2Fapp`), fields)).toEqual([])
    expect(
      unreadable(await send('PATCH', `/api/v1/folders/${id}`, { id, name: 'web', ...at }), fields),
    ).toEqual([])

    const imported = await send('POST', '/api/v1/secret-imports', {
      environment: 'dev',
      path: '/web',
      workspaceId: world.projectId,
      isReplication: false,
      import: { environment: 'prod', path: '/' },
    })
    expect(unreadable(imported, { 'secretImport.id': 'text', 'secretImport.importPath': 'text' })).toEqual([])
    const importId = textOf(imported, 'secretImport.id')
    const read = await send('GET', `/api/v1/secret-imports/${importId}`)
    expect(
      unreadable(read, {
        'secretImport.secretPath': 'text',
        'secretImport.importPath': 'text',
        'secretImport.projectId': 'text',
        'secretImport.isReplication': 'boolean',
        'secretImport.importEnv.id': 'text',
        'secretImport.importEnv.slug': 'text',
        'secretImport.environment.id': 'text',
        'secretImport.environment.slug': 'text',
      }),
    ).toEqual([])
    const list = await send(
      'GET',
      `/api/v1/secret-imports?environment=dev&path=%2Fweb&workspaceId=${world.projectId}`,
    )
    expect(valueAt(list.body, 'secretImports.0.id')).toBe(importId)
    const place = { id: importId, environment: 'dev', path: '/web', workspaceId: world.projectId }
    const changed = await send('PATCH', `/api/v1/secret-imports/${importId}`, {
      ...place,
      import: { environment: 'staging', path: '/' },
    })
    expect(valueAt(changed.body, 'secretImport.importEnv.slug')).toBe('staging')
    expect((await send('DELETE', `/api/v1/secret-imports/${importId}`, place)).status).toBe(200)

    const removal = { projectId: world.projectId, environment: 'dev', path: '/', forceDelete: false }
    expect(unreadable(await send('DELETE', `/api/v2/folders/${id}`, removal), fields)).toEqual([])
    expect((await send('GET', `/api/v1/folders/${id}`)).status).toBe(404)
  })

  it('lists gateways as a bare array', async () => {
    const reply = await send('GET', '/api/v2/gateways')
    expect(reply.status).toBe(200)
    expect(reply.body).toEqual([])
  })
})
