import { actorRefusals, refusals } from '@postern/api-contract/error-envelope'
import {
  createSecretRequest,
  deleteSecretRequest,
  newSecretNameParams,
  secretNameParams,
  secretResponse,
  updateSecretRequest,
} from '@postern/api-contract/secrets'
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { ChangeOrigin } from '../audit/denied-attempt.ts'
import { ApiError } from '../http/api-error.ts'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import type { ChangeSecrets, NamedSecret, SecretInputChange } from './change-secrets.ts'
import { type RequestedPlace, namedPlace } from './named-place.ts'
import type { FoundSecret } from './read-secrets.ts'
import { secretBody } from './secret-reply.ts'

export interface SecretChangeRoutesDependencies {
  authenticate: Authenticate
  changeSecrets: ChangeSecrets
}

const shared = { tags: ['Secrets'], security: [{ accessToken: [] }] }
const response = { 200: secretResponse, ...actorRefusals, ...refusals(400, 404) }
/** 64 KiB of characters that JSON writes in six bytes each, and what stands beside them. */
const bodyLimit = 1024 * 1024

const versions = [
  {
    url: '/api/v3/secrets/raw/:secretName',
    named: (operation: string) => operation.replace('Secret', 'RawSecret'),
  },
  { url: '/api/v4/secrets/:secretName', named: (operation: string) => operation },
]

/** The contract's two versions take the same bodies: each tolerates the other's name for the project. */
export function registerSecretChangeRoutes(
  server: HttpServer,
  dependencies: SecretChangeRoutesDependencies,
): void {
  for (const version of versions) {
    registerCreate(server, dependencies, version)
    registerUpdate(server, dependencies, version)
    registerDelete(server, dependencies, version)
  }
}

type Version = (typeof versions)[number]

function registerCreate(
  server: HttpServer,
  { authenticate, changeSecrets }: SecretChangeRoutesDependencies,
  { url, named }: Version,
): void {
  server.post(
    url,
    {
      bodyLimit,
      schema: {
        ...shared,
        operationId: named('createSecret'),
        summary: 'Create a secret',
        description:
          'In a folder that is there. A folder holds 2,000 secrets at most, and 16 MiB of values. The reply hides the ' +
          'value from callers who may not read it.',
        params: newSecretNameParams,
        body: createSecretRequest,
        response,
      },
    },
    async (request) => {
      const { body } = request
      const found = await changeSecrets.create(
        await originOf(authenticate, request),
        namedSecret(body, request.params),
        {
          value: body.secretValue,
          comment: body.secretComment,
          metadata: body.secretMetadata ?? [],
          skipMultilineEncoding: body.skipMultilineEncoding ?? null,
          reminderRepeatDays: body.secretReminderRepeatDays || null,
          reminderNote: body.secretReminderNote || null,
        },
      )
      return replyOf(found)
    },
  )
}

function registerUpdate(
  server: HttpServer,
  { authenticate, changeSecrets }: SecretChangeRoutesDependencies,
  { url, named }: Version,
): void {
  server.patch(
    url,
    {
      bodyLimit,
      schema: {
        ...shared,
        operationId: named('updateSecret'),
        summary: 'Change a secret; what is left out stays',
        description:
          'Makes a new version; the 100 before it are kept. A new name needs the right to read the value by the old one, ' +
          'and to create and edit by the new one.',
        params: secretNameParams,
        body: updateSecretRequest,
        response,
      },
    },
    async (request) => {
      const origin = await originOf(authenticate, request)
      const found = await changeSecrets.update(
        origin,
        namedSecret(request.body, request.params),
        changeOf(request.body),
      )
      return replyOf(found)
    },
  )
}

function registerDelete(
  server: HttpServer,
  { authenticate, changeSecrets }: SecretChangeRoutesDependencies,
  { url, named }: Version,
): void {
  server.delete(
    url,
    {
      schema: {
        ...shared,
        operationId: named('deleteSecret'),
        summary: 'Delete a secret and its versions',
        params: secretNameParams,
        body: deleteSecretRequest,
        response,
      },
    },
    async (request) => {
      const origin = await originOf(authenticate, request)
      return replyOf(await changeSecrets.remove(origin, namedSecret(request.body, request.params)))
    },
  )
}

function changeOf(body: z.output<typeof updateSecretRequest>): SecretInputChange {
  const { secretReminderRepeatDays: days, secretReminderNote: note } = body
  return {
    newName: body.newSecretName,
    value: body.secretValue,
    comment: body.secretComment,
    metadata: body.secretMetadata,
    skipMultilineEncoding: body.skipMultilineEncoding,
    reminderRepeatDays: days === undefined ? undefined : days || null,
    reminderNote: note === undefined ? undefined : note || null,
  }
}

function namedSecret(
  body: RequestedPlace & { type: 'shared' | 'personal' },
  { secretName }: { secretName: string },
): NamedSecret {
  if (body.type === 'personal') {
    throw new ApiError('BadRequest', 'Personal overrides are not there yet: send the type shared')
  }
  return { ...namedPlace(body), secretName }
}

async function originOf(authenticate: Authenticate, request: FastifyRequest): Promise<ChangeOrigin> {
  return { actor: await authenticate(request), requestId: request.id, ipAddress: request.ip }
}

function replyOf({ projectId, secret }: FoundSecret) {
  return { secret: secretBody(projectId, secret) }
}
