import { z } from 'zod'
import { optionalQueryText, queryBooleanOr } from './query.ts'
import { singleLine, timestamp } from './text.ts'

const idCharactersMax = 64
/** 20 names of 255 characters, and the slashes. */
const pathCharactersMax = 20 * 256

/** Clients that always send both ids leave one of them empty. */
export const namedProject = {
  workspaceId: optionalQueryText(idCharactersMax).describe('The project'),
  projectId: optionalQueryText(idCharactersMax).describe('The project, by its newer name'),
}

export const environmentSlug = singleLine(64).min(1).describe('The environment’s slug')

export const folderPath = optionalQueryText(pathCharactersMax).describe(
  'Names of folders with / between them; / when left out',
)

/** `directory` is what older clients call the path; `path` counts where both are given. */
const place = { ...namedProject, environment: environmentSlug, path: folderPath, directory: folderPath }

const name = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9_-]{1,255}$/, 'Letters, digits, - and _; at most 255')

const description = z
  .string()
  .trim()
  .max(1024)
  .regex(/^[^\0\p{Cs}]*$/u, 'NUL and half characters are not allowed')
  .nullish()

export const folderIdParams = z.object({ folderId: z.string().max(256) })

export const folderIdOrNameParams = z.object({
  folderIdOrName: z
    .string()
    .max(256)
    .describe('The id, or the name of a folder that stands directly in the path'),
})

export const folderByPathParams = z.object({
  projectId: z.string().max(256),
  environment: z.string().max(256),
  encodedPath: z
    .string()
    .max(pathCharactersMax)
    .describe('The folder’s own path, percent-encoded: %2Fpayments%2Fapi'),
})

export const listFoldersQuery = z.object({
  ...place,
  recursive: queryBooleanOr(false).describe('All below the path instead of those directly in it'),
  lastSecretModified: optionalQueryText(64)
    .pipe(z.iso.datetime({ offset: true }).optional())
    .describe('Only folders with a secret that was changed at or after that time'),
})

export const createFolderRequest = z.object({
  ...place,
  name,
  description: description.describe('For people'),
})

export const updateFolderRequest = z.object({
  ...place,
  environment: optionalQueryText(64).describe('The environment’s slug; needed for a folder that is named'),
  name: name.describe('The new name'),
  description,
})

export const deleteFolderRequest = z.object({
  ...place,
  environment: optionalQueryText(64).describe('The environment’s slug; needed for a folder that is named'),
})

export const deleteFolderByForceRequest = deleteFolderRequest.extend({
  forceDelete: z
    .boolean()
    .default(false)
    .describe('Delete the folder with all that is in it; without it only an empty folder is deleted'),
})

export const folder = z.object({
  id: z.uuid(),
  name: z.string(),
  envId: z.uuid(),
  projectId: z.uuid(),
  parentId: z.uuid().nullable(),
  description: z.string().nullable(),
  path: z.string().describe('Of the folder itself, from the root of its environment'),
  isReserved: z.literal(false),
  createdAt: timestamp,
  updatedAt: timestamp,
  lastSecretModified: timestamp.nullable().describe('When a secret in it was last written'),
})

export const folderResponse = z.object({ folder })

export const folderWithEnvironmentResponse = z.object({
  folder: folder.extend({
    environment: z.object({ envId: z.uuid(), envName: z.string(), envSlug: z.string() }),
  }),
})

export const listFoldersResponse = z.object({
  folders: z.array(folder.extend({ relativePath: z.string().describe('From the path that was asked for') })),
})

export type FolderBody = z.output<typeof folder>
