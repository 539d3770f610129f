import { z } from 'zod'
import { optionalQueryText, pageQuery, queryBoolean, queryBooleanOr } from './query.ts'
import { pathId, timestamp } from './text.ts'

const valueBytesMax = 64 * 1024
const commentCharactersMax = 10_000
const metadataEntriesMax = 50
const idCharactersMax = 64
/** 20 names of 255 characters, and the slashes. */
const pathCharactersMax = 20 * 256

const bytesOf = (text: string): number => new TextEncoder().encode(text).length
const isWhole = (text: string): boolean => text.isWellFormed() && !text.includes('\0')
const wholeText = (charactersMax: number) =>
  z.string().max(charactersMax).refine(isWhole, 'NUL and half characters are not allowed')

/**
 * Some clients put names into paths as they are, so a name holds nothing that ends a path or changes its meaning: no
 * space, slash, backslash, colon, question mark, hash or percent sign.
 */
const secretName = z
  .string()
  .trim()
  .regex(/^[^\s/\\:?#%\p{C}]{1,255}$/u, 'At most 255 visible characters, without spaces and / \\ : ? # %')
  .refine((name) => name !== '.' && name !== '..', 'Must not be . or ..')

/** For calls that look for a secret: what is no good name has no secret. */
export const secretNameParams = z.object({
  secretName: z.string().trim().describe('The secret’s name'),
})
export const newSecretNameParams = z.object({ secretName })
export const secretIdParams = z.object({ secretId: pathId })

const secretPath = optionalQueryText(pathCharactersMax).describe(
  'Names of folders with / between them; / when left out',
)
const environment = optionalQueryText(64).describe('The environment’s slug')
const project = {
  workspaceId: optionalQueryText(idCharactersMax).describe('The project'),
  projectId: optionalQueryText(idCharactersMax).describe('The project, by its newer name'),
  workspaceSlug: optionalQueryText(idCharactersMax).describe('The project, by its slug'),
  projectSlug: optionalQueryText(idCharactersMax).describe('The project, by its slug'),
}
const place = { ...project, environment, secretPath }

const type = z
  .enum(['shared', 'personal', ''])
  .default('shared')
  .transform((given) => given || 'shared')
  .describe('`personal` overrides are not there yet: none is found, and none can be written')

const view = queryBooleanOr(true).describe('false: every value is hidden')
const expandDescription = 'Put the values of other secrets in the place of references such as ${KEY}'
const importsDescription = 'Also what the folder imports'

const listed = {
  ...place,
  viewSecretValue: view,
  recursive: queryBooleanOr(false).describe('Also the folders below, 20 deep at most'),
  tagSlugs: optionalQueryText(2048).describe('No secret has a tag yet: with tags, nothing is found'),
  metadataFilter: optionalQueryText(4096).describe(
    'Only secrets with such metadata: `key=team,value=payments|key=tier`',
  ),
}

export const listRawSecretsQuery = z.object({
  ...listed,
  expandSecretReferences: queryBooleanOr(false).describe(expandDescription),
  include_imports: queryBooleanOr(false).describe(importsDescription),
})

export const listSecretsQuery = z.object({
  ...listed,
  expandSecretReferences: queryBooleanOr(true).describe(expandDescription),
  includeImports: queryBooleanOr(true).describe(importsDescription),
  includePersonalOverrides: queryBooleanOr(false).describe('There are none yet'),
})

const version = z.coerce
  .number()
  .int()
  .min(1)
  .max(2_147_483_647)
  .optional()
  .describe('An earlier version; the present one when left out')

export const getRawSecretQuery = z.object({
  ...place,
  version,
  type,
  viewSecretValue: view,
  expandSecretReferences: queryBooleanOr(false).describe(expandDescription),
  include_imports: queryBooleanOr(false).describe(importsDescription),
  includeImports: queryBoolean.describe('The same by the name that the Node SDK sends'),
})

export const getSecretQuery = z.object({
  ...place,
  version,
  type,
  viewSecretValue: view,
  expandSecretReferences: queryBooleanOr(true).describe(expandDescription),
  includeImports: queryBooleanOr(true).describe(importsDescription),
})

export const getRawSecretByIdQuery = z.object({
  version,
  viewSecretValue: view,
  expandSecretReferences: queryBooleanOr(false).describe(expandDescription),
})

export const getSecretByIdQuery = getRawSecretByIdQuery.extend({
  expandSecretReferences: queryBooleanOr(true).describe(expandDescription),
})

export const listSecretVersionsQuery = z.object(pageQuery)

/** Files end with a line break that belongs to them; other white space around a value is a slip of the clipboard. */
const secretValue = wholeText(valueBytesMax)
  .refine((value) => bytesOf(value) <= valueBytesMax, `At most ${valueBytesMax} bytes`)
  .transform((value) => (value.endsWith('\n') ? `${value.trim()}\n` : value.trim()))
  .describe('White space around it is removed, except for one line break at the end')

const secretMetadata = z
  .array(
    z.object({
      key: wholeText(255).trim().min(1),
      value: wholeText(1020),
      isEncrypted: z.boolean().default(false).describe('true: stored as values are'),
    }),
  )
  .max(metadataEntriesMax)
  .refine(
    (entries) => new Set(entries.map(({ key }) => key)).size === entries.length,
    'Each key may appear once',
  )
  .describe('Replaces all metadata')

/** Clients in Go send what they do not have as null or "". */
const settable = {
  secretComment: wholeText(commentCharactersMax)
    .trim()
    .nullish()
    .transform((comment) => comment ?? undefined),
  secretMetadata: secretMetadata.nullish().transform((entries) => entries ?? undefined),
  skipMultilineEncoding: z.boolean().nullable(),
  secretReminderRepeatDays: z.int().min(0).max(365).nullable().describe('0 or null: no reminder'),
  secretReminderNote: wholeText(1024).nullable(),
}

/** Taken, and without effect yet. */
const tagIds = z.array(z.string().max(idCharactersMax)).max(100).nullish().describe('There are no tags yet')

export const createSecretRequest = z.object({
  ...place,
  type,
  tagIds,
  secretValue,
  secretComment: settable.secretComment.transform((comment) => comment ?? ''),
  secretMetadata: settable.secretMetadata,
  skipMultilineEncoding: settable.skipMultilineEncoding.optional(),
  secretReminderRepeatDays: settable.secretReminderRepeatDays.optional(),
  secretReminderNote: settable.secretReminderNote.optional(),
})

export const updateSecretRequest = z.object({
  ...place,
  type,
  tagIds,
  newSecretName: z.union([z.literal('').transform(() => undefined), secretName]).optional(),
  secretValue: secretValue.optional(),
  secretComment: settable.secretComment,
  secretMetadata: settable.secretMetadata,
  skipMultilineEncoding: settable.skipMultilineEncoding.optional(),
  secretReminderRepeatDays: settable.secretReminderRepeatDays.optional(),
  secretReminderNote: settable.secretReminderNote.optional(),
})

export const deleteSecretRequest = z.object({ ...place, type })

const secretOfImport = z.object({
  id: z.uuid(),
  _id: z.uuid().describe('The same as `id`'),
  workspace: z.uuid(),
  environment: z.string(),
  version: z.int(),
  type: z.literal('shared'),
  secretKey: z.string(),
  secretValue: z.string(),
  secretValueHidden: z.boolean().describe('`secretValue` is a placeholder'),
  secretComment: z.string(),
  secretReminderNote: z.string().nullable(),
  secretReminderRepeatDays: z.int().nullable(),
  skipMultilineEncoding: z.boolean().nullable(),
  secretMetadata: z.array(z.object({ key: z.string(), value: z.string(), isEncrypted: z.boolean() })),
  actor: z
    .object({
      actorId: z.string().nullable(),
      actorType: z.string(),
      name: z.string().nullable().describe('As it was then'),
      membershipId: z.null(),
      groupId: z.null(),
    })
    .describe('Who wrote this version'),
  isRotatedSecret: z.literal(false),
  rotationId: z.null(),
})

export const secret = secretOfImport.extend({
  secretPath: z.string(),
  tags: z
    .array(z.object({ id: z.string(), slug: z.string(), name: z.string(), color: z.string().nullable() }))
    .describe('Empty: there are none yet'),
  createdAt: timestamp,
  updatedAt: timestamp.describe('When this version was written'),
})

export const secretResponse = z.object({ secret })

export const listSecretsResponse = z.object({
  secrets: z.array(secret),
  imports: z
    .array(
      z.object({
        secretPath: z.string(),
        environment: z.string(),
        folderId: z.uuid(),
        secrets: z.array(secretOfImport),
      }),
    )
    .optional()
    .describe('In the order of the folder’s imports; a later one wins. Present where it was asked for'),
})

export const listSecretVersionsResponse = z.object({
  secretVersions: z.array(secret),
  totalCount: z.int(),
})
