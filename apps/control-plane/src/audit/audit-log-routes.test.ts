import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApiError } from '../http/api-error.ts'
import { type HttpServer, createHttpServer } from '../http/http-server.ts'
import { identityActor } from '../permissions/test/actor-fixtures.ts'
import type { AuditSearch, StoredAuditEvent } from './audit-event-store.ts'
import { registerAuditLogRoutes } from './audit-log-routes.ts'

const path = '/api/v1/audit-logs'
const organizationId = randomUUID()

const stored = (id: number): StoredAuditEvent => ({
  id,
  occurredAt: new Date('2030-01-02T03:04:05.678Z'),
  organizationId,
  requestId: `request-${String(id)}`,
  event: 'kubernetes-login',
  outcome: 'denied',
  reason: 'token-expired',
  actor: { kind: 'stranger', id: null },
  identityId: null,
  projectId: null,
  ipAddress: '198.51.100.1',
  details: { namespace: 'shop' },
})

describe('the audit log’s route', () => {
  let server: HttpServer
  let role: string | undefined
  let searches: AuditSearch[]
  let found: StoredAuditEvent[]
  beforeEach(async () => {
    role = 'admin'
    searches = []
    found = []
    server = await createHttpServer({
      trustedProxies: [],
      strangerRequestsPerMinute: 0,
      logger: pino({ level: 'silent' }),
    })
    registerAuditLogRoutes(server, {
      async authenticate() {
        if (role === undefined) throw new ApiError('Unauthorized', 'who are you')
        return identityActor({ organizationId, role })
      },
      events: {
        async find(search) {
          searches.push(search)
          const { after, limit } = search
          const left = found.filter(({ id }) => after === undefined || id < after.id)
          return left.slice(0, limit)
        },
      },
    })
  })
  afterEach(() => server.close())
  const get = (query: Record<string, string> = {}) => server.inject({ method: 'GET', url: path, query })

  it('shows the actor’s organization’s events with their reasons explained', async () => {
    found = [stored(9)]
    const reply = await get()
    expect(reply.statusCode).toBe(200)
    expect(reply.json()).toEqual({
      auditLogs: [
        {
          id: '9',
          occurredAt: '2030-01-02T03:04:05.678Z',
          event: 'kubernetes-login',
          outcome: 'denied',
          reason: 'token-expired',
          reasonMeaning: expect.stringContaining('has expired'),
          actor: { kind: 'stranger', id: null },
          identityId: null,
          projectId: null,
          ipAddress: '198.51.100.1',
          requestId: 'request-9',
          details: { namespace: 'shop' },
        },
      ],
      nextCursor: null,
    })
    expect(searches).toEqual([{ organizationId, limit: 51 }])
  })

  it('shows an event whose reason this version does not know', async () => {
    found = [{ ...stored(9), reason: 'from-the-future' }]
    const reply = await get()
    expect(reply.json()).toMatchObject({ auditLogs: [{ reason: 'from-the-future', reasonMeaning: null }] })
  })

  it('pages by a cursor until nothing is left', async () => {
    found = [stored(9), stored(8), stored(7)]
    const first = (await get({ limit: '2' })).json<{ auditLogs: { id: string }[]; nextCursor: string }>()
    expect(first.auditLogs.map(({ id }) => id)).toEqual(['9', '8'])
    found = [stored(7)]
    const second = await get({ limit: '2', cursor: first.nextCursor })
    expect(second.json()).toMatchObject({ auditLogs: [{ id: '7' }], nextCursor: null })
    expect(searches[1]).toEqual({
      organizationId,
      limit: 3,
      after: { id: 8, occurredAt: stored(8).occurredAt },
    })
  })

  it('passes every filter on', async () => {
    const identityId = randomUUID()
    await get({
      requestId: 'r',
      identityId,
      projectId: identityId,
      target: identityId,
      actorKind: 'user',
      actorId: 'somebody',
      event: 'kubernetes-login,identity-created',
      outcome: 'denied',
      reason: 'token-expired',
      ipAddress: '::FFFF:192.0.2.1',
      since: '2030-01-01T00:00:00Z',
      until: '2030-01-02T00:00:00+02:00',
    })
    expect(searches).toEqual([
      {
        organizationId,
        limit: 51,
        requestId: 'r',
        identityId,
        projectId: identityId,
        target: identityId,
        actorKind: 'user',
        actorId: 'somebody',
        events: ['kubernetes-login', 'identity-created'],
        outcome: 'denied',
        reason: 'token-expired',
        ipAddress: '192.0.2.1',
        since: new Date('2030-01-01T00:00:00Z'),
        until: new Date('2030-01-01T22:00:00Z'),
      },
    ])
  })

  it.each<Record<string, string>>([
    { limit: '0' },
    { limit: '1001' },
    { limit: 'many' },
    { identityId: 'x' },
    { outcome: 'fine' },
    { since: 'yesterday' },
    // PostgreSQL takes no NUL.
    { requestId: 'a\0b' },
    { event: '\0' },
    { event: 'a,,b' },
    { event: 'x'.repeat(101) },
    { event: Array.from({ length: 51 }, () => 'a').join(',') },
    { target: 'x' },
    { projectId: 'x' },
    { actorKind: 'machine' },
    { reason: 'a\0b' },
    { actorId: '\ud800'.repeat(101) },
  ])('answers 422 to %j', async (query) => {
    const reply = await get(query)
    expect(reply.statusCode).toBe(422)
    expect(searches).toEqual([])
  })

  it('takes an empty parameter as absent', async () => {
    expect((await server.inject(`${path}?requestId=&identityId=&cursor=`)).statusCode).toBe(200)
    expect(searches).toEqual([{ organizationId, limit: 51 }])
  })

  it.each([
    'x',
    'YmVmb3JlOg',
    ...['after:2030-01-02T03:04:05.678Z:1 or 1=1', 'after:2030-99-02T03:04:05.678Z:1', 'after::1'].map(
      (text) => Buffer.from(text).toString('base64url'),
    ),
  ])('answers 400 to the cursor %j', async (cursor) => {
    expect((await get({ cursor })).statusCode).toBe(400)
    expect(searches).toEqual([])
  })

  it('takes an event named several times, and one parameter for many', async () => {
    await server.inject(`${path}?event=a&event=b`)
    expect(searches).toEqual([{ organizationId, limit: 51, events: ['a', 'b'] }])
  })

  describe('as lines', () => {
    const getLines = (query: Record<string, string> = {}, accept = 'text/html, application/x-ndjson;q=0.9') =>
      server.inject({ method: 'GET', url: path, query, headers: { accept } })

    it('streams every event that matches, a JSON object on each line', async () => {
      found = Array.from({ length: 1203 }, (_unused, index) => stored(1203 - index))
      const reply = await getLines({ outcome: 'denied' })
      expect(reply.headers['content-type']).toBe('application/x-ndjson')
      const lines = reply.body.trimEnd().split('\n')
      expect(lines).toHaveLength(1203)
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({ id: '1203', reasonMeaning: expect.any(String) })
      expect(searches.map(({ limit, after, outcome }) => [limit, after?.id, outcome])).toEqual([
        [500, undefined, 'denied'],
        [500, 704, 'denied'],
        [500, 204, 'denied'],
      ])
    })

    it('ends where the limit says, and is empty where nothing matches', async () => {
      expect((await getLines({ limit: '700' })).body).toBe('')
      found = Array.from({ length: 900 }, (_unused, index) => stored(900 - index))
      expect((await getLines({ limit: '700' })).body.trimEnd().split('\n')).toHaveLength(700)
    })

    it('is a page for whoever takes anything', async () => {
      expect((await getLines({}, '*/*')).json()).toEqual({ auditLogs: [], nextCursor: null })
    })

    it('is refused in the envelope', async () => {
      role = 'member'
      expect((await getLines()).json()).toMatchObject({ statusCode: 403 })
    })
  })

  it('is for admins', async () => {
    role = 'member'
    expect((await get()).json()).toMatchObject({ statusCode: 403, error: 'PermissionDenied' })
    role = 'no-access'
    expect((await get()).statusCode).toBe(403)
    role = undefined
    expect((await get()).statusCode).toBe(401)
    expect(searches).toEqual([])
  })
})
