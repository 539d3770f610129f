import { actorRefusals, refusals } from '@postern/api-contract/error-envelope'
import {
  createFolderRequest,
  deleteFolderByForceRequest,
  deleteFolderRequest,
  folderByPathParams,
  folderIdOrNameParams,
  folderIdParams,
  folderResponse,
  folderWithEnvironmentResponse,
  listFoldersQuery,
  listFoldersResponse,
  updateFolderRequest,
} from '@postern/api-contract/folders'
import type { FastifyRequest } from 'fastify'
import type { ChangeOrigin } from '../../audit/denied-attempt.ts'
import type { HttpServer } from '../../http/http-server.ts'
import type { Authenticate } from '../../permissions/actor.ts'
import type { ChangeFolders } from './change-folders.ts'
import type { FolderReference } from './find-folder.ts'
import { folderBody, folderWithEnvironmentBody } from './folder-body.ts'
import { joinPath } from './folder-paths.ts'
import type { ReadFolders } from './read-folders.ts'

export interface FolderRouteDependencies {
  authenticate: Authenticate
  readFolders: ReadFolders
  changeFolders: ChangeFolders
}

const shared = { tags: ['Folders'], security: [{ accessToken: [] }] }
const refused = { ...actorRefusals, ...refusals(400, 404) }

/** The contract's calls, and the same under both versions where clients differ. */
export function registerFolderRoutes(server: HttpServer, dependencies: FolderRouteDependencies): void {
  for (const version of ['v1', 'v2'] as const) {
    registerReading(server, dependencies, version)
    registerChanges(server, dependencies, version)
  }
  registerByPath(server, dependencies)
  registerDeletions(server, dependencies)
}

/** One name for each route of the document. */
function named(operation: string, version: 'v1' | 'v2'): string {
  return version === 'v1' ? operation : `${operation}V2`
}

function registerReading(
  server: HttpServer,
  { authenticate, readFolders }: FolderRouteDependencies,
  version: 'v1' | 'v2',
): void {
  server.get(
    `/api/${version}/folders`,
    {
      schema: {
        ...shared,
        operationId: named('listFolders', version),
        summary: 'List folders',
        description:
          'Those directly in a path, or all below it, by path; none where the path does not exist. With `recursive`, ' +
          'only those that the caller may read.',
        querystring: listFoldersQuery,
        response: { 200: listFoldersResponse, ...refused },
      },
    },
    async (request) => {
      const actor = await authenticate(request)
      const { environment, recursive, lastSecretModified, ...place } = request.query
      const folders = await readFolders.list(actor, {
        ...placeOf(place),
        environment,
        recursive,
        modifiedSince: lastSecretModified === undefined ? undefined : new Date(lastSecretModified),
      })
      return {
        folders: folders.map(({ folder, relative }) =>
          Object.assign(folderBody(folder), { relativePath: joinPath(relative) }),
        ),
      }
    },
  )
  server.get(
    `/api/${version}/folders/:folderId`,
    {
      schema: {
        ...shared,
        operationId: named('getFolder', version),
        summary: 'Read a folder',
        description: 'With the environment that it stands in.',
        params: folderIdParams,
        response: { 200: folderWithEnvironmentResponse, ...refused },
      },
    },
    async (request) => {
      const found = await readFolders.byId(await authenticate(request), request.params.folderId)
      return { folder: folderWithEnvironmentBody(found.folder, found.environment) }
    },
  )
}

function registerByPath(
  server: HttpServer,
  { authenticate, readFolders }: Pick<FolderRouteDependencies, 'authenticate' | 'readFolders'>,
): void {
  server.get(
    '/api/v1/folders/:projectId/:environment/:encodedPath',
    {
      schema: {
        ...shared,
        operationId: 'getFolderByPath',
        summary: 'Read the folder at a path',
        description: 'The path is one part of the URL: its slashes are percent-encoded.',
        params: folderByPathParams,
        response: { 200: folderWithEnvironmentResponse, ...refused },
      },
    },
    async (request) => {
      const actor = await authenticate(request)
      const { projectId, environment, encodedPath } = request.params
      const found = await readFolders.byPath(actor, { projectId, environment, path: encodedPath })
      return { folder: folderWithEnvironmentBody(found.folder, found.environment) }
    },
  )
}

function registerChanges(
  server: HttpServer,
  { authenticate, changeFolders }: FolderRouteDependencies,
  version: 'v1' | 'v2',
): void {
  server.post(
    `/api/${version}/folders`,
    {
      schema: {
        ...shared,
        operationId: named('createFolder', version),
        summary: 'Create a folder',
        description:
          'Parents that are missing come with it. A folder that is there already is returned as it is, so that the call ' +
          'may be repeated.',
        body: createFolderRequest,
        response: { 200: folderResponse, ...refused },
      },
    },
    async (request) => {
      const origin = await originOf(authenticate, request)
      const { environment, name, description = null, ...place } = request.body
      const { folder } = await changeFolders.create(origin, {
        ...placeOf(place),
        environment,
        name,
        description,
      })
      return { folder: folderBody(folder) }
    },
  )
  server.patch(
    `/api/${version}/folders/:folderIdOrName`,
    {
      schema: {
        ...shared,
        operationId: named('renameFolder', version),
        summary: 'Rename a folder',
        description:
          'All that is in it stays, and imports of it follow. Rules go by paths: whoever gives a new name needs the ' +
          'right to take what is in the folder from the old path (secrets: read, read-value, delete), and to put it at ' +
          'the new one (create).',
        params: folderIdOrNameParams,
        body: updateFolderRequest,
        response: { 200: folderResponse, ...refused },
      },
    },
    async (request) => {
      const origin = await originOf(authenticate, request)
      const { name, description, ...place } = request.body
      const reference = referenceOf(place, request.params.folderIdOrName)
      const { folder } = await changeFolders.rename(origin, reference, { name, description })
      return { folder: folderBody(folder) }
    },
  )
}

function registerDeletions(
  server: HttpServer,
  { authenticate, changeFolders }: FolderRouteDependencies,
): void {
  server.delete(
    '/api/v1/folders/:folderIdOrName',
    {
      schema: {
        ...shared,
        operationId: 'deleteFolder',
        summary: 'Delete a folder',
        description: 'With all folders, secrets and imports in it: each needs the right to be deleted.',
        params: folderIdOrNameParams,
        body: deleteFolderRequest,
        response: { 200: folderResponse, ...refused },
      },
    },
    async (request) => {
      const origin = await originOf(authenticate, request)
      const reference = referenceOf(request.body, request.params.folderIdOrName)
      const { folder } = await changeFolders.remove(origin, reference, { force: true })
      return { folder: folderBody(folder) }
    },
  )
  server.delete(
    '/api/v2/folders/:folderIdOrName',
    {
      schema: {
        ...shared,
        operationId: 'deleteFolderV2',
        summary: 'Delete a folder, if it is empty or forceDelete is true',
        description:
          'Refused (400) with the numbers of folders, secrets and imports while there are any. With `forceDelete` each ' +
          'of them needs the right to be deleted.',
        params: folderIdOrNameParams,
        body: deleteFolderByForceRequest,
        response: { 200: folderResponse, ...refused },
      },
    },
    async (request) => {
      const origin = await originOf(authenticate, request)
      const { forceDelete, ...place } = request.body
      const reference = referenceOf(place, request.params.folderIdOrName)
      const { folder } = await changeFolders.remove(origin, reference, { force: forceDelete })
      return { folder: folderBody(folder) }
    },
  )
}

interface NamedPlace {
  workspaceId?: string | undefined
  projectId?: string | undefined
  path?: string | undefined
  directory?: string | undefined
}

function placeOf({ workspaceId, projectId, path, directory }: NamedPlace) {
  return { projectId: projectId ?? workspaceId, path: path ?? directory }
}

function referenceOf(
  { environment, ...place }: NamedPlace & { environment?: string | undefined },
  idOrName: string,
): FolderReference {
  return { ...placeOf(place), environment, idOrName }
}

async function originOf(authenticate: Authenticate, request: FastifyRequest): Promise<ChangeOrigin> {
  return { actor: await authenticate(request), requestId: request.id, ipAddress: request.ip }
}
