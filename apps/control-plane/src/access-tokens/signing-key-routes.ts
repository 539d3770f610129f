import {
  listSigningKeysReply,
  type SigningKeyShown,
  signingKeyReply,
} from '@postern/api-contract/access-tokens'
import { refusals } from '@postern/api-contract/error-envelope'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import type { AdministerSigningKeys } from './administer-signing-keys.ts'
import type { DescribedSigningKey } from './signing-keys.ts'

export interface SigningKeyRoutesDependencies {
  authenticate: Authenticate
  signingKeys: AdministerSigningKeys
}

const url = '/api/v1/admin/signing-keys'
const shared = { tags: ['Signing keys'], security: [{ accessToken: [] }] }

export function registerSigningKeyRoutes(
  server: HttpServer,
  { authenticate, signingKeys }: SigningKeyRoutesDependencies,
): void {
  server.get(
    url,
    {
      schema: {
        ...shared,
        operationId: 'listSigningKeys',
        summary: 'The keys that access tokens are signed and verified with, oldest first',
        response: { 200: listSigningKeysReply, ...refusals(401, 403) },
      },
    },
    async (request) => ({ signingKeys: signingKeys.list(await authenticate(request)).map(shown) }),
  )
  server.post(
    `${url}/rotate`,
    {
      schema: {
        ...shared,
        operationId: 'rotateSigningKey',
        summary: 'Publish a new signing key',
        description:
          'It appears among the public keys at once and signs ten minutes later, when every replica and every verifier ' +
          'that caches the keys can know it. The one before it verifies until the last token that it signed has expired.',
        response: { 200: signingKeyReply, ...refusals(400, 401, 403) },
      },
    },
    async (request) => ({
      signingKey: shown(
        await signingKeys.rotate({
          actor: await authenticate(request),
          requestId: request.id,
          ipAddress: request.ip,
        }),
      ),
    }),
  )
}

function shown({ id, state, createdAtMs, signsFromMs, retiresAtMs }: DescribedSigningKey): SigningKeyShown {
  const text = (ms: number): string => new Date(ms).toISOString()
  return {
    kid: id,
    state,
    createdAt: text(createdAtMs),
    signsFrom: text(signsFromMs),
    retiresAt: retiresAtMs === null ? null : text(retiresAtMs),
  }
}
