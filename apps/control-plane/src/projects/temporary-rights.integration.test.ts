import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type Machine,
  type PosternWithProjects,
  startPosternWithProjects,
  type TestProject,
} from './test/postern-with-projects.ts'

let postern: PosternWithProjects
let project: TestProject
/** Admin of the project for an hour. */
let guest: Machine
beforeAll(async () => {
  postern = await startPosternWithProjects()
})
afterAll(() => postern.close())
beforeEach(async () => {
  project = await postern.createProject()
  guest = await postern.createMember(project.id, 'no-access')
  const { status } = await setRoles(guest, [forTime('admin', '1h')])
  if (status !== 200) throw new Error(`not admitted: ${status}`)
})

const forTime = (role: string, temporaryRange: string) => ({
  role,
  isTemporary: true,
  temporaryRange,
  temporaryAccessStartTime: new Date().toISOString(),
})
const setRoles = ({ identityId }: Machine, roles: object[], token?: string) =>
  postern.send(
    'PATCH',
    `/api/v1/projects/${project.id}/memberships/identities/${identityId}`,
    { roles },
    token,
  )

describe('who is somebody for an hour', () => {
  it('T17 stays nobody longer than that, by no change of the own roles', async () => {
    for (const role of [{ role: 'admin' }, forTime('admin', '2h'), { role: 'viewer' }]) {
      expect(await setRoles(guest, [role], guest.token)).toMatchObject({
        status: 403,
        body: { error: 'PermissionDenied' },
      })
    }
  })

  it('T17 gives nobody else more, nor for longer', async () => {
    const other = await postern.createMember(project.id, 'no-access')
    expect((await setRoles(other, [{ role: 'admin' }], guest.token)).status).toBe(403)
    expect((await setRoles(other, [forTime('viewer', '2h')], guest.token)).status).toBe(403)
    const path = `/api/v1/projects/${project.id}/identities`
    const owned = { name: 'mine', roles: [{ role: 'admin' }] }
    expect((await postern.send('POST', path, owned, guest.token)).status).toBe(403)
  })

  it('T17 makes no role grow that somebody may have for good', async () => {
    const roleId = await postern.createRole(project.id, 'reader', [{ subject: 'secrets', action: ['read'] }])
    const permissions = [{ subject: 'secrets', action: ['read', 'read-value'] }]
    const path = `/api/v1/projects/${project.id}/roles/${roleId}`
    expect((await postern.send('PATCH', path, { permissions }, guest.token)).status).toBe(403)
    expect((await postern.send('PATCH', path, { name: 'Readers' }, guest.token)).status).toBe(200)
  })

  it('T17 gets no way in as a machine that is there for good', async () => {
    const permissions = [{ subject: 'identities', action: ['read', 'edit', 'edit-auth'] }]
    const slug = `keepers-${project.id.slice(0, 8)}`
    const role = { slug, name: 'Keepers', permissions }
    expect((await postern.send('POST', '/api/v1/organization/roles', role)).status).toBe(200)
    await postern.send('PATCH', `/api/v1/identities/${guest.identityId}`, { role: slug })
    const lasting = await postern.createMember(project.id, 'viewer')
    const passing = await postern.createMember(project.id, 'no-access')
    await setRoles(passing, [forTime('viewer', '30m')])
    const secretsOf = ({ identityId }: Machine) =>
      postern.send(
        'POST',
        `/api/v1/auth/universal-auth/identities/${identityId}/client-secrets`,
        {},
        guest.token,
      )
    expect((await secretsOf(lasting)).status).toBe(403)
    expect((await secretsOf(passing)).status).toBe(200)
  })

  it('does within the hour whatever the role allows, and gives others roles that end with it', async () => {
    const other = await postern.createMember(project.id, 'viewer')
    expect((await setRoles(other, [forTime('member', '30m')], guest.token)).status).toBe(200)
    const path = `/api/v1/projects/${project.id}/memberships/identities/${other.identityId}`
    expect((await postern.send('DELETE', path, undefined, guest.token)).status).toBe(200)
  })
})
