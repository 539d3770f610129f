import { z } from 'zod'
import {
  authMethodName,
  createIdentityRequest,
  identityMetadata,
  updateIdentityRequest,
} from './identities.ts'
import { addIdentityRequest, membersQuery } from './project-members.ts'
import { timestamp } from './text.ts'

const { name, hasDeleteProtection, metadata } = createIdentityRequest.shape

export const createProjectIdentityRequest = z.object({
  name,
  hasDeleteProtection,
  metadata: metadata.nullable(),
  roles: addIdentityRequest.shape.roles.describe('In the project; by default no-access'),
})
export const updateProjectIdentityRequest = z.object({
  name: updateIdentityRequest.shape.name,
  hasDeleteProtection: updateIdentityRequest.shape.hasDeleteProtection,
  metadata: updateIdentityRequest.shape.metadata.nullable().describe('Replaces all metadata; null leaves it'),
})

export const projectIdentity = z.object({
  id: z.uuid(),
  name: z.string(),
  orgId: z.uuid(),
  projectId: z.uuid(),
  createdAt: timestamp,
  updatedAt: timestamp,
  hasDeleteProtection: z.boolean(),
  activeLockoutAuthMethods: z.array(authMethodName),
  authMethods: z.array(authMethodName),
  metadata: identityMetadata,
})
export const projectIdentityResponse = z.object({ identity: projectIdentity })
export const listProjectIdentitiesQuery = membersQuery
export const listProjectIdentitiesResponse = z.object({
  identities: z.array(projectIdentity),
  totalCount: z.int(),
})
