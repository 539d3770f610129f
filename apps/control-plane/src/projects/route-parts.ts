import { refusals } from '@postern/api-contract/error-envelope'
import type { FastifyRequest } from 'fastify'
import type { ChangeOrigin } from '../audit/denied-attempt.ts'
import type { Authenticate } from '../permissions/actor.ts'
import type { NamedProject } from './project-access.ts'

/** What every route of projects declares. */
export const ofProjects = { tags: ['Projects'], security: [{ accessToken: [] }] }
export const refused = refusals(400, 401, 403, 404, 422)

export async function originOf(authenticate: Authenticate, request: FastifyRequest): Promise<ChangeOrigin> {
  return { actor: await authenticate(request), requestId: request.id, ipAddress: request.ip }
}

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

/** Some clients send a slug in the place of an id. */
export function idOrSlug(text: string): NamedProject {
  return uuid.test(text) ? { projectId: text } : { projectSlug: text }
}
