import { signUpResponse } from '@postern/api-contract/bootstrap'
import { selectOrganizationResponse, sessionTokenResponse } from '@postern/api-contract/people'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type TestApp, startTestApp } from '../test/start-test-app.ts'
import { selectPath } from '../users/test/postern-with-people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

const path = '/api/v1/admin/signup'
const body = {
  email: 'ada@example.com',
  password: 'correct horse battery',
  firstName: 'Ada',
  lastName: 'Lovelace',
}

it.each([
  [{ ...body, email: 'ada' }, 'email'],
  [{ ...body, password: 'short' }, 'password'],
  [{ ...body, password: 'password123' }, 'password'],
  [{ ...body, firstName: ' ' }, 'firstName'],
])('a sign-up as %j is refused, and leaves the instance as it is', async (body, field) => {
  expect(await app.call('POST', path, { body })).toMatchObject({
    status: 422,
    body: { message: [expect.objectContaining({ path: [field] })] },
  })
})

it('the first person signs up, enters the organization, and has the token of the session again; nobody does so twice', async () => {
  const reply = await app.call('POST', path, { body })
  const { token, organization, user } = signUpResponse.parse(reply.body)
  expect(user).toMatchObject({ email: 'ada@example.com', name: 'Ada Lovelace', superAdmin: true })
  // As the official command line's own tests go on: with the token and the cookies.
  const selected = await app.call('POST', selectPath, {
    token,
    body: { organizationId: organization.id },
    headers: { cookie: (reply.headers.get('set-cookie') ?? '').split(';')[0] ?? '' },
  })
  const bound = selectOrganizationResponse.parse(selected.body).token
  const again = await app.call('POST', '/api/v1/auth/token', {
    token: bound,
    headers: { cookie: (selected.headers.get('set-cookie') ?? '').split(';')[0] ?? '' },
  })
  expect(sessionTokenResponse.parse(again.body)).toEqual({ token: bound, organizationId: organization.id })
  const created = await app.call('POST', '/api/v1/identities', {
    token: bound,
    body: { name: 'ci', organizationId: organization.id, role: 'admin' },
  })
  expect(created.status).toBe(200)
  expect(await app.call('POST', path, { body })).toMatchObject({ status: 400, body: { error: 'BadRequest' } })
  expect(
    (await app.call('POST', '/api/v1/admin/bootstrap', { body: { ...body, organization: 'x' } })).status,
  ).toBe(400)
})
