import { authenticateAuthorization } from './authenticate-authorization.ts'
import type { User } from './authenticate-token.ts'
import type { StandInRequest, StandInState } from './stand-in-state.ts'
import { forbidden, isAllowed } from './authorize.ts'
import { refusal, type Reply } from './reply.ts'
import { readRequestTarget } from './request-target.ts'
import { answerObjectRequest } from './answer-object-request.ts'
import { answerPathRequest } from './answer-path-request.ts'
import { answerAccessReview, answerTokenRequest, answerTokenReview } from './answer-review.ts'

/** The API server's order: who is it, may they, and only then what do they send. */
export function answerRequest(request: StandInRequest, state: StandInState): Reply {
  const user = authenticate(request.authorization, state)
  if (user === undefined) return refusal('Unauthorized', 'Unauthorized')
  const target = readRequestTarget(request.method, request.path)
  if (!isAllowed(user, target, state.objects)) return forbidden(user, target)
  const authorized = { ...request, user, target }
  if ('path' in target) return answerPathRequest(authorized, state)
  const { group, resource, subresource, verb } = target
  if (group === 'authentication.k8s.io' && resource === 'tokenreviews')
    return answerTokenReview(authorized, state)
  if (group === 'authorization.k8s.io') return answerAccessReview(authorized, target, state)
  if (resource === 'serviceaccounts' && subresource === 'token' && verb === 'create') {
    return answerTokenRequest(authorized, target, state)
  }
  return answerObjectRequest(authorized, target, state.objects)
}

function authenticate(authorization: string | undefined, state: StandInState): User | undefined {
  const answer = authenticateAuthorization(authorization ?? '', state.audiences, state.authenticateToken)
  return answer.kind === 'authenticated' ? answer.user : undefined
}
