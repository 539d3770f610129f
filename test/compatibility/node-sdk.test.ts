import { InfisicalSDK } from '@infisical/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClientWorld, createClientWorld } from './client-world.ts'

/** The official SDK, unmodified, against a control plane that is its own process. */
describe('the official Node SDK', () => {
  let world: ClientWorld
  let sdk: InfisicalSDK
  beforeAll(async () => {
    world = await createClientWorld()
    sdk = await new InfisicalSDK({ siteUrl: world.url }).auth().universalAuth.login(world.machine)
  })
  afterAll(() => world.close())

  function at<More extends object>(more: More) {
    return { projectId: world.projectId, environment: 'dev', ...more }
  }

  it('is told that a client secret is wrong', async () => {
    const { clientId } = world.machine
    await expect(
      new InfisicalSDK({ siteUrl: world.url })
        .auth()
        .universalAuth.login({ clientId, clientSecret: 'wrong' }),
    ).rejects.toThrow(/\[StatusCode=401\]/)
  })

  it('is told that it needs a token, what it may not do, and what is not there', async () => {
    const stranger = new InfisicalSDK({ siteUrl: world.url }).auth().accessToken('no-token')
    await expect(stranger.secrets().listSecrets(at({}))).rejects.toThrow(/\[StatusCode=401\]/)
    await expect(sdk.secrets().getSecret(at({ secretName: 'NOWHERE' }))).rejects.toThrow(/\[StatusCode=404\]/)
    await expect(sdk.secrets().listSecrets({ ...at({}), environment: 'qa' })).rejects.toThrow(
      /\[StatusCode=404\]/,
    )
    await expect(sdk.projects().create({ projectName: 'Mine', type: 'secret-manager' })).rejects.toThrow(
      /\[StatusCode=403\]/,
    )
  })

  it('logs in, renews to another token, and goes on with either', async () => {
    const before = sdk.auth().getAccessToken()
    expect(before).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    const renewed = await sdk.auth().universalAuth.renew()
    expect(renewed.auth().getAccessToken()).not.toBe(before)
    await renewed.secrets().listSecrets(at({}))
    await new InfisicalSDK({ siteUrl: world.url })
      .auth()
      .accessToken(renewed.auth().getAccessToken() ?? '')
      .secrets()
      .listSecrets(at({}))
  })

  it('creates, reads, changes, renames and deletes a secret', async () => {
    const created = await sdk
      .secrets()
      .createSecret('TOKEN', at({ secretValue: 'one', secretComment: 'first' }))
    expect(created.secret).toMatchObject({
      secretKey: 'TOKEN',
      secretValue: 'one',
      secretComment: 'first',
      version: 1,
      type: 'shared',
      environment: 'dev',
      workspace: world.projectId,
    })
    expect(created.secret).toHaveProperty('_id', created.secret.id)
    await sdk.secrets().updateSecret('TOKEN', at({ secretValue: 'two' }))
    expect(await sdk.secrets().getSecret(at({ secretName: 'TOKEN' }))).toMatchObject({
      secretValue: 'two',
      secretComment: 'first',
      version: 2,
    })
    expect(await sdk.secrets().getSecret(at({ secretName: 'TOKEN', version: 1 }))).toMatchObject({
      secretValue: 'one',
    })
    const { secret } = await sdk.secrets().updateSecret('TOKEN', at({ newSecretName: 'RENAMED' }))
    expect(secret.secretKey).toBe('RENAMED')
    await expect(sdk.secrets().getSecret(at({ secretName: 'TOKEN' }))).rejects.toThrow(/\[StatusCode=404\]/)
    expect((await sdk.secrets().deleteSecret('RENAMED', at({}))).secret.secretKey).toBe('RENAMED')
    expect((await sdk.secrets().listSecrets(at({}))).secrets).toEqual([])
  })

  it('hides a value where it was asked to', async () => {
    await sdk.secrets().createSecret('HIDDEN', at({ secretValue: 'canary-51' }))
    const hidden = { viewSecretValue: false }
    const secret = await sdk.secrets().getSecret(at({ secretName: 'HIDDEN', ...hidden }))
    expect(secret.secretValueHidden).toBe(true)
    expect(JSON.stringify(await sdk.secrets().listSecrets(at(hidden)))).not.toContain('canary-51')
    await sdk.secrets().deleteSecret('HIDDEN', at({}))
  })

  it('makes folders, with their parents, and lists them', async () => {
    const folder = await sdk.folders().create(at({ name: 'api', path: '/apps', description: 'ours' }))
    expect(folder).toMatchObject({ name: 'api', description: 'ours', isReserved: false })
    const listed = await sdk.folders().listFolders(at({ path: '/apps' }))
    expect(listed.map(({ id }) => id)).toEqual([folder.id])
    const all = await sdk.folders().listFolders(at({ recursive: true }))
    expect(all.map(({ name }) => name)).toEqual(['apps', 'api'])
    expect(await sdk.folders().listFolders(at({ lastSecretModified: new Date().toISOString() }))).toEqual([])
  })

  it('keeps a secret in a folder apart from one of the same name above it', async () => {
    const below = at({ secretPath: '/apps/api' })
    await sdk.secrets().createSecret('PORT', at({ secretValue: '80' }))
    await sdk.secrets().createSecret('PORT', { ...below, secretValue: '8080' })
    expect((await sdk.secrets().getSecret({ ...below, secretName: 'PORT' })).secretValue).toBe('8080')
    const { secrets } = await sdk.secrets().listSecrets(at({ recursive: true }))
    expect(secrets.map(({ secretPath, secretValue }) => [secretPath, secretValue])).toEqual([
      ['/', '80'],
      ['/apps/api', '8080'],
    ])
  })

  it('sees references filled in, and left alone where it asks for that', async () => {
    await sdk.secrets().createSecret('URL', at({ secretValue: 'http://api:${dev.apps.api.PORT}/${NAME}' }))
    await sdk.secrets().createSecret('NAME', at({ secretValue: 'v1' }))
    expect((await sdk.secrets().getSecret(at({ secretName: 'URL' }))).secretValue).toBe('http://api:8080/v1')
    const plain = await sdk.secrets().getSecret(at({ secretName: 'URL', expandSecretReferences: false }))
    expect(plain.secretValue).toBe('http://api:${dev.apps.api.PORT}/${NAME}')
    const { secrets } = await sdk.secrets().listSecrets(at({}))
    expect(secrets.find(({ secretKey }) => secretKey === 'URL')?.secretValue).toBe('http://api:8080/v1')
  })

  it('gets imports, alone and merged, and into its own environment variables', async () => {
    await sdk.secrets().createSecret('FROM_STAGING', {
      projectId: world.projectId,
      environment: 'staging',
      secretValue: 'imported',
    })
    const body = {
      workspaceId: world.projectId,
      environment: 'dev',
      path: '/',
      import: { environment: 'staging', path: '/' },
    }
    expect((await world.platform.admin.post('/api/v1/secret-imports', body)).status).toBe(200)
    const { imports } = await sdk.secrets().listSecrets(at({ includeImports: true }))
    expect(imports).toMatchObject([
      {
        secretPath: '/',
        environment: 'staging',
        secrets: [{ secretKey: 'FROM_STAGING', secretValue: 'imported' }],
      },
    ])
    const merged = await sdk.secrets().listSecretsWithImports(at({}))
    expect(merged.map(({ secretKey }) => secretKey).toSorted()).toEqual([
      'FROM_STAGING',
      'NAME',
      'PORT',
      'URL',
    ])
    const found = await sdk.secrets().getSecret(at({ secretName: 'FROM_STAGING', includeImports: true }))
    expect(found.secretValue).toBe('imported')
    try {
      await sdk.secrets().listSecrets(at({ attachToProcessEnv: true, includeImports: true }))
      expect(process.env['FROM_STAGING']).toBe('imported')
      expect(process.env['PORT']).toBe('80')
    } finally {
      for (const name of ['FROM_STAGING', 'NAME', 'PORT', 'URL']) Reflect.deleteProperty(process.env, name)
    }
  })

  it('makes an environment, and as an administrator a project with its people', async () => {
    const environment = await sdk
      .environments()
      .create({ projectId: world.projectId, name: 'Quality', slug: 'qa', position: 2 })
    expect(environment).toMatchObject({ name: 'Quality', slug: 'qa', projectId: world.projectId })
    const admin = new InfisicalSDK({ siteUrl: world.url }).auth().accessToken(world.platform.adminToken)
    const project = await admin.projects().create({ projectName: 'Other', type: 'secret-manager' })
    expect(project).toMatchObject({ name: 'Other', orgId: world.platform.organizationId })
    expect(project).toHaveProperty('environments.0.slug', 'dev')
    const memberships = await admin
      .projects()
      .inviteMembers({ projectId: project.id, emails: ['admin@example.com'], roleSlugs: ['viewer'] })
    expect(memberships).toHaveLength(1)
  })

  it('is told in the usual way of what Postern does not have', async () => {
    await expect(sdk.kms().keys().getByName({ name: 'x', projectId: world.projectId })).rejects.toThrow(
      /\[StatusCode=404\]/,
    )
    await expect(
      sdk.dynamicSecrets().delete('x', { environmentSlug: 'dev', projectSlug: 'x' }),
    ).rejects.toThrow(/\[StatusCode=404\]/)
  })
})
