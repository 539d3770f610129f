import { actorRefusals, refusals } from '@postern/api-contract/error-envelope'
import { encryptionKeyResponse } from '@postern/api-contract/encryption-key'
import { ApiError } from '../http/api-error.ts'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import type { KeyRotationStore, KeyStates } from './key-rotation-store.ts'
import type { RotateOrganizationKey } from './rotate-organization-key.ts'

export interface KeyRotationRoutesDependencies {
  authenticate: Authenticate
  store: Pick<KeyRotationStore, 'read'>
  rotate: RotateOrganizationKey
}

const shared = { tags: ['Organizations'], security: [{ accessToken: [] }] }

export function registerKeyRotationRoutes(
  server: HttpServer,
  { authenticate, store, rotate }: KeyRotationRoutesDependencies,
): void {
  server.get(
    '/api/v1/organization/encryption-key',
    {
      schema: {
        ...shared,
        operationId: 'getEncryptionKey',
        summary: 'The keys that the organization’s secrets are encrypted under',
        description: 'Their numbers, never the keys.',
        response: { 200: encryptionKeyResponse, ...actorRefusals, ...refusals(404) },
      },
    },
    async (request) => {
      const actor = await authenticate(request)
      requirePermission(actor, 'read', 'organization')
      const states = await store.read(actor.organizationId)
      if (states === undefined) throw new ApiError('NotFound', 'There is no such organization among yours')
      return bodyOf(states)
    },
  )

  server.post(
    '/api/v1/organization/encryption-key/rotate',
    {
      schema: {
        ...shared,
        operationId: 'rotateEncryptionKey',
        summary: 'Encrypt under a new key',
        description:
          'What is written from now on is encrypted under it; what was written before is encrypted anew in the ' +
          'background, and then the earlier key is removed. Nothing has to wait meanwhile.',
        response: { 200: encryptionKeyResponse, ...actorRefusals, ...refusals(400, 404) },
      },
    },
    async (request) => {
      const actor = await authenticate(request)
      return bodyOf(await rotate({ actor, requestId: request.id, ipAddress: request.ip }))
    },
  )
}

function bodyOf({ newest, earlier }: KeyStates) {
  return {
    encryptionKey: {
      number: newest,
      earlier: earlier.map(({ number, retiredAt }) => ({ number, retiredAt: retiredAt.toISOString() })),
    },
  }
}
