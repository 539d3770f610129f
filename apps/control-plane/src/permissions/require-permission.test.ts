import { organizationActions } from '@postern/api-contract/permissions'
import { describe, expect, it } from 'vitest'
import {
  builtInOrganizationRights,
  builtInOrganizationRoles,
  noOrganizationRights,
  type OrganizationRights,
  organizationRightsOf,
  organizationSubjects,
  rightsBeyond,
} from './organization-rights.ts'
import { requirePermission, requireRightsWithin } from './require-permission.ts'
import { identityActor } from './test/actor-fixtures.ts'

function rightsOf(role: string): OrganizationRights {
  const rights = builtInOrganizationRights(role)
  expect(rights).toBeDefined()
  return rights ?? noOrganizationRights
}

const allowedBy = (rights: OrganizationRights) =>
  rightsBeyond(noOrganizationRights, rights).map(({ action, subject }) => `${action} ${subject}`)

describe('permissions', () => {
  it('T17 the role no-access gives no right, and neither does one that is not built in', () => {
    expect(allowedBy(rightsOf('no-access'))).toEqual([])
    expect(builtInOrganizationRights('owner')).toBeUndefined()
    expect(builtInOrganizationRights('constructor')).toBeUndefined()
  })

  it('a member reads what there is and creates projects, and nothing else', () => {
    expect(allowedBy(rightsOf('member'))).toEqual([
      'read identities',
      'read gateways',
      'read gateway-pools',
      'read roles',
      'read projects',
      'create projects',
      'read members',
    ])
  })

  it('an admin does everything', () => {
    const everything = organizationSubjects.flatMap((subject) =>
      organizationActions[subject].map((action) => `${action} ${subject}`),
    )
    expect(allowedBy(rightsOf('admin'))).toEqual(everything)
  })

  it('every subject is in the list of subjects', () => {
    expect(organizationSubjects.toSorted()).toEqual(Object.keys(organizationActions).toSorted())
  })

  it('a denial names the action and the subject', () => {
    expect(() => requirePermission(identityActor({ role: 'member' }), 'delete', 'identities')).toThrow(
      expect.objectContaining({
        code: 'PermissionDenied',
        message: 'The role member may not delete identities',
        details: { action: 'delete', subject: 'identities' },
      }),
    )
  })

  it('T17 nobody grants a role above their own', () => {
    const refused = builtInOrganizationRoles.flatMap((own) =>
      builtInOrganizationRoles
        .filter((granted) => refuses(own, rightsOf(granted)))
        .map((granted) => `${own} → ${granted}`),
    )
    expect(refused).toEqual(['no-access → member', 'no-access → admin', 'member → admin'])
  })

  it('T17 one right beyond their own is enough to refuse, and is named', () => {
    const wanted = organizationRightsOf([
      { subject: 'gateways', action: ['read', 'attach'] },
      { subject: 'projects', action: ['create'] },
    ])
    expect(() => requireRightsWithin(identityActor({ role: 'member' }), wanted)).toThrow(
      expect.objectContaining({
        code: 'PermissionDenied',
        details: { action: 'attach', subject: 'gateways' },
      }),
    )
  })

  it('an action that its subject does not know gives no right', () => {
    const rights = organizationRightsOf([{ subject: 'audit-log', action: ['delete'] }])
    expect(allowedBy(rights)).toEqual([])
  })
})

function refuses(own: string, granted: OrganizationRights): boolean {
  try {
    requireRightsWithin(identityActor({ role: own }), granted)
    return false
  } catch {
    return true
  }
}
