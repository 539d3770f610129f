import type { ServiceAccountKey } from '../service-account-token.ts'
import type { AuthenticateToken, User } from './authenticate-token.ts'
import type { ObjectStore } from './object-store.ts'
import type { RequestTarget } from './request-target.ts'

/** What the stand-in is made of. */
export interface StandInState {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly serviceAccountKey: ServiceAccountKey
  readonly objects: ObjectStore
  readonly authenticateToken: AuthenticateToken
  /** Where it listens, for the discovery document. */
  readonly url: string
}

export interface StandInRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly authorization: string | undefined
  readonly contentType: string | undefined
  readonly body: string
}

/** A request whose sender may make it. */
export interface AuthorizedRequest extends StandInRequest {
  readonly user: User
  readonly target: RequestTarget
}
