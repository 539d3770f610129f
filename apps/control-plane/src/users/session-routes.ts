import { refusals } from '@postern/api-contract/error-envelope'
import {
  checkAuthResponse,
  endSessionsResponse,
  listSessionsResponse,
  messageResponse,
  passwordLoginRequest,
  passwordLoginResponse,
  selectOrganizationRequest,
  selectOrganizationResponse,
  sessionIdParams,
  sessionTokenResponse,
} from '@postern/api-contract/people'
import type { HttpServer } from '../http/http-server.ts'
import type { AuthenticatePerson } from '../permissions/authenticate-person.ts'
import { type OwnSession, originOf } from './own-session.ts'
import { personBody } from './person-body.ts'
import type { SessionCookies } from './session-cookie.ts'
import type { SessionStore } from './session-store.ts'
import { dressSessionToken, hintsOf } from './session-token.ts'
import type { SignIn } from './sign-in.ts'

export interface SessionRoutesDependencies {
  authenticatePerson: AuthenticatePerson
  signIn: SignIn
  ownSession: OwnSession
  sessions: Pick<SessionStore, 'list'>
  cookies: SessionCookies
}

const tags = ['Sign-in']
const security = [{ session: [] }, { sessionCookie: [] }]

export function registerSessionRoutes(server: HttpServer, dependencies: SessionRoutesDependencies): void {
  registerSignIn(server, dependencies)
  registerSelection(server, dependencies)
  registerCurrentSession(server, dependencies)
  registerOwnSessions(server, dependencies)
}

function registerSignIn(server: HttpServer, { signIn, cookies }: SessionRoutesDependencies): void {
  server.post(
    '/api/v3/auth/login',
    {
      config: { isForStrangers: true },
      schema: {
        operationId: 'signIn',
        tags,
        summary: 'Sign in with e-mail address and password',
        description:
          'Begins a session that is in no organization yet, and sets it as the cookie `postern_session` too. It ends when ' +
          'it was not used for 12 hours, and after 30 days in any case. Wrong passwords are limited for each address ' +
          'that they come from, so that nobody can lock a person out from elsewhere.',
        body: passwordLoginRequest,
        response: { 200: passwordLoginResponse, ...refusals(401, 422, 429, 503) },
      },
    },
    async (request, reply) => {
      const begun = await signIn({
        ...request.body,
        requestId: request.id,
        ipAddress: request.ip,
        userAgent: request.headers['user-agent'] ?? '',
      })
      void reply.header('set-cookie', cookies.set(begun.token))
      return { accessToken: dressSessionToken(begun.token, { ...begun, organizationId: null }) }
    },
  )
}

function registerSelection(
  server: HttpServer,
  { authenticatePerson, ownSession, cookies }: SessionRoutesDependencies,
): void {
  server.post(
    '/api/v3/auth/select-organization',
    {
      schema: {
        operationId: 'selectOrganization',
        tags,
        security,
        summary: 'Enter one of one’s organizations',
        description:
          'Binds the session to the organization. The reply has a new token, the cookie too; the token before is dead.',
        body: selectOrganizationRequest,
        response: { 200: selectOrganizationResponse, ...refusals(401, 403, 404, 422) },
      },
    },
    async (request, reply) => {
      const person = await authenticatePerson(request)
      const { organizationId } = request.body
      const token = await ownSession.select(originOf(request, person), organizationId)
      void reply.header('set-cookie', cookies.set(token))
      return {
        token: dressSessionToken(token, hintsOf(person.session, organizationId)),
        isMfaEnabled: false as const,
      }
    },
  )
}

function registerCurrentSession(
  server: HttpServer,
  { authenticatePerson, ownSession, cookies }: SessionRoutesDependencies,
): void {
  server.post(
    '/api/v1/auth/checkAuth',
    {
      schema: {
        operationId: 'checkAuth',
        tags,
        security,
        summary: 'Whether the session lives, and whose it is',
        response: { 200: checkAuthResponse, ...refusals(401, 403) },
      },
    },
    async (request) => {
      const { session } = await authenticatePerson(request)
      return {
        message: 'Authenticated',
        user: personBody({ id: session.userId, email: session.email, name: session.name }),
        sessionId: session.id,
        organizationId: session.membership?.organizationId ?? null,
      }
    },
  )

  server.post(
    '/api/v1/auth/token',
    {
      schema: {
        operationId: 'getSessionToken',
        tags,
        security,
        summary: 'The token of the session again',
        description: 'For a page that has the cookie alone and hands the session on to a command line.',
        response: { 200: sessionTokenResponse, ...refusals(401, 403) },
      },
    },
    async (request) => {
      const { session, token } = await authenticatePerson(request)
      const organizationId = session.membership?.organizationId ?? null
      return { token: dressSessionToken(token, hintsOf(session, organizationId)), organizationId }
    },
  )

  server.post(
    '/api/v1/auth/logout',
    {
      schema: {
        operationId: 'signOut',
        tags,
        security,
        summary: 'End the session',
        response: { 200: messageResponse, ...refusals(401, 403) },
      },
    },
    async (request, reply) => {
      await ownSession.logOut(originOf(request, await authenticatePerson(request)))
      void reply.header('set-cookie', cookies.clear())
      return { message: 'Signed out' }
    },
  )
}

function registerOwnSessions(
  server: HttpServer,
  { authenticatePerson, ownSession, sessions }: SessionRoutesDependencies,
): void {
  server.get(
    '/api/v2/users/me/sessions',
    {
      schema: {
        operationId: 'listOwnSessions',
        tags,
        security,
        summary: 'One’s own sessions, last used first',
        response: { 200: listSessionsResponse, ...refusals(401) },
      },
    },
    async (request) => {
      const { session: current } = await authenticatePerson(request)
      return (await sessions.list(current.userId)).map((session) => ({
        id: session.id,
        ip: session.ipAddress,
        userAgent: session.userAgent,
        organizationId: session.organizationId,
        createdAt: session.createdAt.toISOString(),
        lastUsed: session.lastUsedAt.toISOString(),
        expiresAt: session.expiresAt.toISOString(),
        isCurrent: session.id === current.id,
      }))
    },
  )

  server.delete(
    '/api/v2/users/me/sessions/:sessionId',
    {
      schema: {
        operationId: 'endOwnSession',
        tags,
        security,
        summary: 'End one of one’s own sessions',
        params: sessionIdParams,
        response: { 200: messageResponse, ...refusals(401, 403, 404) },
      },
    },
    async (request) => {
      const origin = originOf(request, await authenticatePerson(request))
      await ownSession.end(origin, request.params.sessionId)
      return { message: 'The session is ended' }
    },
  )

  server.delete(
    '/api/v2/users/me/sessions',
    {
      schema: {
        operationId: 'endOtherSessions',
        tags,
        security,
        summary: 'End all of one’s own sessions but this one',
        response: { 200: endSessionsResponse, ...refusals(401, 403) },
      },
    },
    async (request) => {
      const ended = await ownSession.endOthers(originOf(request, await authenticatePerson(request)))
      return { message: 'All other sessions are ended', ended }
    },
  )
}
