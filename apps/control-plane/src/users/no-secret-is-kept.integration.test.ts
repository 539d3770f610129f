import { randomBytes } from 'node:crypto'
import { inviteMemberResponse, passwordResetResponse } from '@postern/api-contract/organizations'
import { changePasswordResponse } from '@postern/api-contract/people'
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { signInPath, startPosternWithPeople } from './test/postern-with-people.ts'

/** Every row of every table as text; bytes as they are where they are text, and in hexadecimal. */
async function everythingIn(postern: Awaited<ReturnType<typeof startPosternWithPeople>>): Promise<string> {
  const { kysely } = postern.app.database
  const { rows: tables } = await sql<{ name: string }>`
    select quote_ident(tablename) as name from pg_tables where schemaname = 'public'`.execute(kysely)
  const texts = await Promise.all(
    tables.map(async ({ name }) => {
      const { rows } = await sql<{
        text: string
      }>`select row_to_json(t)::text as text from ${sql.raw(name)} t`.execute(kysely)
      return rows.map(({ text }) => text).join('\n')
    }),
  )
  return texts.join('\n')
}

it('T31 passwords and the tokens of sessions, invitations and links are in no log, no audit row and nowhere in the database', async () => {
  const postern = await startPosternWithPeople()
  try {
    const canary = (what: string): string => `${what} canary ${randomBytes(9).toString('base64url')}`
    const secrets: string[] = []
    const keep = (secret: string): string => {
      secrets.push(secret)
      return secret
    }
    const organization = `/api/v1/organization/${postern.organizationId}`
    const email = 'grace@example.com'
    const password = keep(canary('first'))
    const invited = await postern.call('POST', `${organization}/invitations`, postern.admin.token, {
      email,
      role: 'member',
    })
    const invitation = keep(inviteMemberResponse.parse(invited.body).token)
    await postern.call('GET', '/api/v1/invitation', invitation)
    await postern.call('GET', `/api/v1/invitation?token=${invitation}`)
    await postern.call('POST', '/api/v1/invitation/accept', undefined, {
      token: invitation,
      password: 'short',
    })
    await postern.call('POST', '/api/v1/invitation/accept', undefined, {
      token: invitation,
      password,
      name: 'Grace',
    })
    await postern.call('POST', '/api/v1/invitation/accept', undefined, { token: invitation, password })

    // A password in the wrong field, and wrong ones in the right field.
    await postern.call('POST', signInPath, undefined, {
      email: keep(canary('mistaken')).toLowerCase(),
      password,
    })
    await postern.call('POST', signInPath, undefined, { email, password: keep(canary('wrong')) })
    await postern.call('POST', signInPath, undefined, { email, password: [keep(canary('malformed'))] })
    const unbound = keep(await postern.signIn({ email, password }))
    const token = keep(await postern.select(unbound))
    await postern.call('GET', `/api/v1/user?token=${token}`, unbound)
    await postern.call('POST', '/api/v1/auth/checkAuth', token)
    await postern.call('POST', '/api/v1/auth/token', token)
    await postern.call('GET', '/api/v2/users/me/sessions', token)

    const newPassword = keep(canary('second'))
    const wrong = { oldPassword: keep(canary('guess')), newPassword }
    await postern.call('POST', '/api/v2/users/me/password', token, wrong)
    const changed = await postern.call('POST', '/api/v2/users/me/password', token, {
      oldPassword: password,
      newPassword,
    })
    const rotated = keep(changePasswordResponse.parse(changed.body).token)

    const { membershipId } = await membershipOf(rotated)
    const path = `/api/v2/organizations/${postern.organizationId}/memberships/${membershipId}/password-reset`
    const link = keep(
      passwordResetResponse.parse((await postern.call('POST', path, postern.machine)).body).token,
    )
    const reset = { token: link, newPassword: keep(canary('third')) }
    expect((await postern.call('POST', '/api/v1/auth/password-reset', undefined, reset)).status).toBe(200)
    await postern.call('POST', '/api/v1/auth/password-reset', undefined, reset)

    async function membershipOf(token: string): Promise<{ membershipId: string }> {
      const list = `/api/v2/organizations/${postern.organizationId}/memberships?search=${email}`
      const { users } = (await postern.call('GET', list, token)).body as { users: { id: string }[] }
      return { membershipId: users[0]?.id ?? '' }
    }

    const kept = [await everythingIn(postern), postern.app.logs()].join('\n').toLowerCase()
    const inHexadecimal = (secret: string): string => Buffer.from(secret).toString('hex')
    for (const secret of secrets) {
      // Of a session's token only the last part is secret.
      const plain = secret.slice(secret.lastIndexOf('.') + 1)
      for (const form of [plain, inHexadecimal(plain)])
        expect(kept.includes(form.toLowerCase()), `${secret.slice(0, 12)}… is kept`).toBe(false)
    }
    // It would be seen: what is no secret is there.
    expect(kept).toContain(email)
    expect(kept).toContain('argon2id')
  } finally {
    await postern.close()
  }
})
