import { z } from 'zod'
import { namedId, singleLine, timestamp } from './text.ts'

export const organizationRole = z
  .enum(['admin', 'member', 'no-access'])
  .describe('admin: everything in the organization. member: read identities and gateways. no-access: nothing')

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
  role: organizationRole.default('no-access'),
  hasDeleteProtection: z
    .boolean()
    .default(false)
    .describe('Refuse to delete the identity until this is turned off'),
  metadata: metadataEntries.optional(),
})

export const updateIdentityRequest = z.object({
  name: name.optional(),
  role: organizationRole.optional(),
  hasDeleteProtection: z.boolean().optional(),
  isDisabled: z
    .boolean()
    .optional()
    .describe(
      'A disabled identity cannot log in. Disabling revokes all of its tokens; enabling restores none',
    ),
  metadata: metadataEntries.optional().describe('Replaces all metadata'),
})

export const listIdentitiesQuery = z.object({
  orgId: namedId,
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  search: singleLine(255).optional().describe('Part of the name, whatever its case'),
})

export const identityIdParams = z.object({ identityId: namedId })

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
  role: z.string(),
  isDisabled: z.boolean(),
  hasDeleteProtection: z.boolean(),
  authMethods: z.array(authMethodName),
  createdAt: timestamp,
  updatedAt: timestamp,
  metadata: identityMetadata,
})

/** An identity as clients read it: nested in its membership of the organization. */
export const identityMembership = z.object({
  id: z.uuid(),
  role: z.string(),
  roleId: z.null(),
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
