import { randomUUID } from 'node:crypto'
import { type ChangeCase, type ChangeWorld, textIn } from './change-world.ts'

async function role({ call }: ChangeWorld): Promise<string> {
  const body = { slug: `r-${randomUUID()}`, name: 'Role' }
  return textIn(await call('POST', '/api/v1/organization/roles', body), 'role.id')
}

const organization: ChangeCase[] = [
  {
    method: 'PATCH',
    template: /organization\/:organizationId$/,
    events: ['organization-updated'],
    prepare: async ({ organizationId }) => ({ params: { organizationId }, body: { name: 'Acme two' } }),
  },
  {
    method: 'POST',
    template: /organization\/roles$/,
    events: ['organization-role-created'],
    prepare: async () => ({ body: { slug: `r-${randomUUID()}`, name: 'Role' } }),
  },
  {
    method: 'PATCH',
    template: /organization\/roles\/:roleId$/,
    events: ['organization-role-updated'],
    prepare: async (world) => ({ params: { roleId: await role(world) }, body: { name: 'Other' } }),
  },
  {
    method: 'DELETE',
    template: /organization\/roles\/:roleId$/,
    events: ['organization-role-deleted'],
    prepare: async (world) => ({ params: { roleId: await role(world) } }),
  },
]

async function invite({ call, organizationId }: ChangeWorld) {
  const path = `/api/v1/organization/${organizationId}/invitations`
  const reply = await call('POST', path, { email: `${randomUUID()}@example.com`, role: 'member' })
  return { invitationId: textIn(reply, 'invitation.id'), token: textIn(reply, 'token') }
}

const members: ChangeCase[] = [
  {
    method: 'POST',
    template: /:organizationId\/invitations$/,
    events: ['member-invited'],
    prepare: async ({ organizationId }) => ({
      params: { organizationId },
      body: { email: `${randomUUID()}@example.com` },
    }),
  },
  {
    method: 'DELETE',
    template: /invitations\/:invitationId$/,
    events: ['member-invitation-revoked'],
    prepare: async (world) => {
      const { invitationId } = await invite(world)
      return { params: { organizationId: world.organizationId, invitationId } }
    },
  },
  {
    method: 'POST',
    template: /invitation\/accept$/,
    events: ['user-created', 'member-invitation-accepted'],
    prepare: async (world) => {
      const { token } = await invite(world)
      return { token: null, body: { token, password: 'correct horse battery', name: 'Grace' } }
    },
  },
  {
    method: 'PATCH',
    template: /organizations\/:organizationId\/memberships\/:membershipId$/,
    events: ['member-updated'],
    prepare: async (world) => ({
      params: { organizationId: world.organizationId, membershipId: (await world.person()).membershipId },
      body: { role: 'no-access' },
    }),
  },
  {
    method: 'DELETE',
    template: /organizations\/:organizationId\/memberships\/:membershipId$/,
    events: ['member-removed'],
    prepare: async (world) => ({
      params: { organizationId: world.organizationId, membershipId: (await world.person()).membershipId },
    }),
  },
  {
    method: 'POST',
    template: /:membershipId\/password-reset$/,
    events: ['user-password-reset-link-created'],
    prepare: async (world) => ({
      params: { organizationId: world.organizationId, membershipId: (await world.person()).membershipId },
    }),
  },
]

const person: ChangeCase[] = [
  {
    method: 'POST',
    template: /v3\/auth\/login$/,
    events: ['user-login'],
    prepare: async (world) => {
      const { email, password } = await world.person()
      return { token: null, body: { email, password } }
    },
  },
  {
    method: 'POST',
    template: /v3\/auth\/select-organization$/,
    events: ['user-organization-selected'],
    prepare: async (world) => {
      const { email, password } = await world.person()
      const token = textIn(
        await world.call('POST', '/api/v3/auth/login', { email, password }, ''),
        'accessToken',
      )
      return { token, body: { organizationId: world.organizationId } }
    },
  },
  {
    method: 'POST',
    template: /v1\/auth\/logout$/,
    events: ['user-logout'],
    prepare: async ({ person: enter }) => ({ token: (await enter()).session }),
  },
  {
    method: 'DELETE',
    template: /users\/me\/sessions\/:sessionId$/,
    events: ['user-sessions-ended'],
    prepare: async ({ person: enter, call }) => {
      const { session } = await enter()
      const { body } = await call('GET', '/api/v2/users/me/sessions', undefined, session)
      return { token: session, params: { sessionId: (body as { id: string }[])[0]?.id ?? '' } }
    },
  },
  {
    method: 'DELETE',
    template: /users\/me\/sessions$/,
    events: ['user-sessions-ended'],
    prepare: async ({ person: enter }) => ({ token: (await enter()).session }),
  },
  {
    method: 'PATCH',
    template: /v1\/user$/,
    events: ['user-updated'],
    prepare: async ({ person: enter }) => ({ token: (await enter()).session, body: { name: 'Grace H' } }),
  },
  {
    method: 'POST',
    template: /users\/me\/password$/,
    events: ['user-password-changed'],
    prepare: async ({ person: enter }) => {
      const { session, password } = await enter()
      return { token: session, body: { oldPassword: password, newPassword: 'battery horse correct' } }
    },
  },
  {
    method: 'POST',
    template: /auth\/password-reset$/,
    events: ['user-password-reset'],
    prepare: async (world) => {
      const { membershipId } = await world.person()
      const path = `/api/v2/organizations/${world.organizationId}/memberships/${membershipId}/password-reset`
      const token = textIn(await world.call('POST', path), 'token')
      return {
        token: null,
        body: { token, password: 'battery horse correct', newPassword: 'battery horse correct' },
      }
    },
  },
]

export const peopleChanges = [...organization, ...members, ...person]
