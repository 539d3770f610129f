import { randomUUID } from 'node:crypto'
import {
  checkAuthResponse,
  listSessionsResponse,
  passwordLoginResponse,
  selectOrganizationResponse,
  sessionTokenResponse,
} from '@postern/api-contract/people'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type PosternWithPeople,
  selectPath,
  signInPath,
  startPosternWithPeople,
} from './test/postern-with-people.ts'

let postern: PosternWithPeople
beforeAll(async () => {
  postern = await startPosternWithPeople()
})
afterAll(() => postern.close())

const ownOrigin = { origin: 'https://postern.example.com' }

function tokenIn(reply: { headers: Headers }): string {
  const [, token] = /^postern_session=(pst_[\w-]{43});/.exec(reply.headers.get('set-cookie') ?? '') ?? []
  if (token === undefined) throw new Error('no session cookie')
  return token
}

const routes: [method: string, path: string, body?: object][] = [
  ['POST', selectPath, { organizationId: randomUUID() }],
  ['POST', '/api/v1/auth/checkAuth'],
  ['POST', '/api/v1/auth/token'],
  ['POST', '/api/v1/auth/logout'],
  ['GET', '/api/v2/users/me/sessions'],
  ['DELETE', '/api/v2/users/me/sessions'],
  ['DELETE', `/api/v2/users/me/sessions/${randomUUID()}`],
  ['GET', '/api/v1/user'],
  ['PATCH', '/api/v1/user', { name: 'Eve' }],
  ['POST', '/api/v2/users/me/password', { oldPassword: 'x', newPassword: 'correct horse' }],
]

describe.each(routes)('%s %s', (method, path, body) => {
  it('is 401 without a session, by a machine’s token, and by a session that is over', async () => {
    const over = (await postern.addPerson('member')).token
    await postern.call('POST', '/api/v1/auth/logout', over)
    for (const token of [undefined, postern.machine, over, 'pst_x', `pst_${'A'.repeat(43)}`]) {
      expect(await postern.call(method, path, token, body)).toMatchObject({
        status: 401,
        body: { error: 'Unauthorized' },
      })
    }
  })

  it('is 403 as a change by cookie from elsewhere', async () => {
    const { token } = await postern.addPerson('member')
    const cookie = `postern_session=${token.slice(token.lastIndexOf('.') + 1)}`
    const reply = await postern.call(method, path, undefined, body, {
      cookie,
      origin: 'https://evil.example.com',
    })
    expect(reply.status).toBe(method === 'GET' ? 200 : 403)
  })
})

describe('a sign-in', () => {
  it('is refused alike for a wrong password and for an address that nobody has', async () => {
    const { email } = await postern.addPerson('member')
    const wrong = await postern.call('POST', signInPath, undefined, { email, password: 'not the password' })
    const unknown = await postern.call('POST', signInPath, undefined, {
      email: 'nobody@example.com',
      password: 'not the password',
    })
    const odd = await postern.call('POST', signInPath, undefined, { email: 'no address', password: 'x' })
    const nul = await postern.call('POST', signInPath, undefined, { email: `${email}\0`, password: 'x' })
    for (const reply of [wrong, unknown, odd, nul]) {
      expect(reply).toMatchObject({
        status: 401,
        body: { error: 'Unauthorized', message: 'The e-mail address or the password is wrong' },
      })
      expect(reply.headers.get('set-cookie')).toBeNull()
      expect(await postern.auditOf(reply)).toEqual([
        { event: 'user-login', outcome: 'denied', reason: 'credentials-wrong', actor_kind: 'stranger' },
      ])
    }
  })

  it.each([
    [{}, ['email', 'password']],
    [{ email: 'a@example.com' }, ['password']],
    [{ email: 'a@example.com', password: '' }, ['password']],
    [{ email: 'a@example.com', password: 'x'.repeat(129) }, ['password']],
    [{ email: ['a@example.com'], password: 'x' }, ['email']],
    [{ email: 'a'.repeat(255), password: 'x' }, ['email']],
  ])('with %j is a 422 that names the field', async (body, fields) => {
    const reply = await postern.call('POST', signInPath, undefined, body)
    expect(reply).toMatchObject({
      status: 422,
      body: { message: fields.map((field) => expect.objectContaining({ path: [field] })) },
    })
  })

  it('takes the address in any case, sets a cookie that scripts cannot read, and is written down', async () => {
    const { email, password, userId } = await postern.addPerson('member')
    const body = { email: ` ${email.toUpperCase()} `, password }
    const reply = await postern.call('POST', signInPath, undefined, body)
    const { accessToken } = passwordLoginResponse.parse(reply.body)
    expect(reply.headers.get('set-cookie')).toBe(
      `postern_session=${tokenIn(reply)}; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax`,
    )
    expect(accessToken.endsWith(`.${tokenIn(reply)}`)).toBe(true)
    const hints: unknown = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
    expect(hints).toEqual({
      authTokenType: 'accessToken',
      userId,
      tokenVersionId: expect.any(String),
      exp: expect.closeTo(Date.now() / 1000 + 30 * 86_400, -2),
    })
    expect(await postern.auditOf(reply)).toEqual([
      { event: 'user-login', outcome: 'success', reason: null, actor_kind: 'user' },
    ])
  })

  it('never takes a password that differs in its accents or case, and takes one however its accents were typed', async () => {
    const email = `${randomUUID()}@example.com`
    const token = await postern.invite(email, 'member')
    await postern.call('POST', '/api/v1/invitation/accept', undefined, { token, password: 'Cafe\u0301 noir' })
    const statuses = []
    for (const password of ['cafe noir', 'CAF\u00c9 NOIR', 'Caf\u00e9 noir'])
      statuses.push((await postern.call('POST', signInPath, undefined, { email, password })).status)
    expect(statuses).toEqual([401, 401, 200])
  })

  it('of one too many sessions ends the one that was not used for longest', async () => {
    const person = await postern.addPerson('member')
    await sql`insert into user_sessions (user_id, token_hash, ip_address, user_agent, expires_at)
      select ${person.userId}, decode(md5(n::text), 'hex'), '', '', now() + interval '1 day'
        from generate_series(1, 49) as n`.execute(postern.app.database.kysely)
    await sql`update user_sessions set last_used_at = now() - interval '1 hour'
      where token_hash = decode(md5('7'), 'hex')`.execute(postern.app.database.kysely)
    const token = await postern.signIn(person)
    const sessions = listSessionsResponse.parse(
      (await postern.call('GET', '/api/v2/users/me/sessions', token)).body,
    )
    expect(sessions).toHaveLength(50)
    expect((await postern.call('POST', '/api/v1/auth/checkAuth', person.token)).status).toBe(200)
  })
})

describe('wrong passwords', () => {
  it('are limited for an account from one address, which locks nobody out elsewhere', async () => {
    const limited = await startPosternWithPeople({ trustedProxies: ['127.0.0.1'] })
    try {
      const person = await limited.addPerson('member')
      const attempt = (ip: string, { email, password }: { email: string; password: string }) =>
        limited.call('POST', signInPath, undefined, { email, password }, { 'x-forwarded-for': ip })
      const wrong = { ...person, password: 'not the password' }
      const attempts = await Promise.all(Array.from({ length: 12 }, () => attempt('203.0.113.1', wrong)))
      const statuses = attempts.map(({ status }) => status)
      expect(statuses.filter((status) => status === 401)).toHaveLength(10)
      expect(statuses.filter((status) => status === 429)).toHaveLength(2)
      const refused = await attempt('203.0.113.1', person)
      expect(refused).toMatchObject({ status: 429, body: { error: 'RateLimitExceeded' } })
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
      expect((await attempt('203.0.113.1', limited.admin)).status).toBe(200)
      expect((await attempt('203.0.113.2', person)).status).toBe(200)
      const rows = await limited.app.database.kysely
        .selectFrom('audit_events')
        .select('reason')
        .where('event', '=', 'user-login')
        .where('outcome', '=', 'denied')
        .where('organization_id', '=', limited.organizationId)
        .execute()
      expect(rows.filter(({ reason }) => reason === 'rate-limited')).toHaveLength(1)
    } finally {
      await limited.close()
    }
  })

  it('are limited for one address whatever the account; right ones never count', async () => {
    const limited = await startPosternWithPeople()
    try {
      for (let times = 0; times < 15; times += 1) await limited.signIn(limited.admin)
      const statuses = await Promise.all(
        Array.from({ length: 70 }, async () => {
          const body = { email: `${randomUUID()}@example.com`, password: 'x' }
          return (await limited.call('POST', signInPath, undefined, body)).status
        }),
      )
      expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(62)
      expect(statuses).toContain(429)
    } finally {
      await limited.close()
    }
  })
})

describe('selecting an organization', () => {
  it('T18 knows neither organizations of others nor those that do not exist, and then changes nothing', async () => {
    const person = await postern.addPerson('member')
    const token = await postern.signIn(person)
    const replies = []
    for (const organizationId of [randomUUID(), await postern.addOrganization(), 'x', '\u0000'])
      replies.push(await postern.call('POST', selectPath, token, { organizationId }))
    for (const reply of replies) {
      expect(reply).toMatchObject({
        status: 404,
        body: { message: 'There is no such organization among yours' },
      })
    }
    expect((await postern.call('POST', '/api/v1/auth/checkAuth', token)).status).toBe(200)
  })

  it('is needed before anything in it, gives a new token, and kills the old one', async () => {
    const person = await postern.addPerson('member')
    const unbound = await postern.signIn(person)
    const path = `/api/v1/identities?orgId=${postern.organizationId}`
    expect(await postern.call('GET', path, unbound)).toMatchObject({
      status: 401,
      body: { message: expect.stringContaining('Select an organization') },
    })
    const body = { organizationId: postern.organizationId.toUpperCase() }
    const reply = await postern.call('POST', selectPath, unbound, body)
    const { token } = selectOrganizationResponse.parse(reply.body)
    expect(reply.body).toMatchObject({ isMfaEnabled: false })
    expect(token.endsWith(tokenIn(reply))).toBe(true)
    expect((await postern.call('GET', path, token)).status).toBe(200)
    expect((await postern.call('GET', '/api/v1/user', unbound)).status).toBe(401)
    expect(await postern.auditOf(reply)).toEqual([
      { event: 'user-organization-selected', outcome: 'success', reason: null, actor_kind: 'user' },
    ])
  })

  it('twice at once with one token succeeds once', async () => {
    const token = await postern.signIn(await postern.addPerson('member'))
    const body = { organizationId: postern.organizationId }
    const replies = await Promise.all([1, 2, 3].map(() => postern.call('POST', selectPath, token, body)))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
  })
})

describe('a session', () => {
  it('says whose it is, and gives its token again to a page that has the cookie', async () => {
    const person = await postern.addPerson('member')
    const cookie = `postern_session=${person.token.slice(person.token.lastIndexOf('.') + 1)}`
    const checked = await postern.call('POST', '/api/v1/auth/checkAuth', undefined, undefined, {
      cookie,
      ...ownOrigin,
    })
    expect(checkAuthResponse.parse(checked.body)).toMatchObject({
      user: { id: person.userId, email: person.email, username: person.email },
      organizationId: postern.organizationId,
    })
    const again = await postern.call('POST', '/api/v1/auth/token', undefined, undefined, {
      cookie,
      ...ownOrigin,
    })
    const { token, organizationId } = sessionTokenResponse.parse(again.body)
    expect({ token, organizationId }).toEqual({ token: person.token, organizationId: postern.organizationId })
    expect((await postern.call('GET', '/api/v1/user', token)).status).toBe(200)
  })

  it('ends with the sign-out, its cookie too', async () => {
    const { token } = await postern.addPerson('member')
    const reply = await postern.call('POST', '/api/v1/auth/logout', token)
    expect(reply).toMatchObject({ status: 200 })
    expect(reply.headers.get('set-cookie')).toContain('postern_session=; Path=/; Max-Age=0;')
    expect((await postern.call('POST', '/api/v1/auth/checkAuth', token)).status).toBe(401)
    expect(await postern.auditOf(reply)).toMatchObject([{ event: 'user-logout', outcome: 'success' }])
  })

  it.each([
    ['was not used for 12 hours', sql`last_used_at = now() - interval '12 hours 1 second'`],
    ['is 30 days old', sql`expires_at = now()`],
  ])('that %s is over', async (_what, change) => {
    const { token, userId } = await postern.addPerson('member')
    await sql`update user_sessions set ${change} where user_id = ${userId}`.execute(
      postern.app.database.kysely,
    )
    expect((await postern.call('POST', '/api/v1/auth/checkAuth', token)).status).toBe(401)
  })

  it('that is used stays, and its use is kept to the minute', async () => {
    const { token, userId } = await postern.addPerson('member')
    const { kysely } = postern.app.database
    await sql`update user_sessions set last_used_at = now() - interval '11 hours' where user_id = ${userId}`.execute(
      kysely,
    )
    expect((await postern.call('POST', '/api/v1/auth/checkAuth', token)).status).toBe(200)
    const { rows } = await sql<{ age: number }>`
      select extract(epoch from now() - last_used_at)::int as age from user_sessions where user_id = ${userId}`.execute(
      kysely,
    )
    expect(rows[0]?.age).toBeLessThan(60)
  })

  it('is listed to its person alone, who ends it', async () => {
    const person = await postern.addPerson('member')
    const stranger = await postern.addPerson('admin')
    const other = await postern.select(await postern.signIn(person))
    const path = '/api/v2/users/me/sessions'
    const list = listSessionsResponse.parse((await postern.call('GET', path, person.token)).body)
    expect(list.map(({ isCurrent }) => isCurrent)).toEqual(expect.arrayContaining([false, true]))
    expect(list).toHaveLength(2)
    const otherId = list.find(({ isCurrent }) => !isCurrent)?.id ?? ''
    for (const id of [otherId, randomUUID(), 'x'])
      expect((await postern.call('DELETE', `${path}/${id}`, stranger.token)).status).toBe(404)
    const ended = await postern.call('DELETE', `${path}/${otherId}`, person.token)
    expect(ended).toMatchObject({ status: 200 })
    expect(await postern.auditOf(ended)).toMatchObject([{ event: 'user-sessions-ended' }])
    expect((await postern.call('GET', path, other)).status).toBe(401)
    expect((await postern.call('DELETE', `${path}/${otherId}`, person.token)).status).toBe(404)
  })

  it('ends all others of its person, and none of anybody else', async () => {
    const person = await postern.addPerson('member')
    const others = [await postern.signIn(person), await postern.signIn(person)]
    const reply = await postern.call('DELETE', '/api/v2/users/me/sessions', person.token)
    expect(reply).toMatchObject({ status: 200, body: { ended: 2 } })
    for (const token of others) expect((await postern.call('GET', '/api/v1/user', token)).status).toBe(401)
    expect((await postern.call('GET', '/api/v1/user', person.token)).status).toBe(200)
    expect((await postern.call('GET', '/api/v1/user', postern.admin.token)).status).toBe(200)
  })

  it('carries its person through the API as a machine’s token does, with the person’s rights', async () => {
    const member = await postern.addPerson('member')
    const body = { name: 'ci', organizationId: postern.organizationId }
    const denied = await postern.call('POST', '/api/v1/identities', member.token, body)
    expect(denied).toMatchObject({ status: 403, body: { error: 'PermissionDenied' } })
    const created = await postern.call('POST', '/api/v1/identities', postern.admin.token, body)
    expect(created.status).toBe(200)
    const rows = await postern.app.database.kysely
      .selectFrom('audit_events')
      .select(['actor_kind', 'actor_id', 'outcome'])
      .where(
        'request_id',
        'in',
        [denied, created].map(({ headers }) => headers.get('x-request-id') ?? ''),
      )
      .orderBy('id')
      .execute()
    expect(rows).toEqual([
      { actor_kind: 'user', actor_id: member.userId, outcome: 'denied' },
      { actor_kind: 'user', actor_id: postern.admin.userId, outcome: 'success' },
    ])
  })
})
