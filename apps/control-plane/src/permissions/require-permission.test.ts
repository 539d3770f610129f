import { describe, expect, it } from 'vitest'
import { type OrganizationRole, organizationRoles } from './actor.ts'
import {
  type Action,
  type Subject,
  hasPermission,
  requirePermission,
  requireRoleWithin,
} from './require-permission.ts'

const actions: Action[] = ['read', 'create', 'edit', 'delete', 'edit-auth', 'attach', 'revoke']
const subjects: Subject[] = [
  'identities',
  'gateways',
  'gateway-pools',
  'audit-events',
  'organization',
  'signing-keys',
]
const everything = actions.flatMap((action) => subjects.map((subject) => [action, subject] as const))

describe('permissions', () => {
  it('T17 an identity without a role can do nothing', () => {
    expect(
      everything.filter(([action, subject]) => hasPermission({ role: 'no-access' }, action, subject)),
    ).toEqual([])
  })

  it('a member reads identities and gateways, and nothing else', () => {
    expect(
      everything.filter(([action, subject]) => hasPermission({ role: 'member' }, action, subject)),
    ).toEqual([
      ['read', 'identities'],
      ['read', 'gateways'],
      ['read', 'gateway-pools'],
    ])
  })

  it('an admin does everything', () => {
    expect(everything.every(([action, subject]) => hasPermission({ role: 'admin' }, action, subject))).toBe(
      true,
    )
  })

  it('a denial names the action and the subject', () => {
    expect(() => requirePermission({ role: 'member' }, 'delete', 'identities')).toThrow(
      expect.objectContaining({
        code: 'PermissionDenied',
        message: 'The role member may not delete identities',
        details: { action: 'delete', subject: 'identities' },
      }),
    )
  })

  it('nobody grants a role above their own', () => {
    const refused = organizationRoles.flatMap((own) =>
      organizationRoles.filter((granted) => refuses(own, granted)).map((granted) => `${own} → ${granted}`),
    )
    expect(refused).toEqual(['no-access → member', 'no-access → admin', 'member → admin'])
  })
})

function refuses(own: OrganizationRole, granted: OrganizationRole): boolean {
  try {
    requireRoleWithin({ role: own }, granted)
    return false
  } catch {
    return true
  }
}
