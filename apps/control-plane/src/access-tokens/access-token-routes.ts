import {
  type AccessTokenReply,
  accessTokenBody,
  accessTokenReply,
  accessTokenRevokedReply,
  jsonWebKeySet,
} from '@postern/api-contract/access-tokens'
import { errorEnvelope } from '@postern/api-contract/error-envelope'
import type { FastifyRequest } from 'fastify'
import type { AuditEvent } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { AuditReason } from '../audit/audit-reason.ts'
import type { HttpServer } from '../http/http-server.ts'
import type { AccessTokenClaims } from './access-token-claims.ts'
import { type TokenRequestOrigin, tokenEvent } from './access-token-event.ts'
import { refusalError } from './check-access-token.ts'
import type { IssuedAccessToken } from './issue-access-token.ts'
import { type RenewAccessToken, type RenewalRefusal, renewalError } from './renew-access-token.ts'
import type { RevokeAccessToken } from './revoke-access-token.ts'
import { type SigningKeys, publishedKeysMaxAgeSeconds } from './signing-keys.ts'

export interface AccessTokenRoutesDependencies {
  renewToken: RenewAccessToken
  revokeToken: RevokeAccessToken
  auditLog: AuditLog
  keys: Pick<SigningKeys, 'published'>
}

const tags = ['Access tokens']

export function registerAccessTokenRoutes(
  server: HttpServer,
  dependencies: AccessTokenRoutesDependencies,
): void {
  registerRenewal(server, dependencies)
  registerRevocation(server, dependencies)
  server.get(
    '/.well-known/jwks.json',
    {
      schema: {
        operationId: 'getJsonWebKeySet',
        tags,
        security: [],
        summary: 'Public keys',
        description:
          'What any service verifies access tokens with (RFC 7517). A new key appears before it signs.',
        response: { 200: jsonWebKeySet },
      },
    },
    async (_request, reply) => {
      void reply.header('cache-control', `public, max-age=${String(publishedKeysMaxAgeSeconds)}`)
      return { keys: dependencies.keys.published() }
    },
  )
}

function registerRenewal(server: HttpServer, { renewToken, auditLog }: AccessTokenRoutesDependencies): void {
  server.post(
    '/api/v1/auth/token/renew',
    {
      config: { isForStrangers: true },
      schema: {
        operationId: 'renewAccessToken',
        tags,
        summary: 'Renew an access token',
        description:
          'Returns a new JWT of the same token that expires later, never past the maximum TTL counted from the login.',
        body: accessTokenBody,
        response: { 200: accessTokenReply, 401: errorEnvelope, 403: errorEnvelope, 503: errorEnvelope },
      },
    },
    async (request) => {
      const renewal = await renewToken(request.body.accessToken, request.ip)
      if (renewal.kind === 'refused') {
        const { refusal, claims } = renewal
        if (claims !== undefined) await auditLog.record(refusedRenewal(originOf(request), claims, refusal))
        throw renewalError(refusal)
      }
      const { issued, claims } = renewal
      await auditLog.record({
        ...tokenEvent(originOf(request), claims),
        event: 'access-token-renewed',
        outcome: 'success',
        details: { tokenId: claims.jti, expiresAt: claims.exp },
      })
      return replyOf(issued)
    },
  )
}

function registerRevocation(server: HttpServer, { revokeToken }: AccessTokenRoutesDependencies): void {
  server.post(
    '/api/v1/auth/token/revoke',
    {
      config: { isForStrangers: true },
      schema: {
        operationId: 'revokeAccessToken',
        tags,
        summary: 'Revoke an access token',
        description: 'Ends the token and every renewal of it, everywhere within a second. May be repeated.',
        body: accessTokenBody,
        response: { 200: accessTokenRevokedReply, 401: errorEnvelope, 503: errorEnvelope },
      },
    },
    async (request) => {
      const revocation = await revokeToken(request.body.accessToken, originOf(request))
      if (revocation.kind === 'refused') throw refusalError(revocation.refusal)
      return { message: 'The access token is revoked' }
    },
  )
}

function replyOf(issued: IssuedAccessToken): AccessTokenReply {
  return {
    accessToken: issued.accessToken,
    expiresIn: issued.expiresInSeconds,
    accessTokenMaxTTL: issued.maxTtlSeconds,
    tokenType: 'Bearer',
  }
}

function originOf({ id, ip }: FastifyRequest): TokenRequestOrigin {
  return { requestId: id, ipAddress: ip }
}

const auditReasons: Record<RenewalRefusal, AuditReason> = {
  malformed: 'token-malformed',
  expired: 'token-expired',
  revoked: 'token-revoked',
  exhausted: 'token-exhausted',
  'revocations-unknown': 'revocations-unknown',
  'address-not-trusted': 'address-not-trusted',
  'identity-unknown': 'identity-unknown',
  'identity-disabled': 'identity-disabled',
  'budget-exhausted': 'token-budget-exhausted',
}

function refusedRenewal(
  origin: TokenRequestOrigin,
  claims: AccessTokenClaims,
  refusal: RenewalRefusal,
): AuditEvent {
  return {
    ...tokenEvent(origin, claims),
    event: 'access-token-renewed',
    outcome: refusal === 'revocations-unknown' ? 'failed' : 'denied',
    reason: auditReasons[refusal],
    details: { tokenId: claims.jti },
  }
}
