import { refusals } from '@postern/api-contract/error-envelope'
import {
  changePasswordRequest,
  changePasswordResponse,
  messageResponse,
  resetPasswordRequest,
  updateUserRequest,
  userResponse,
} from '@postern/api-contract/people'
import type { HttpServer } from '../http/http-server.ts'
import type { AuthenticatePerson } from '../permissions/authenticate-person.ts'
import { sessionOver } from '../permissions/authenticate-person.ts'
import type { PasswordChange } from './change-password.ts'
import { originOf } from './own-session.ts'
import { personBody } from './person-body.ts'
import type { RenameUser } from './rename-user.ts'
import type { SessionCookies } from './session-cookie.ts'
import { dressSessionToken, hintsOf } from './session-token.ts'
import type { User, UserStore } from './user-store.ts'

export interface UserRoutesDependencies {
  authenticatePerson: AuthenticatePerson
  users: Pick<UserStore, 'find'>
  renameUser: RenameUser
  passwordChange: PasswordChange
  cookies: SessionCookies
}

const tags = ['Sign-in']
const security = [{ session: [] }, { sessionCookie: [] }]

export function registerUserRoutes(server: HttpServer, dependencies: UserRoutesDependencies): void {
  registerOneself(server, dependencies)
  registerPasswords(server, dependencies)
}

function registerOneself(
  server: HttpServer,
  { authenticatePerson, users, renameUser }: UserRoutesDependencies,
): void {
  server.get(
    '/api/v1/user',
    {
      schema: {
        operationId: 'getOwnUser',
        tags,
        security,
        summary: 'Oneself',
        response: { 200: userResponse, ...refusals(401) },
      },
    },
    async (request) => {
      const { session } = await authenticatePerson(request)
      return { user: userBody(await users.find(session.userId)) }
    },
  )

  server.patch(
    '/api/v1/user',
    {
      schema: {
        operationId: 'updateOwnUser',
        tags,
        security,
        summary: 'Change one’s own name',
        body: updateUserRequest,
        response: { 200: userResponse, ...refusals(401, 403, 422) },
      },
    },
    async (request) => {
      const origin = originOf(request, await authenticatePerson(request))
      return { user: userBody(await renameUser(origin, request.body.name)) }
    },
  )
}

function registerPasswords(
  server: HttpServer,
  { authenticatePerson, passwordChange, cookies }: UserRoutesDependencies,
): void {
  server.post(
    '/api/v2/users/me/password',
    {
      schema: {
        operationId: 'changePassword',
        tags,
        security,
        summary: 'Change one’s own password',
        description: 'Ends all other sessions. This one gets a new token; the one before is dead.',
        body: changePasswordRequest,
        response: { 200: changePasswordResponse, ...refusals(400, 401, 403, 422, 429, 503) },
      },
    },
    async (request, reply) => {
      const person = await authenticatePerson(request)
      const token = await passwordChange.change(originOf(request, person), request.body)
      void reply.header('set-cookie', cookies.set(token))
      const organizationId = person.session.membership?.organizationId ?? null
      return {
        message: 'The password is changed, and all other sessions are ended',
        token: dressSessionToken(token, hintsOf(person.session, organizationId)),
      }
    },
  )

  server.post(
    '/api/v1/auth/password-reset',
    {
      config: { isForStrangers: true },
      schema: {
        operationId: 'resetPassword',
        tags,
        summary: 'Set a new password by the link that an admin made',
        description: 'Ends all sessions. Sign in afterwards.',
        body: resetPasswordRequest,
        response: { 200: messageResponse, ...refusals(404, 422, 429) },
      },
    },
    async (request) => {
      await passwordChange.reset({ ...request.body, requestId: request.id, ipAddress: request.ip })
      return { message: 'The password is set: sign in' }
    },
  )
}

/** Deleted since the session was read. */
function userBody(user: User | undefined) {
  if (user === undefined) throw sessionOver()
  return {
    ...personBody(user),
    createdAt: user.createdAt.toISOString(),
    lastLoginAt: user.lastLoginAt?.toISOString() ?? null,
  }
}
