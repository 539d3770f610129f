import type { AuthorizedRequest, StandInState } from './stand-in-state.ts'
import { jsonReply, type Reply } from './reply.ts'

/** What the API server serves beside resources: version, health, and the issuer's OpenID documents. */
export function answerPathRequest({ path }: AuthorizedRequest, state: StandInState): Reply {
  switch (path) {
    case '/version':
      return jsonReply(200, {
        major: '1',
        minor: '34',
        gitVersion: 'v1.34.0+stand-in',
        platform: 'linux/amd64',
      })
    case '/livez':
    case '/readyz':
    case '/healthz':
      return { status: 200, body: 'ok', contentType: 'text/plain; charset=utf-8' }
    case '/.well-known/openid-configuration':
      return jsonReply(200, {
        issuer: state.issuer,
        jwks_uri: `${state.url}/openid/v1/jwks`,
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      })
    case '/openid/v1/jwks': {
      const { publicKey, id } = state.serviceAccountKey
      const key = { use: 'sig', kid: id, alg: 'RS256', ...publicKey.export({ format: 'jwk' }) }
      return { ...jsonReply(200, { keys: [key] }), contentType: 'application/jwk-set+json' }
    }
    default:
      return jsonReply(404, { paths: ['/.well-known/openid-configuration', '/openid/v1/jwks', '/version'] })
  }
}
