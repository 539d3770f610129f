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
          return found.slice(0, search.limit)
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
    expect(searches[1]).toEqual({ organizationId, limit: 3, beforeId: 8 })
  })

  it('passes every filter on', async () => {
    const identityId = randomUUID()
    await get({
      requestId: 'r',
      identityId,
      event: 'kubernetes-login',
      outcome: 'denied',
      since: '2030-01-01T00:00:00Z',
      until: '2030-01-02T00:00:00+02:00',
    })
    expect(searches).toEqual([
      {
        organizationId,
        limit: 51,
        requestId: 'r',
        identityId,
        event: 'kubernetes-login',
        outcome: 'denied',
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
  ])('answers 422 to %j', async (query) => {
    const reply = await get(query)
    expect(reply.statusCode).toBe(422)
    expect(searches).toEqual([])
  })

  it('takes an empty parameter as absent', async () => {
    expect((await server.inject(`${path}?requestId=&identityId=&cursor=`)).statusCode).toBe(200)
    expect(searches).toEqual([{ organizationId, limit: 51 }])
  })

  it.each(['x', 'YmVmb3JlOg', Buffer.from('before:1 or 1=1').toString('base64url')])(
    'answers 400 to the cursor %j',
    async (cursor) => {
      expect((await get({ cursor })).statusCode).toBe(400)
      expect(searches).toEqual([])
    },
  )

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
