import { actorRefusals, refusals } from '@postern/api-contract/error-envelope'
import {
  getRawSecretByIdQuery,
  getRawSecretQuery,
  getSecretByIdQuery,
  getSecretQuery,
  listRawSecretsQuery,
  listSecretVersionsQuery,
  listSecretVersionsResponse,
  listSecretsQuery,
  listSecretsResponse,
  secretIdParams,
  secretNameParams,
  secretResponse,
} from '@postern/api-contract/secrets'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { ApiError } from '../http/api-error.ts'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import type { ListReplies } from './list-replies.ts'
import { parseMetadataFilter } from './metadata-filter.ts'
import { type RequestedPlace, namedPlace } from './named-place.ts'
import type { FoundSecret, ReadSecrets } from './read-secrets.ts'
import { secretBody } from './secret-reply.ts'
import { sendTagged, taggedContent } from './tag-content.ts'

export interface SecretReadRoutesDependencies {
  authenticate: Authenticate
  readSecrets: ReadSecrets
  lists: ListReplies
}

const shared = { tags: ['Secrets'], security: [{ accessToken: [] }] }
const refused = { ...actorRefusals, ...refusals(400, 404) }
const unchanged = z.null().describe('What the caller has, by `If-None-Match`, is what there is')

const listDescription =
  'Those in one folder or, with `recursive`, also in those below it; none where there is no such folder. What the caller ' +
  'may not read is left out; the values of what it may see but not read are hidden. 403 where it may read nothing there ' +
  'at all. A reference that cannot be followed (nothing there, not to be read by the caller, in a circle, more than ten ' +
  'one after the other, beyond 256 Ki characters) stays as it is written. `ETag` and `If-None-Match` are answered.'

/** The same calls under the contract's two versions, which differ in defaults and in the names of parameters. */
export function registerSecretReadRoutes(
  server: HttpServer,
  dependencies: SecretReadRoutesDependencies,
): void {
  registerLists(server, dependencies)
  registerGets(server, dependencies)
  registerById(server, dependencies)
  registerVersions(server, dependencies)
}

function registerLists(server: HttpServer, dependencies: SecretReadRoutesDependencies): void {
  const response = { 200: listSecretsResponse, 304: unchanged, ...refused }
  server.get(
    '/api/v3/secrets/raw',
    {
      schema: {
        ...shared,
        operationId: 'listRawSecrets',
        summary: 'List secrets',
        description: listDescription,
        querystring: listRawSecretsQuery,
        response,
      },
    },
    async (request, reply) => {
      const { include_imports: includeImports, ...query } = request.query
      await sendList(dependencies, request, reply, { ...query, includeImports })
      return reply
    },
  )
  server.get(
    '/api/v4/secrets',
    {
      schema: {
        ...shared,
        operationId: 'listSecrets',
        summary: 'List secrets',
        description: `${listDescription} By default with imports, and with references expanded.`,
        querystring: listSecretsQuery,
        response,
      },
    },
    async (request, reply) => {
      await sendList(dependencies, request, reply, request.query)
      return reply
    },
  )
}

/** Not checked against the schema: secret-reply.ts names each field. */
const taggedAsWritten = { ...taggedContent, serializerCompiler: () => JSON.stringify }

interface ListQuery extends RequestedPlace {
  viewSecretValue: boolean
  expandSecretReferences: boolean
  recursive: boolean
  includeImports: boolean
  tagSlugs?: string | undefined
  metadataFilter?: string | undefined
}

async function sendList(
  { authenticate, lists }: SecretReadRoutesDependencies,
  request: FastifyRequest,
  reply: FastifyReply,
  query: ListQuery,
): Promise<void> {
  const actor = await authenticate(request)
  const content = await lists.listAt(actor, namedPlace(query), {
    viewValue: query.viewSecretValue,
    expand: query.expandSecretReferences,
    recursive: query.recursive,
    includeImports: query.includeImports,
    wishes: query.metadataFilter === undefined ? [] : parseMetadataFilter(query.metadataFilter),
    // A filter by tags finds what has one of them, and nothing has.
    isEmpty: query.tagSlugs !== undefined,
  })
  sendTagged(request, reply, content)
}

function registerGets(server: HttpServer, dependencies: SecretReadRoutesDependencies): void {
  const response = { 200: secretResponse, 304: unchanged, ...refused }
  server.get(
    '/api/v3/secrets/raw/:secretName',
    {
      ...taggedAsWritten,
      schema: {
        ...shared,
        operationId: 'getRawSecret',
        summary: 'Read a secret',
        params: secretNameParams,
        querystring: getRawSecretQuery,
        response,
      },
    },
    (request) => {
      const { include_imports: isWished, includeImports = isWished, ...query } = request.query
      return readOne(dependencies, request, { ...query, ...request.params, includeImports })
    },
  )
  server.get(
    '/api/v4/secrets/:secretName',
    {
      ...taggedAsWritten,
      schema: {
        ...shared,
        operationId: 'getSecret',
        summary: 'Read a secret',
        description:
          'By default also where only an import of the folder has it, and with references expanded.',
        params: secretNameParams,
        querystring: getSecretQuery,
        response,
      },
    },
    (request) => readOne(dependencies, request, { ...request.query, ...request.params }),
  )
}

interface GetQuery extends RequestedPlace {
  secretName: string
  version?: number | undefined
  type: 'shared' | 'personal'
  viewSecretValue: boolean
  expandSecretReferences: boolean
  includeImports: boolean
}

async function readOne(
  { authenticate, readSecrets }: SecretReadRoutesDependencies,
  request: FastifyRequest,
  query: GetQuery,
) {
  const actor = await authenticate(request)
  const named = { ...namedPlace(query), secretName: query.secretName }
  if (query.type === 'personal') throw new ApiError('NotFound', 'There is no personal override of the secret')
  const found = await readSecrets.get(actor, named, {
    viewValue: query.viewSecretValue,
    expand: query.expandSecretReferences,
    includeImports: query.includeImports,
    version: query.version,
  })
  return replyOf(found)
}

function registerById(server: HttpServer, { authenticate, readSecrets }: SecretReadRoutesDependencies): void {
  const routes = [
    {
      url: '/api/v3/secrets/raw/id/:secretId',
      operationId: 'getRawSecretById',
      query: getRawSecretByIdQuery,
    },
    { url: '/api/v4/secrets/id/:secretId', operationId: 'getSecretById', query: getSecretByIdQuery },
  ]
  for (const { url, operationId, query } of routes) {
    server.get(
      url,
      {
        ...taggedAsWritten,
        schema: {
          ...shared,
          operationId,
          summary: 'Read a secret by its id',
          params: secretIdParams,
          querystring: query,
          response: { 200: secretResponse, 304: unchanged, ...refused },
        },
      },
      async (request) => {
        const actor = await authenticate(request)
        const { viewSecretValue, expandSecretReferences, version } = request.query
        const found = await readSecrets.getById(actor, request.params.secretId, {
          viewValue: viewSecretValue,
          expand: expandSecretReferences,
          version,
        })
        return replyOf(found)
      },
    )
  }
}

function registerVersions(
  server: HttpServer,
  { authenticate, readSecrets }: SecretReadRoutesDependencies,
): void {
  server.get(
    '/api/v1/secret/:secretId/secret-versions',
    {
      schema: {
        ...shared,
        operationId: 'listSecretVersions',
        summary: 'The versions of a secret, the newest first',
        description: 'The present one and the 100 before it; older ones are not kept.',
        params: secretIdParams,
        querystring: listSecretVersionsQuery,
        response: { 200: listSecretVersionsResponse, ...refused },
      },
    },
    async (request) => {
      const actor = await authenticate(request)
      const { projectId, versions, totalCount } = await readSecrets.versions(
        actor,
        request.params.secretId,
        request.query,
      )
      return { secretVersions: versions.map((version) => secretBody(projectId, version)), totalCount }
    },
  )
}

function replyOf({ projectId, secret }: FoundSecret) {
  return { secret: secretBody(projectId, secret) }
}
