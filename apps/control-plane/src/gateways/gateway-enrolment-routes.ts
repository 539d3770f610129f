import { errorEnvelope } from '@postern/api-contract/error-envelope'
import {
  enrolGatewayRequest,
  enrolGatewayResponse,
  loginGatewayRequest,
} from '@postern/api-contract/gateways'
import type { HttpServer } from '../http/http-server.ts'
import { signalOfLeaving } from '../http/signal-of-leaving.ts'
import type { EnrolGateway } from './enrol-gateway.ts'
import type { LoginGateway } from './login-gateway.ts'

export interface GatewayEnrolmentRouteDependencies {
  enrolGateway: EnrolGateway
  loginGateway: LoginGateway
}

const tags = ['Gateways']
const refused = { 400: errorEnvelope, 401: errorEnvelope, 422: errorEnvelope, 429: errorEnvelope }

/** What gateways call that have no credential yet. */
export function registerGatewayEnrolmentRoutes(
  server: HttpServer,
  { enrolGateway, loginGateway }: GatewayEnrolmentRouteDependencies,
): void {
  server.post(
    '/api/v3/gateways/token-auth/enroll',
    {
      config: { isForStrangers: true },
      schema: {
        operationId: 'enrolGateway',
        tags,
        summary: 'Enrol a gateway',
        description:
          'Called by the gateway: binds its own public key to its record. The same token with the same key may be sent ' +
          'again within the token’s hour, should a reply be lost. Every refusal of a token is the same 401; the audit ' +
          'log has the reason.',
        security: [],
        body: enrolGatewayRequest,
        response: { 200: enrolGatewayResponse, ...refused },
      },
    },
    (request) => {
      const { token, publicKey } = request.body
      return enrolGateway({ token, publicKey, requestId: request.id, ipAddress: request.ip })
    },
  )
  server.post(
    '/api/v3/gateways/login',
    {
      config: { isForStrangers: true },
      schema: {
        operationId: 'loginGateway',
        tags,
        summary: 'Enrol a gateway by its pod’s token',
        description:
          'Called by each process of a gateway whose authMethod is `kubernetes`, at its start: binds the process’s own ' +
          'public key, because the gateway’s reviewer vouches for the pod. The newest 16 keys of a gateway live. Until ' +
          'the cluster has vouched every refusal is the same 401. `details` of a refusal is {code, permanent}: login-' +
          'refused, pod-not-allowed, gateway-revoked, public-key-invalid, public-key-known, configuration-changed, ' +
          'cluster-unavailable, rate-limited; Retry-After is 60 seconds at most. The method `token` is the same as ' +
          'token-auth/enroll.',
        security: [],
        body: loginGatewayRequest,
        response: { 200: enrolGatewayResponse, ...refused, 503: errorEnvelope },
      },
    },
    (request, reply) => {
      const caller = { requestId: request.id, ipAddress: request.ip }
      const { body } = request
      if (body.method === 'token') return enrolGateway({ ...body, ...caller })
      return loginGateway({ ...body, ...caller, signal: signalOfLeaving(reply) })
    },
  )
}
