import type { FindMaker } from '../permissions/maker.ts'
import { type RightsOf, rightsBeyond } from '../permissions/organization-rights.ts'
import type { FoundInvitation, InvitationStore } from './invitation-store.ts'

export interface FindInvitationDependencies {
  invitations: Pick<InvitationStore, 'find'>
  findMaker: FindMaker
  rightsOf: RightsOf
}

/** What the token of a link opens: nothing any more once whoever made it could not make it again. */
export type FindInvitation = (tokenHash: Buffer) => Promise<FoundInvitation | undefined>

export function createFindInvitation({
  invitations,
  findMaker,
  rightsOf,
}: FindInvitationDependencies): FindInvitation {
  return async (tokenHash) => {
    const found = await invitations.find(tokenHash)
    if (found === undefined || found.madeBy === null) return undefined
    const { organizationId, role } = found
    const maker = await findMaker(organizationId, found.madeBy)
    if (maker === undefined || !maker.rights.can('create', 'members')) return undefined
    return rightsBeyond(maker.rights, await rightsOf(organizationId, role)).length === 0 ? found : undefined
  }
}
