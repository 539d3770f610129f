import { randomUUID } from 'node:crypto'
import { auditLog, auditLogSettingsReply, auditLogsReply } from '@postern/api-contract/audit-logs'
import { bootstrapResponse } from '@postern/api-contract/bootstrap'
import { identityResponse } from '@postern/api-contract/identities'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApp, startTestApp } from '../test/start-test-app.ts'

let app: TestApp
let admin: string
let adminId: string
let organizationId: string
beforeAll(async () => {
  app = await startTestApp({ auditRetentionDays: 90 })
  const bootstrapped = await app.call('POST', '/api/v1/admin/bootstrap', {
    body: { email: 'ada@example.com', password: 'correct horse battery', organization: 'Acme' },
  })
  const { identity, organization } = bootstrapResponse.parse(bootstrapped.body)
  ;[admin, adminId, organizationId] = [identity.credentials.token, identity.id, organization.id]
})
afterAll(() => app.close())

const settingsPath = '/api/v1/audit-logs/settings'
const as = (token: string | undefined, method: string, path: string, body?: unknown) =>
  app.call(method, path, { token, body })

async function createIdentity(role = 'no-access'): Promise<string> {
  const reply = await as(admin, 'POST', '/api/v1/identities', { name: 'ci', organizationId, role })
  return identityResponse.parse(reply.body).identity.id
}
/** A token of an identity with this role, by Universal Auth. */
async function tokenOf(role: string): Promise<string> {
  const path = `/api/v1/auth/universal-auth/identities/${await createIdentity(role)}`
  const read = await as(admin, 'GET', path)
  const secret = await as(admin, 'POST', `${path}/client-secrets`, {})
  const body = {
    clientId: (read.body as { identityUniversalAuth: { clientId: string } }).identityUniversalAuth.clientId,
    clientSecret: (secret.body as { clientSecret: string }).clientSecret,
  }
  const login = await app.call('POST', '/api/v1/auth/universal-auth/login', { body })
  return (login.body as { accessToken: string }).accessToken
}
async function list(query: string) {
  return auditLogsReply.parse((await as(admin, 'GET', `/api/v1/audit-logs?${query}`)).body)
}
async function retentionOf(): Promise<unknown> {
  return auditLogSettingsReply.parse((await as(admin, 'GET', settingsPath)).body).settings
}

describe('the audit log over HTTP', () => {
  it('finds by what an event is about, who caused it, and what it was', async () => {
    const identityId = await createIdentity()
    await as(admin, 'PATCH', `/api/v1/identities/${identityId}`, { isDisabled: true })
    const names = async (query: string) => (await list(query)).auditLogs.map(({ event }) => event)
    expect(await names(`target=${identityId}&event=identity-created,identity-disabled`)).toEqual([
      'identity-disabled',
      'identity-created',
    ])
    expect(await names(`identityId=${identityId.toUpperCase()}&event=identity-created`)).toEqual([
      'identity-created',
    ])
    expect(await names(`actorId=${adminId}&actorKind=identity&target=${identityId}&limit=1`)).toEqual([
      'identity-disabled',
    ])
    expect(await names(`target=${identityId}&ipAddress=::ffff:127.0.0.1&outcome=denied`)).toEqual([])
    expect(await names(`target=${identityId}&until=2020-01-01T00:00:00Z`)).toEqual([])
    expect(await names(`target=${randomUUID()}`)).toEqual([])
  })

  it('pages without repeating an event while new ones come', async () => {
    await Promise.all(Array.from({ length: 5 }, () => createIdentity()))
    const seen: string[] = []
    let cursor: string | null = ''
    for (let page = 0; page < 3 && cursor !== null; page += 1) {
      const found = await list(`event=identity-created&limit=2&cursor=${cursor}`)
      seen.push(...found.auditLogs.map(({ id }) => id))
      cursor = found.nextCursor
      await createIdentity()
    }
    expect(seen.length).toBe(6)
    expect(new Set(seen).size).toBe(6)
  })

  it('streams lines to whoever asks for them', async () => {
    const reply = await fetch(`${app.url}/api/v1/audit-logs?event=identity-created`, {
      headers: { authorization: `Bearer ${admin}`, accept: 'application/x-ndjson' },
    })
    expect(reply.headers.get('content-type')).toBe('application/x-ndjson')
    const lines = (await reply.text()).trimEnd().split('\n')
    const events = lines.map((line) => auditLog.parse(JSON.parse(line)))
    expect(events.length).toBeGreaterThan(5)
    expect(new Set(events.map(({ event }) => event))).toEqual(new Set(['identity-created']))
  })
})

describe('the retention of audit events over HTTP', () => {
  it('is neither read nor changed without a token', async () => {
    expect((await as(undefined, 'GET', settingsPath)).status).toBe(401)
    expect((await as(undefined, 'PATCH', settingsPath, { retentionDays: 7 })).status).toBe(401)
  })

  it('T17: is neither read nor changed without the right, and the attempt is written down', async () => {
    const member = await tokenOf('member')
    expect(await as(member, 'GET', settingsPath)).toMatchObject({
      status: 403,
      body: { details: { action: 'read', subject: 'audit-log' } },
    })
    const refused = await as(member, 'PATCH', settingsPath, { retentionDays: 7 })
    expect(refused).toMatchObject({
      status: 403,
      body: { details: { action: 'edit', subject: 'organization' } },
    })
    const { auditLogs } = await list('event=audit-retention-changed&outcome=denied')
    expect(auditLogs).toMatchObject([
      { reason: 'permission-denied', requestId: refused.headers.get('x-request-id') },
    ])
  })

  it.each([{}, { retentionDays: 6 }, { retentionDays: 7.5 }, { retentionDays: '30' }])(
    'is 422 for %j',
    async (body) => {
      expect((await as(admin, 'PATCH', settingsPath, body)).status).toBe(422)
    },
  )

  it('is no longer than the instance’s', async () => {
    expect(await as(admin, 'PATCH', settingsPath, { retentionDays: 91 })).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('90 days') },
    })
    expect(await retentionOf()).toEqual({
      retentionDays: null,
      effectiveRetentionDays: 90,
      retentionDaysMax: 90,
    })
  })

  it('is what the organization chose, until it chooses nothing again', async () => {
    await as(admin, 'PATCH', settingsPath, { retentionDays: 30 })
    expect(await retentionOf()).toEqual({
      retentionDays: 30,
      effectiveRetentionDays: 30,
      retentionDaysMax: 90,
    })
    await as(admin, 'PATCH', settingsPath, { retentionDays: null })
    expect(await retentionOf()).toMatchObject({ retentionDays: null, effectiveRetentionDays: 90 })
    const { auditLogs } = await list('event=audit-retention-changed&outcome=success')
    expect(auditLogs.map(({ details }) => details)).toEqual([
      { retentionDays: null, before: 30 },
      { retentionDays: 30, before: null },
    ])
  })
})
