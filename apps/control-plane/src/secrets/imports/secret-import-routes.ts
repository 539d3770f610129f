import { actorRefusals, refusals } from '@postern/api-contract/error-envelope'
import {
  createSecretImportRequest,
  deleteSecretImportRequest,
  listSecretImportsQuery,
  listSecretImportsResponse,
  type SecretImportBody,
  secretImportChangedResponse,
  secretImportIdParams,
  secretImportResponse,
  updateSecretImportRequest,
} from '@postern/api-contract/secret-imports'
import type { FastifyRequest } from 'fastify'
import type { ChangeOrigin } from '../../audit/denied-attempt.ts'
import type { HttpServer } from '../../http/http-server.ts'
import type { Authenticate } from '../../permissions/actor.ts'
import type { Environment } from '../../projects/project-store.ts'
import { joinPath } from '../folders/folder-paths.ts'
import type { ChangeSecretImports, ImportingPlace, LocatedImport } from './change-secret-imports.ts'
import type { ReadSecretImports } from './read-secret-imports.ts'

export interface SecretImportRouteDependencies {
  authenticate: Authenticate
  readSecretImports: ReadSecretImports
  changeSecretImports: ChangeSecretImports
}

const shared = { tags: ['Secret imports'], security: [{ accessToken: [] }] }
const refused = { ...actorRefusals, ...refusals(400, 404) }

type Version = 'v1' | 'v2'

/** The newer version is the same but for its preferred name of the project's id; both take both. */
export function registerSecretImportRoutes(
  server: HttpServer,
  dependencies: SecretImportRouteDependencies,
): void {
  for (const version of ['v1', 'v2'] as const) {
    registerReading(server, dependencies, version)
    registerCreation(server, dependencies, version)
    registerChanges(server, dependencies, version)
  }
}

function named(operation: string, version: Version): string {
  return version === 'v1' ? operation : `${operation}V2`
}

function registerReading(
  server: HttpServer,
  { authenticate, readSecretImports }: SecretImportRouteDependencies,
  version: Version,
): void {
  server.get(
    `/api/${version}/secret-imports`,
    {
      schema: {
        ...shared,
        operationId: named('listSecretImports', version),
        summary: 'List the imports of a folder',
        description: 'By position; none where the folder does not exist.',
        querystring: listSecretImportsQuery,
        response: { 200: listSecretImportsResponse, ...refused },
      },
    },
    async (request) => {
      const actor = await authenticate(request)
      const imports = await readSecretImports.list(actor, placeOf(request.query))
      return { message: 'Secret imports of the folder', secretImports: imports.map(secretImportBody) }
    },
  )
  server.get(
    `/api/${version}/secret-imports/:secretImportId`,
    {
      schema: {
        ...shared,
        operationId: named('getSecretImport', version),
        summary: 'Read a secret import',
        description: 'With the folder that imports and the source.',
        params: secretImportIdParams,
        response: { 200: secretImportResponse, ...refused },
      },
    },
    async (request) => {
      const actor = await authenticate(request)
      return {
        secretImport: secretImportBody(await readSecretImports.byId(actor, request.params.secretImportId)),
      }
    },
  )
}

function registerCreation(
  server: HttpServer,
  { authenticate, changeSecretImports }: SecretImportRouteDependencies,
  version: Version,
): void {
  server.post(
    `/api/${version}/secret-imports`,
    {
      schema: {
        ...shared,
        operationId: named('createSecretImport', version),
        summary: 'Import a folder into another',
        description:
          'Behind the imports that are there. The source need not exist yet, but the caller must be allowed to read ' +
          'secrets there. Imports of imports are followed, and circles end where they began; a folder that imports ' +
          'itself, or the same source twice, is refused (400).',
        body: createSecretImportRequest,
        response: { 200: secretImportChangedResponse, ...refused },
      },
    },
    async (request) => {
      const origin = await originOf(authenticate, request)
      const { import: source, isReplication } = request.body
      const { environment, path } = source
      const created = await changeSecretImports.create(origin, placeOf(request.body), {
        environment,
        path,
        isReplication,
      })
      return { message: 'The import was created', secretImport: secretImportBody(created) }
    },
  )
}

function registerChanges(
  server: HttpServer,
  { authenticate, changeSecretImports }: SecretImportRouteDependencies,
  version: Version,
): void {
  server.patch(
    `/api/${version}/secret-imports/:secretImportId`,
    {
      schema: {
        ...shared,
        operationId: named('updateSecretImport', version),
        summary: 'Change the source or the position of an import',
        description: 'What is left out stays. A new source needs the right to read secrets there.',
        params: secretImportIdParams,
        body: updateSecretImportRequest,
        response: { 200: secretImportChangedResponse, ...refused },
      },
    },
    async (request) => {
      const origin = await originOf(authenticate, request)
      const { environment, path, position } = request.body.import
      const { secretImportId } = request.params
      const updated = await changeSecretImports.update(origin, placeOf(request.body), secretImportId, {
        environment,
        path,
        position,
      })
      return { message: 'The import was changed', secretImport: secretImportBody(updated) }
    },
  )
  server.delete(
    `/api/${version}/secret-imports/:secretImportId`,
    {
      schema: {
        ...shared,
        operationId: named('deleteSecretImport', version),
        summary: 'Delete an import',
        description: 'The secrets at the source stay. Those behind it move up.',
        params: secretImportIdParams,
        body: deleteSecretImportRequest,
        response: { 200: secretImportChangedResponse, ...refused },
      },
    },
    async (request) => {
      const origin = await originOf(authenticate, request)
      const { secretImportId } = request.params
      const removed = await changeSecretImports.remove(origin, placeOf(request.body), secretImportId)
      return { message: 'The import was deleted', secretImport: secretImportBody(removed) }
    },
  )
}

interface NamedPlace {
  workspaceId?: string | undefined
  projectId?: string | undefined
  environment: string
  path?: string | undefined
  directory?: string | undefined
}

function placeOf({ workspaceId, projectId, environment, path, directory }: NamedPlace): ImportingPlace {
  return { projectId: projectId ?? workspaceId, environment, path: path ?? directory }
}

async function originOf(authenticate: Authenticate, request: FastifyRequest): Promise<ChangeOrigin> {
  return { actor: await authenticate(request), requestId: request.id, ipAddress: request.ip }
}

function secretImportBody({ secretImport, environment, path, source }: LocatedImport): SecretImportBody {
  return {
    id: secretImport.id,
    folderId: secretImport.folderId,
    projectId: secretImport.projectId,
    secretPath: joinPath(path),
    environment: environmentBody(environment),
    importPath: secretImport.importedPath,
    importEnv: environmentBody(source),
    position: secretImport.position,
    isReplication: secretImport.isReplication,
    isReserved: false,
    createdAt: secretImport.createdAt.toISOString(),
    updatedAt: secretImport.updatedAt.toISOString(),
  }
}

function environmentBody({ id, name, slug }: Environment) {
  return { id, name, slug }
}
