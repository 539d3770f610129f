import type { Actor, RightsHolder } from './actor.ts'
import type { RightsOf } from './organization-rights.ts'

/** Who made something that others use later, when the maker may no longer have the rights for it. */
export interface Maker {
  readonly kind: 'identity' | 'user'
  readonly id: string
}

/** With the rights that the maker has now. Undefined for one who is disabled or no longer there. */
export type FindMaker = (organizationId: string, maker: Maker) => Promise<RightsHolder | undefined>

export interface FindMakerDependencies {
  /** Undefined unless the person is a member, and neither the membership nor the account is disabled. */
  roleOfEnabled: (organizationId: string, userId: string) => Promise<string | undefined>
  findIdentity: (
    identityId: string,
  ) => Promise<{ organizationId: string; role: string; isDisabled: boolean } | undefined>
  rightsOf: RightsOf
}

export function makerOf(actor: Actor): Maker {
  return { kind: actor.kind, id: actor.kind === 'identity' ? actor.identityId : actor.userId }
}

export function createFindMaker({ roleOfEnabled, findIdentity, rightsOf }: FindMakerDependencies): FindMaker {
  async function roleOfIdentity(organizationId: string, identityId: string): Promise<string | undefined> {
    const identity = await findIdentity(identityId)
    if (identity === undefined || identity.isDisabled) return undefined
    return identity.organizationId === organizationId ? identity.role : undefined
  }
  return async (organizationId, { kind, id }) => {
    const isIdentity = kind === 'identity'
    const role = isIdentity
      ? await roleOfIdentity(organizationId, id)
      : await roleOfEnabled(organizationId, id)
    if (role === undefined) return undefined
    const holder = { organizationId, role, rights: await rightsOf(organizationId, role) }
    return isIdentity ? { ...holder, kind, identityId: id } : { ...holder, kind, userId: id }
  }
}
