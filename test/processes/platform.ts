import { randomBytes } from 'node:crypto'
import { createPosternApi, expectOk, textAt, type JsonObject, type PosternApi } from './postern-api.ts'

/** What a platform team holds once its control plane is set up. */
export interface Platform {
  organizationId: string
  adminToken: string
  /** The first administrator, who is a person. */
  person: { email: string; password: string }
  /** The API as the first administrator's machine identity. */
  admin: PosternApi
}

/** The first call that a control plane ever takes: it makes the organization, its administrator and their token. */
export async function bootstrap(url: string, organization = 'Acme'): Promise<Platform> {
  const api = createPosternApi(url)
  const person = { email: 'admin@example.com', password: randomBytes(18).toString('base64url') }
  const body = expectOk(await api.post('/api/v1/admin/bootstrap', { ...person, organization }))
  const adminToken = textAt(body, 'identity.credentials.token')
  const organizationId = textAt(body, 'organization.id')
  return { organizationId, adminToken, person, admin: api.as(adminToken) }
}

export interface NewGateway {
  gatewayId: string
  enrolmentToken: string
}

export async function createGateway(platform: Platform, name: string): Promise<NewGateway> {
  const gateway = expectOk(await platform.admin.post('/api/v3/gateways', { name }))
  const gatewayId = textAt(gateway, 'id')
  return { gatewayId, enrolmentToken: await createEnrolmentToken(platform, gatewayId) }
}

export async function createEnrolmentToken(platform: Platform, gatewayId: string): Promise<string> {
  const path = `/api/v3/gateways/${gatewayId}/token-auth/generate-enrollment-token`
  return textAt(expectOk(await platform.admin.post(path, {})), 'token')
}

export async function createIdentity(platform: Platform, name: string, role = 'no-access'): Promise<string> {
  const body = { name, organizationId: platform.organizationId, role }
  return textAt(expectOk(await platform.admin.post('/api/v1/identities', body)), 'identity.id')
}

export async function attachKubernetesAuth(
  platform: Platform,
  identityId: string,
  settings: JsonObject,
): Promise<JsonObject> {
  const rules = { kubernetesHost: null, allowedNamespaces: '', allowedNames: '', allowedAudience: '' }
  return expectOk(
    await platform.admin.post(`/api/v1/auth/kubernetes-auth/identities/${identityId}`, {
      ...rules,
      ...settings,
    }),
  )
}
