import { ApiError } from '../http/api-error.ts'
import type { Actor } from './actor.ts'
import {
  type OrganizationActionOn,
  type OrganizationRights,
  type OrganizationSubject,
  rightsBeyond,
} from './organization-rights.ts'

type Permitted = Pick<Actor, 'role' | 'rights'>

export function hasPermission<Subject extends OrganizationSubject>(
  { rights }: Pick<Permitted, 'rights'>,
  action: OrganizationActionOn<Subject>,
  subject: Subject,
): boolean {
  return rights.can(action, subject)
}

/** Throws PermissionDenied that names the action and the subject. */
export function requirePermission<Subject extends OrganizationSubject>(
  { role, rights }: Permitted,
  action: OrganizationActionOn<Subject>,
  subject: Subject,
): void {
  if (rights.can(action, subject)) return
  throw new ApiError('PermissionDenied', `The role ${role} may not ${action} ${subject}`, {
    details: { action, subject },
  })
}

/**
 * Nobody hands out, or lays hands on what has, a right that they do not have themselves. Throws PermissionDenied that
 * names the first of them.
 */
export function requireRightsWithin({ role, rights }: Permitted, wanted: OrganizationRights): void {
  const [beyond] = rightsBeyond(rights, wanted)
  if (beyond === undefined) return
  const { action, subject } = beyond
  throw new ApiError(
    'PermissionDenied',
    `The role ${role} may not ${action} ${subject}, and so may not grant it nor change who has it`,
    { details: { action, subject } },
  )
}
