import { ApiError } from '../http/api-error.ts'
import type { RightsHolder } from '../permissions/actor.ts'
import type { FindMaker } from '../permissions/maker.ts'
import type { RightsOf } from '../permissions/organization-rights.ts'
import { requirePermission, requireRightsWithin } from '../permissions/require-permission.ts'
import type { PasswordReset, PasswordResetStore } from './password-reset-store.ts'

export interface FindPasswordResetDependencies {
  passwordResets: Pick<PasswordResetStore, 'find'>
  findMaker: FindMaker
  rightsOf: RightsOf
  /** Whether the holder has at least the person's rights in their projects. Throws PermissionDenied. */
  requireWithinProjects: (
    holder: RightsHolder,
    person: { readonly kind: 'user'; readonly userId: string },
  ) => Promise<void>
}

/** What the token of a link opens: nothing any more once whoever made it could not make it again. */
export type FindPasswordReset = (tokenHash: Buffer) => Promise<PasswordReset | undefined>

export function createFindPasswordReset(dependencies: FindPasswordResetDependencies): FindPasswordReset {
  const { passwordResets, findMaker } = dependencies
  return async (tokenHash) => {
    const found = await passwordResets.find(tokenHash)
    if (found === undefined || found.madeBy === null) return undefined
    const maker = await findMaker(found.organizationId, found.madeBy)
    return maker !== undefined && (await mayMakeIt(dependencies, maker, found)) ? found : undefined
  }
}

async function mayMakeIt(
  { rightsOf, requireWithinProjects }: FindPasswordResetDependencies,
  maker: RightsHolder,
  { organizationId, userId, role }: PasswordReset,
): Promise<boolean> {
  try {
    requirePermission(maker, 'edit', 'members')
    requireRightsWithin(maker, await rightsOf(organizationId, role))
    await requireWithinProjects(maker, { kind: 'user', userId })
    return true
  } catch (error) {
    if (error instanceof ApiError && error.code === 'PermissionDenied') return false
    throw error
  }
}
