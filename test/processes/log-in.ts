import { createPosternApi, type ApiReply } from './postern-api.ts'

/** What a pod sends: its identity's id and the token that its cluster gave it. */
export async function logIn(url: string, identityId: string, jwt: string): Promise<ApiReply> {
  return createPosternApi(url).post('/api/v1/auth/kubernetes-auth/login', { identityId, jwt })
}
