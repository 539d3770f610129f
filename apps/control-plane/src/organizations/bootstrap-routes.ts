import {
  bootstrapRequest,
  bootstrapResponse,
  signUpRequest,
  signUpResponse,
} from '@postern/api-contract/bootstrap'
import { refusals } from '@postern/api-contract/error-envelope'
import type { HttpServer } from '../http/http-server.ts'
import { personBody } from '../users/person-body.ts'
import type { SessionCookies } from '../users/session-cookie.ts'
import { dressSessionToken } from '../users/session-token.ts'
import type { SignIn } from '../users/sign-in.ts'
import type { BootstrapRequest, BootstrappedInstance } from './bootstrap-instance.ts'

export interface BootstrapRoutesDependencies {
  bootstrapInstance: (request: BootstrapRequest) => Promise<BootstrappedInstance>
  signIn: SignIn
  cookies: SessionCookies
}

export function registerBootstrapRoutes(server: HttpServer, dependencies: BootstrapRoutesDependencies): void {
  registerBootstrap(server, dependencies)
  registerSignUp(server, dependencies)
}

function registerBootstrap(server: HttpServer, { bootstrapInstance }: BootstrapRoutesDependencies): void {
  server.post(
    '/api/v1/admin/bootstrap',
    {
      config: { isForStrangers: true },
      schema: {
        operationId: 'bootstrapInstance',
        tags: ['Instance'],
        summary: 'Make the first organization and its admin',
        description: 'Works once in the life of an instance. The token in the reply is shown this once.',
        body: bootstrapRequest,
        response: { 200: bootstrapResponse, ...refusals(400, 422, 429) },
      },
    },
    async (request) => {
      const { organization, user, identity, accessToken } = await bootstrapInstance({
        ...request.body,
        requestId: request.id,
        ipAddress: request.ip,
      })
      return {
        message: 'The instance is ready. Keep the token: it is not shown again',
        identity: { id: identity.id, name: identity.name, credentials: { token: accessToken } },
        organization: { id: organization.id, name: organization.name, slug: organization.slug },
        user: { id: user.id, email: user.email, username: user.email, superAdmin: true },
      }
    },
  )
}

const organizationName = 'Admin organization'

function registerSignUp(
  server: HttpServer,
  { bootstrapInstance, signIn, cookies }: BootstrapRoutesDependencies,
): void {
  server.post(
    '/api/v1/admin/signup',
    {
      config: { isForStrangers: true },
      schema: {
        operationId: 'signUpFirstPerson',
        tags: ['Instance'],
        summary: 'Make the first organization and its admin, and sign in',
        description:
          'As `bootstrapInstance`, for people: the reply has a session, and no token of a machine.',
        body: signUpRequest,
        response: { 200: signUpResponse, ...refusals(400, 422, 429, 503) },
      },
    },
    async (request, reply) => {
      const { email, password, firstName, lastName = '' } = request.body
      const call = { email, password, requestId: request.id, ipAddress: request.ip }
      const name = `${firstName} ${lastName}`.trim()
      const { organization, user } = await bootstrapInstance({
        ...call,
        name,
        organization: organizationName,
      })
      const begun = await signIn({ ...call, userAgent: request.headers['user-agent'] ?? '' })
      void reply.header('set-cookie', cookies.set(begun.token))
      return {
        message: 'The instance is ready, and you are signed in',
        token: dressSessionToken(begun.token, { ...begun, organizationId: null }),
        new: '' as const,
        organization: { id: organization.id, name: organization.name, slug: organization.slug },
        user: { ...personBody({ id: user.id, email, name }), superAdmin: true as const },
      }
    },
  )
}
