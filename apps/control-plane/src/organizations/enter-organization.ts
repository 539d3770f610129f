import type { FastifyRequest } from 'fastify'
import type { ChangeOrigin } from '../audit/denied-attempt.ts'
import type { Authenticate } from '../permissions/actor.ts'
import { organizationUnknown } from './change-organization.ts'

/** Who asks, in the organization that the path names: the caller's own, or it does not exist. */
export async function enterOrganization(
  authenticate: Authenticate,
  request: FastifyRequest,
  organizationId: string,
): Promise<ChangeOrigin> {
  const actor = await authenticate(request)
  if (actor.organizationId !== organizationId) throw organizationUnknown()
  return { actor, requestId: request.id, ipAddress: request.ip }
}
