import type { FastifyRequest } from 'fastify'
import type { Authenticate } from '../permissions/actor.ts'
import type { ReadCredential } from '../permissions/authenticate-credential.ts'
import type { AuthenticatePerson } from '../permissions/authenticate-person.ts'
import type { OrganizationDetails, OrganizationStore } from './organization-store.ts'

export interface OwnOrganizationsDependencies {
  readCredential: ReadCredential
  authenticate: Authenticate
  authenticatePerson: AuthenticatePerson
  organizations: Pick<OrganizationStore, 'listOf' | 'read'>
}

/** The caller's: of a person all, whether or not one was selected; of an identity its own. */
export type OwnOrganizations = (request: FastifyRequest) => Promise<OrganizationDetails[]>

export function createOwnOrganizations(dependencies: OwnOrganizationsDependencies): OwnOrganizations {
  const { readCredential, authenticate, authenticatePerson, organizations } = dependencies
  return async (request) => {
    if (readCredential(request)?.kind === 'session')
      return organizations.listOf((await authenticatePerson(request)).session.userId)
    const organization = await organizations.read((await authenticate(request)).organizationId)
    return organization === undefined ? [] : [organization]
  }
}
