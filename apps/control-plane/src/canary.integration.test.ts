import { randomBytes } from 'node:crypto'
import { createClientSecretReply, universalAuthReply } from '@postern/api-contract/universal-auth'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  type PosternWithCluster,
  startPosternWithCluster,
} from './kubernetes-auth/test/postern-with-cluster.ts'
import { type Metrics, createMetrics } from './observability/metrics.ts'
import type { CallOptions, Reply } from './test/start-test-app.ts'

// T31: everything that is secret goes through the whole program, in and out of its place; then it is looked for in
// everything that the program wrote down or said to somebody who was refused.

const random = (): string => randomBytes(15).toString('hex')
const segment = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const password = `Canary-${random()}`

let postern: PosternWithCluster
let metrics: Metrics
/** By what they are. */
const canaries = new Map<string, string>([['password', password]])
const refusals: string[] = []
beforeAll(async () => {
  metrics = createMetrics({ version: '0.0.0', withProcessMetrics: false })
  const observers = {
    request: (finished: Parameters<Metrics['observeRequest']>[0]) => metrics.observeRequest(finished),
    login: ({ authMethod, outcome, reason }: ObservedLogin) =>
      metrics.observeLogin(authMethod, outcome, reason),
    auditLog: metrics.auditLog,
    tunnels: metrics.tunnels,
    reviews: metrics.reviews,
  }
  postern = await startPosternWithCluster({}, { observers }, { email: 'canary@example.com', password })
  canaries.set('the first token', postern.admin)
  canaries.set('the reviewer JWT', postern.reviewerJwt)
}, 60_000)
afterAll(() => postern.close())

interface ObservedLogin {
  authMethod: string
  outcome: 'success' | 'denied' | 'failed'
  reason?: string
}

function canary(name: string): string {
  const value = `canary${random()}`
  canaries.set(name, value)
  return value
}

async function call(method: string, path: string, options: CallOptions = {}): Promise<Reply> {
  const reply = await postern.app.call(method, path, options)
  if (reply.status >= 400) refusals.push(JSON.stringify([reply.body, [...reply.headers]]))
  return reply
}
const asAdmin = (method: string, path: string, body?: unknown): Promise<Reply> =>
  call(method, path, { token: postern.admin, body })

const loginPath = '/api/v1/auth/kubernetes-auth/login'
const universalPath = '/api/v1/auth/universal-auth'

async function sendTokens(identityId: string): Promise<void> {
  const forged = [
    segment({ alg: 'RS256', kid: canary('a header') }),
    segment({ sub: canary('a payload'), 'kubernetes.io': { namespace: canary('a claim') } }),
    canary('a signature'),
  ].join('.')
  const live = await postern.cluster.mintToken({ namespace: 'payments', name: 'api' })
  const expired = await postern.cluster.mintExpiredToken({ namespace: 'payments', name: 'api' })
  canaries.set('a forged token', forged)
  canaries.set('a live token', live)
  canaries.set('an expired token', expired)
  for (const jwt of [forged, live, expired, `${live}x`, live.slice(0, -20)]) {
    const login = await call('POST', loginPath, { body: { identityId, jwt } })
    if (login.status === 200) {
      canaries.set(
        `the access token ${canaries.size}`,
        z.object({ accessToken: z.string() }).parse(login.body).accessToken,
      )
    }
  }
  postern.cluster.misbehave({
    on: 'tokenreviews',
    how: { kind: 'status-field', value: { authenticated: false, error: `cannot take ${live}` } },
  })
  await call('POST', loginPath, { body: { identityId, jwt: live } })
  postern.cluster.behave()
  // In every place where somebody could paste it.
  await call('POST', loginPath, {
    body: { identityId: live.slice(0, 120), jwt: live, organizationSlug: live },
  })
  await call('POST', loginPath, { body: { identityId: live.slice(0, 120), jwt: live } })
  await call('POST', loginPath, { body: { identityId, jwt: live, [live]: live } })
  await call('POST', loginPath, { body: live, headers: { 'user-agent': live, 'x-request-id': live } })
  await call('GET', `/api/v1/audit-logs?requestId=${live}&cursor=${forged}`, { token: forged })
  await call('GET', `/api/v1/identities/${forged}`, { token: live })
  await call('GET', `/api/${forged}?token=${live}`, { headers: { cookie: `postern_session=${live}` } })
  await call('POST', '/api/v1/auth/token/renew', { body: { accessToken: live } })
  await call('POST', '/api/v1/auth/token/revoke', { body: { accessToken: forged } })
}

async function useClientSecrets(identityId: string): Promise<void> {
  const path = `${universalPath}/identities/${identityId}`
  await asAdmin('DELETE', path)
  const attached = universalAuthReply.parse((await asAdmin('POST', path, {})).body)
  const created = createClientSecretReply.parse((await asAdmin('POST', `${path}/client-secrets`, {})).body)
  const { clientId } = attached.identityUniversalAuth
  canaries.set('a client secret', created.clientSecret)
  const wrong = canary('a wrong client secret')
  for (const body of [
    { clientId, clientSecret: created.clientSecret },
    { clientId, clientSecret: wrong },
    { clientId: created.clientSecret, clientSecret: wrong },
    { clientId, clientSecret: created.clientSecret, organizationSlug: wrong },
  ]) {
    const login = await call('POST', `${universalPath}/login`, { body })
    if (login.status === 200) {
      canaries.set('a client’s token', z.object({ accessToken: z.string() }).parse(login.body).accessToken)
    }
  }
}

async function signIn(): Promise<void> {
  const email = 'canary@example.com'
  await call('POST', '/api/v3/auth/login', { body: { email, password: canary('a wrong password') } })
  await call('POST', '/api/v3/auth/login', { body: { email: canary('an address that is none'), password } })
  const login = await call('POST', '/api/v3/auth/login', { body: { email, password } })
  const { accessToken } = z.object({ accessToken: z.string() }).parse(login.body)
  canaries.set('a session before an organization', accessToken)
  const selected = await call('POST', '/api/v3/auth/select-organization', {
    token: accessToken,
    body: { organizationId: postern.organizationId },
  })
  const { token } = z.object({ token: z.string() }).parse(selected.body)
  canaries.set('a session', token)
  await call('GET', '/api/v1/audit-logs', { token })
  await call('PATCH', '/api/v2/users/me/password', {
    token,
    body: { oldPassword: canary('an old password'), newPassword: canary('a new password') },
  })
}

async function writeSecrets(): Promise<void> {
  const created = await asAdmin('POST', '/api/v1/projects', { projectName: 'Canary' })
  const { project } = z.object({ project: z.object({ id: z.string() }) }).parse(created.body)
  const place = { projectId: project.id, environment: 'dev', secretPath: '/' }
  const secretValue = canary('a secret value')
  const secretComment = canary('a secret comment')
  const path = '/api/v4/secrets/CANARY'
  expect((await asAdmin('POST', path, { ...place, secretValue, secretComment })).status).toBe(200)
  await asAdmin('POST', path, { ...place, secretValue, secretComment })
  const query = new URLSearchParams(place).toString()
  expect(JSON.stringify((await asAdmin('GET', `${path}?${query}`)).body)).toContain(secretValue)
  await asAdmin('PATCH', path, { ...place, secretValue: canary('a newer secret value') })
  await asAdmin('PATCH', path, { ...place, secretValue: { text: secretValue } })
  await asAdmin('GET', `${path}?${query}&version=${secretValue}`)
  await call('GET', `${path}?${query}`)
}

/** Every row of every table as text; what is binary in hexadecimal. */
async function dumpDatabase(): Promise<string> {
  const { kysely } = postern.app.database
  const tables = await kysely.introspection.getTables()
  const rows = await Promise.all(
    tables.map(async ({ name }) => {
      const found = await sql<{ row: string }>`select t::text as row from ${sql.table(name)} as t`.execute(
        kysely,
      )
      return found.rows.map(({ row }) => `${name}: ${row}`)
    }),
  )
  return rows.flat().join('\n')
}

/** A canary as a whole, and what could be left of one: each of its dotted parts, in the encodings that would carry it. */
function tracesOf(value: string): string[] {
  const parts = value.split('.').filter((part) => part.length >= 16)
  const pieces = parts.flatMap((part) => [part.slice(0, 16), part.slice(-24)])
  return pieces.flatMap((piece) => {
    const bytes = Buffer.from(piece)
    return [piece, bytes.toString('hex'), bytes.toString('base64').slice(0, 28), encodeURIComponent(piece)]
  })
}

function foundIn(text: string): string[] {
  return [...canaries].flatMap(([name, value]) =>
    tracesOf(value).some((trace) => text.includes(trace)) ? [name] : [],
  )
}

describe('T31: what is secret', () => {
  beforeAll(async () => {
    const identityId = await postern.createIdentity('member')
    await postern.attach(identityId)
    await sendTokens(identityId)
    await useClientSecrets(identityId)
    await signIn()
    await writeSecrets()
    await asAdmin('PATCH', `/api/v1/auth/kubernetes-auth/identities/${identityId}`, {
      tokenReviewerJwt: canary('a reviewer JWT that is none'),
    })
  }, 60_000)

  it('would be found: the search finds each canary where it is', () => {
    const everything = [...canaries.values()].join('\n')
    expect(foundIn(everything)).toEqual([...canaries.keys()])
    expect(canaries.size).toBeGreaterThan(20)
    expect(refusals.length).toBeGreaterThan(15)
  })

  it('is in no line of the log', () => {
    expect(postern.app.logs()).toContain('/api/v4/secrets/:secretName')
    expect(foundIn(postern.app.logs())).toEqual([])
  })

  it('is in no metric', async () => {
    const text = await metrics.render()
    expect(text).toContain('kubernetes-auth')
    expect(foundIn(text)).toEqual([])
  })

  it('is in no refusal', () => {
    expect(foundIn(refusals.join('\n'))).toEqual([])
  })

  it('is nowhere in the database in clear, the audit log included', async () => {
    const dump = await dumpDatabase()
    expect(dump).toContain('audit_events: ')
    expect(dump).toContain('universal-login')
    expect(dump).toContain('CANARY')
    expect(foundIn(dump)).toEqual([])
  })
})
