import { createGateway, createIdentity, type Platform } from '../processes/platform.ts'
import { expectOk, textAt } from '../processes/postern-api.ts'

/** By the name of a parameter: values that lead somewhere. Nothing among them is what the fuzzer itself lives by. */
export type KnownThings = Record<string, string[]>

export async function plantKnownThings(platform: Platform): Promise<KnownThings> {
  const { admin, organizationId } = platform
  const identityIds: string[] = []
  for (const name of ['one', 'two', 'three']) identityIds.push(await createIdentity(platform, name))
  const { gatewayId } = await createGateway(platform, 'fuzzed')
  const pool = expectOk(await admin.post('/api/v1/gateway-pools', { name: 'fuzzed' }))
  const projectIds: string[] = []
  const folderIds: string[] = []
  for (const name of ['alpha', 'beta', 'gamma']) {
    const project = expectOk(await admin.post('/api/v2/workspace', { projectName: name, slug: `${name}-1` }))
    const projectId = textAt(project, 'project.id')
    projectIds.push(projectId)
    for (const identityId of identityIds) {
      const path = `/api/v1/projects/${projectId}/memberships/identities/${identityId}`
      expectOk(await admin.post(path, { roles: [{ role: 'viewer' }] }))
    }
    const at = { workspaceId: projectId, environment: 'dev', path: '/' }
    const folder = await admin.post('/api/v1/folders', { ...at, name: 'app' })
    folderIds.push(textAt(expectOk(folder), 'folder.id'))
    for (const secret of ['KEY', 'OTHER']) {
      const body = {
        workspaceId: projectId,
        environment: 'dev',
        secretPath: '/',
        secretValue: '${dev.app.X}',
      }
      expectOk(await admin.post(`/api/v3/secrets/raw/${secret}`, body))
    }
    expectOk(
      await admin.post('/api/v1/secret-imports', { ...at, import: { environment: 'prod', path: '/' } }),
    )
  }
  return {
    identityId: identityIds,
    id: [...identityIds, ...projectIds],
    orgId: [organizationId],
    organizationId: [organizationId],
    projectId: projectIds,
    workspaceId: projectIds,
    projectSlug: ['alpha-1', 'beta-1', 'gamma-1'],
    workspaceSlug: ['alpha-1', 'beta-1', 'gamma-1'],
    slug: ['alpha-1', 'beta-1', 'gamma-1'],
    environment: ['dev', 'staging', 'prod'],
    environmentSlug: ['dev', 'staging', 'prod'],
    secretName: ['KEY', 'OTHER', 'NEW'],
    secretPath: ['/', '/app', '/new'],
    path: ['/', '/app', '/new'],
    encodedPath: ['/', '/app'],
    folderId: folderIds,
    folderIdOrName: [...folderIds, 'app'],
    gatewayId: [gatewayId],
    gatewayPoolId: [textAt(pool, 'id')],
  }
}
