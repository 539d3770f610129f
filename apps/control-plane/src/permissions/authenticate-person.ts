import type { FastifyRequest } from 'fastify'
import { ApiError } from '../http/api-error.ts'
import type { Session } from '../users/session-store.ts'
import type { ReadCredential } from './authenticate-credential.ts'

/** Who makes a request as themselves, whether or not they have selected an organization. */
export interface PersonInSession {
  readonly session: Session
  /** Plain. Goes nowhere but to the person and into a hash. */
  readonly token: string
}

/** Throws ApiError `Unauthorized` unless the request has the credential of a session that lives. */
export type AuthenticatePerson = (request: FastifyRequest) => Promise<PersonInSession>

/** Undefined for a token whose session is over; never remembered for longer than the request. */
export type FindSession = (token: string) => Promise<Session | undefined>

export interface AuthenticatePersonDependencies {
  readCredential: ReadCredential
  findSession: FindSession
}

export function createAuthenticatePerson({
  readCredential,
  findSession,
}: AuthenticatePersonDependencies): AuthenticatePerson {
  return async (request) => {
    const credential = readCredential(request)
    if (credential?.kind !== 'session')
      throw new ApiError(
        'Unauthorized',
        'Only people may do this: sign in, and send the token of the session',
      )
    const session = await findSession(credential.token)
    if (session === undefined) throw sessionOver()
    return { session, token: credential.token }
  }
}

export function sessionOver(): ApiError {
  return new ApiError('Unauthorized', 'The session is over: sign in again')
}
