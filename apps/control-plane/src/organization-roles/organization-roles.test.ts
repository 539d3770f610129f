import { describe, expect, it } from 'vitest'
import type { CustomRole } from './organization-role-store.ts'
import { createOrganizationRoles } from './organization-roles.ts'

function createSubject() {
  let nowMs = 0
  let stored: CustomRole[] = []
  let reads = 0
  const store = {
    findForRights: async (slug: string, organizationId: string) => {
      reads += 1
      return stored.find((role) => role.slug === slug && role.organizationId === organizationId)
    },
  }
  const roles = createOrganizationRoles({ store, elapsed: () => nowMs })
  return {
    roles,
    reads: () => reads,
    sleep: (ms: number) => void (nowMs += ms),
    put: (...permissions: CustomRole['permissions']) => {
      stored = [
        {
          id: 'role-1',
          organizationId: 'org-1',
          slug: 'deployer',
          name: 'Deployer',
          description: '',
          permissions,
          createdAt: new Date(0),
          updatedAt: new Date(0),
        },
      ]
    },
  }
}

describe('the rights of roles', () => {
  it('T17 a role that does not exist gives none, nor does one of another organization', async () => {
    const { roles, put } = createSubject()
    put({ subject: 'identities', action: 'read' })
    expect((await roles.rightsOf('org-1', 'owner')).rules).toEqual([])
    expect((await roles.rightsOf('org-2', 'deployer')).can('read', 'identities')).toBe(false)
    expect((await roles.rightsOf('org-1', 'deployer')).can('read', 'identities')).toBe(true)
  })

  it('of built-in roles need no read', async () => {
    const { roles, reads } = createSubject()
    expect((await roles.rightsOf('org-1', 'admin')).can('administer', 'projects')).toBe(true)
    expect(reads()).toBe(0)
  })

  it('are remembered for a second, and forgotten at once after a change here', async () => {
    const { roles, put, sleep, reads } = createSubject()
    const mayEdit = async () => (await roles.rightsOf('org-1', 'deployer')).can('edit', 'identities')
    put({ subject: 'identities', action: ['read', 'edit'] })
    expect(await mayEdit()).toBe(true)
    put({ subject: 'identities', action: 'read' })
    sleep(999)
    expect(await mayEdit()).toBe(true)
    expect(reads()).toBe(1)
    sleep(1)
    expect(await mayEdit()).toBe(false)
    put({ subject: 'identities', action: 'edit' })
    roles.forget('org-1', 'deployer')
    expect(await mayEdit()).toBe(true)
  })

  it('T17 a right on a subject that this version does not know counts for nothing', async () => {
    const { roles, put } = createSubject()
    put(
      ...JSON.parse(
        '[{"subject":"rockets","action":"launch"},{"subject":"roles","action":["launch","read"]}]',
      ),
    )
    const rights = await roles.rightsOf('org-1', 'deployer')
    expect([rights.can('read', 'roles'), rights.can('edit', 'roles')]).toEqual([true, false])
  })
})
