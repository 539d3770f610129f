import { z } from 'zod'
import { environmentSlug, folderPath, namedProject } from './folders.ts'
import { optionalQueryText } from './query.ts'
import { timestamp } from './text.ts'

/** Where the import stands: its secrets appear in the lists of that folder. */
const place = { ...namedProject, environment: environmentSlug, path: folderPath }

export const secretImportIdParams = z.object({ secretImportId: z.string().max(256) })

export const listSecretImportsQuery = z.object(place)

export const createSecretImportRequest = z.object({
  ...place,
  import: z.object({ environment: environmentSlug, path: folderPath }).describe('What is imported'),
  isReplication: z
    .boolean()
    .default(false)
    .describe('Kept and returned; what is imported is always read at the source'),
})

export const updateSecretImportRequest = z.object({
  ...place,
  import: z.object({
    environment: optionalQueryText(64).describe('The source’s environment; as before when left out'),
    path: optionalQueryText(20 * 256).describe('The source’s path; as before when left out'),
    position: z.int().min(1).max(1000).optional().describe('1 is the first; those behind it move'),
  }),
})

export const deleteSecretImportRequest = z.object(place)

const environment = z.object({ id: z.uuid(), name: z.string(), slug: z.string() })

export const secretImport = z.object({
  id: z.uuid(),
  folderId: z.uuid(),
  projectId: z.uuid(),
  secretPath: z.string().describe('The folder that imports'),
  environment: environment.describe('Of the folder that imports'),
  importPath: z.string(),
  importEnv: environment.describe('Of the source'),
  position: z.int(),
  isReplication: z.boolean(),
  isReserved: z.literal(false),
  createdAt: timestamp,
  updatedAt: timestamp,
})

export const secretImportResponse = z.object({ secretImport })
export const secretImportChangedResponse = z.object({ message: z.string(), secretImport })
export const listSecretImportsResponse = z.object({
  message: z.string(),
  secretImports: z.array(secretImport),
})

export type SecretImportBody = z.output<typeof secretImport>
