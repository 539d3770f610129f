import { z } from 'zod'
import { roleSlug } from './organizations.ts'
import { organizationRole } from './organization-roles.ts'
import { namedId, pathId, singleLine, timestamp } from './text.ts'

const role = roleSlug.describe('Slug of a role: admin, member, no-access, or one of the organization’s own')

export const authMethodName = z.enum(['kubernetes-auth', 'universal-auth', 'token-auth'])

const metadataEntry = z.object({ key: singleLine(255).min(1), value: singleLine(1020) })
const metadataEntries = z
  .array(metadataEntry)
  .max(100)
  .refine(
    (entries) => new Set(entries.map(({ key }) => key)).size === entries.length,
    'Each key may appear once',
  )

export const identityMetadata = z.array(metadataEntry.extend({ id: z.uuid() }))

const name = singleLine(255).min(1)

export const createIdentityRequest = z.object({
  name,
  organizationId: namedId,
  role: role.default('no-access'),
  hasDeleteProtection: z
    .boolean()
    .default(false)
    .describe('Refuse to delete the identity until this is turned off'),
  metadata: metadataEntries.nullish(),
})

export const updateIdentityRequest = z.object({
  name: name.optional(),
  role: role.optional(),
  hasDeleteProtection: z.boolean().optional(),
  isDisabled: z
    .boolean()
    .optional()
    .describe(
      'A disabled identity cannot log in. Disabling revokes all of its tokens; enabling restores none',
    ),
  metadata: metadataEntries.nullish().describe('Replaces all metadata'),
})

export const listIdentitiesQuery = z.object({
  orgId: namedId,
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  search: singleLine(255).optional().describe('Part of the name, whatever its case'),
})

export const identityIdParams = z.object({ identityId: pathId })

const searchedText = (charactersMax: number) =>
  z
    .strictObject({
      $contains: singleLine(charactersMax).optional().describe('A part of it, whatever its case'),
      $eq: singleLine(charactersMax).optional(),
      $in: z.array(singleLine(charactersMax)).max(100).optional(),
    })
    .describe('All that is named must hold')
const searchedTerms = {
  name: searchedText(255).optional(),
  role: searchedText(64).optional().describe('The slug of the role'),
}

export const searchIdentitiesRequest = z.object({
  orderBy: z.enum(['name', 'role', 'createdAt']).default('name'),
  orderDirection: z.enum(['asc', 'desc']).default('asc'),
  limit: z.int().min(1).max(1000).default(100),
  offset: z.int().min(0).max(2_147_483_647).default(0),
  search: z
    .object({
      ...searchedTerms,
      $or: z
        .array(z.strictObject(searchedTerms))
        .max(20)
        .optional()
        .describe('At least one of these must hold too'),
    })
    .default({}),
})

const owningProject = z
  .uuid()
  .nullable()
  .describe('The project that owns the identity; null: the organization does')

/** What a change of an identity answers with. */
export const identity = z.object({
  id: z.uuid(),
  name: z.string(),
  orgId: z.uuid(),
  projectId: owningProject,
  role: z.string().describe('Slug'),
  isDisabled: z.boolean(),
  hasDeleteProtection: z.boolean(),
  authMethods: z.array(authMethodName),
  authMethod: authMethodName.nullable().describe('The first of `authMethods`'),
  createdAt: timestamp,
  updatedAt: timestamp,
  metadata: identityMetadata,
})

/** An identity as clients read it: nested in its membership of the organization. */
export const identityMembership = z.object({
  id: z.uuid(),
  role: z.string().describe('`custom` for one of the organization’s own roles'),
  roleId: z.uuid().nullable().describe('Of a custom role'),
  customRole: organizationRole
    .pick({ id: true, name: true, slug: true, permissions: true, description: true })
    .nullable(),
  orgId: z.uuid(),
  identityId: z.uuid(),
  createdAt: timestamp,
  updatedAt: timestamp,
  lastLoginAuthMethod: authMethodName.nullable(),
  lastLoginTime: timestamp.nullable(),
  metadata: identityMetadata,
  identity: z.object({
    id: z.uuid(),
    name: z.string(),
    orgId: z.uuid(),
    projectId: owningProject,
    isDisabled: z.boolean(),
    hasDeleteProtection: z.boolean(),
    authMethods: z.array(authMethodName),
  }),
})

export const identityResponse = z.object({ identity })
export const identityMembershipResponse = z.object({ identity: identityMembership })
export const listIdentitiesResponse = z.object({
  identities: z.array(identityMembership),
  totalCount: z.int(),
})
export const identityDetailsResponse = z.object({
  identityDetails: z.object({
    organization: z.object({ id: z.uuid(), name: z.string(), slug: z.string() }),
  }),
})

export type SearchIdentitiesRequest = z.output<typeof searchIdentitiesRequest>
