import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { AuditEvent } from './audit-event.ts'
import type { AuditEventStore, AuditSearch } from './audit-event-store.ts'
import { encodeAuditEvent } from './encode-audit-event.ts'

/** What every store of audit events must do. */
export function describeAuditEventStore(storeOf: () => AuditEventStore): void {
  function eventIn(organizationId: string | null, change: Partial<AuditEvent> = {}): AuditEvent {
    return {
      occurredAt: new Date(),
      organizationId,
      requestId: randomUUID(),
      event: 'kubernetes-login',
      outcome: 'success',
      actor: { kind: 'stranger' },
      details: {},
      ...change,
    }
  }
  async function append(...events: AuditEvent[]): Promise<void> {
    expect(await storeOf().append(events.map(encodeAuditEvent))).toEqual({ kind: 'committed' })
  }
  async function requestIdsOf(search: Partial<AuditSearch> & { organizationId: string }): Promise<string[]> {
    const found = await storeOf().find({ limit: 100, ...search })
    return found.map(({ requestId }) => requestId)
  }

  describe('an audit event store', () => {
    it('gives back everything that an event says', async () => {
      const organizationId = randomUUID()
      const event = eventIn(organizationId, {
        outcome: 'denied',
        reason: 'namespace-not-allowed',
        actor: { kind: 'identity', id: randomUUID() },
        identityId: randomUUID(),
        projectId: randomUUID(),
        ipAddress: '2001:db8::1',
        details: { text: 'ünïcode "quoted" \\ {a,b} 💥 \\u0000', list: [1, null, true], nested: { a: 'b' } },
      })
      await append(event)
      expect(await storeOf().find({ organizationId, limit: 1 })).toEqual([
        { ...event, id: expect.any(Number) },
      ])
    })

    it('gives back what an event leaves out as null', async () => {
      const organizationId = randomUUID()
      await append(eventIn(organizationId))
      expect(await storeOf().find({ organizationId, limit: 1 })).toEqual([
        expect.objectContaining({
          reason: null,
          actor: { kind: 'stranger', id: null },
          identityId: null,
          projectId: null,
          ipAddress: null,
          details: {},
        }),
      ])
    })

    it('stores texts that no database takes, with the offending characters replaced', async () => {
      const organizationId = randomUUID()
      const requestId = `${randomUUID()}\0\ud800`
      await append(
        eventIn(organizationId, {
          requestId,
          details: { 'k\0': 'v\0\udc00', list: ['\0', { deep: '\0' }], nested: { x: '\ud83d' } },
        }),
      )
      const [stored] = await storeOf().find({ organizationId, limit: 1 })
      expect(stored?.requestId).toBe(`${requestId.slice(0, 36)}\ufffd\ufffd`)
      expect(stored?.details).toEqual({
        'k\ufffd': 'v\ufffd\ufffd',
        list: ['\ufffd', { deep: '\ufffd' }],
        nested: { x: '\ufffd' },
      })
    })

    it('keeps an event whose details are too long, without them', async () => {
      const organizationId = randomUUID()
      await append(eventIn(organizationId, { details: { text: 'x'.repeat(20_000) } }))
      const [stored] = await storeOf().find({ organizationId, limit: 1 })
      expect(stored?.details).toEqual({ detailsTooLong: 20_011 })
    })

    it('writes all rows of a batch or none', async () => {
      const organizationId = randomUUID()
      const rows = [eventIn(organizationId), eventIn(organizationId, { identityId: 'no uuid' })]
      expect(await storeOf().append(rows.map(encodeAuditEvent))).toMatchObject({ kind: 'row-refused' })
      expect(await requestIdsOf({ organizationId })).toEqual([])
    })

    it('shows the newest first, page by page', async () => {
      const organizationId = randomUUID()
      const events = Array.from({ length: 7 }, () => eventIn(organizationId))
      await append(...events.slice(0, 4))
      await append(...events.slice(4))
      const first = await storeOf().find({ organizationId, limit: 3 })
      const after = first.at(-1)
      const rest = await storeOf().find({ organizationId, limit: 10, ...(after && { after }) })
      expect([...first, ...rest].map(({ requestId }) => requestId)).toEqual(
        events.map(({ requestId }) => requestId).toReversed(),
      )
    })

    it('filters by identity, event, outcome, request and time', async () => {
      const organizationId = randomUUID()
      const identityId = randomUUID()
      const at = (minute: number) => new Date(Date.UTC(2030, 0, 1, 0, minute))
      const ofIdentity = eventIn(organizationId, { identityId, occurredAt: at(1) })
      const denied = eventIn(organizationId, {
        outcome: 'denied',
        reason: 'identity-disabled',
        occurredAt: at(2),
      })
      const created = eventIn(organizationId, { event: 'identity-created', occurredAt: at(3) })
      await append(ofIdentity, denied, created)
      expect(await requestIdsOf({ organizationId, identityId })).toEqual([ofIdentity.requestId])
      expect(await requestIdsOf({ organizationId, outcome: 'denied' })).toEqual([denied.requestId])
      expect(await requestIdsOf({ organizationId, events: ['identity-created'] })).toEqual([
        created.requestId,
      ])
      expect(await requestIdsOf({ organizationId, requestId: denied.requestId })).toEqual([denied.requestId])
      expect(await requestIdsOf({ organizationId, since: at(2) })).toEqual([
        created.requestId,
        denied.requestId,
      ])
      expect(await requestIdsOf({ organizationId, since: at(2), until: at(3) })).toEqual([denied.requestId])
      expect(await requestIdsOf({ organizationId, identityId, outcome: 'denied' })).toEqual([])
    })

    it('filters by actor, reason, address, several events, project and target', async () => {
      const organizationId = randomUUID()
      const [actorId, projectId, gatewayId, identityId] = [
        randomUUID(),
        randomUUID(),
        randomUUID(),
        randomUUID(),
      ]
      const ofProject = eventIn(organizationId, { details: { projectId } })
      const ofGateway = eventIn(organizationId, { event: 'gateway-renamed', details: { gatewayId, n: 1 } })
      const ofIdentity = eventIn(organizationId, {
        identityId,
        outcome: 'denied',
        reason: 'permission-denied',
        actor: { kind: 'user', id: actorId },
        ipAddress: '2001:db8::1',
        event: 'identity-updated',
      })
      const ofNobody = eventIn(organizationId, { details: { projectId: 'no uuid', list: [gatewayId] } })
      await append(ofProject, ofGateway, ofIdentity, ofNobody)
      for (const search of [
        { actorId },
        { actorKind: 'user' },
        { reason: 'permission-denied' },
        { ipAddress: '2001:db8::1' },
        { target: identityId },
      ]) {
        expect(await requestIdsOf({ organizationId, ...search })).toEqual([ofIdentity.requestId])
      }
      for (const search of [{ projectId }, { target: projectId }]) {
        expect(await requestIdsOf({ organizationId, ...search })).toEqual([ofProject.requestId])
      }
      expect(await requestIdsOf({ organizationId, target: gatewayId })).toEqual([ofGateway.requestId])
      expect(await requestIdsOf({ organizationId, events: ['identity-updated', 'gateway-renamed'] })).toEqual(
        [ofIdentity.requestId, ofGateway.requestId],
      )
      expect(await requestIdsOf({ organizationId, actorId, events: ['gateway-renamed'] })).toEqual([])
    })

    it('neither repeats nor passes over an event while new ones come, whenever they say that they occurred', async () => {
      const organizationId = randomUUID()
      const at = (second: number) => new Date(Date.UTC(2030, 0, 1, 0, 0, second))
      const early = [5, 5, 5, 3, 1].map((second) => eventIn(organizationId, { occurredAt: at(second) }))
      await append(...early)
      const seen: string[] = []
      for (let page = await storeOf().find({ organizationId, limit: 2 }); page.length > 0;) {
        seen.push(...page.map(({ requestId }) => requestId))
        await append(...[9, 5, 4].map((second) => eventIn(organizationId, { occurredAt: at(second) })))
        const after = page.at(-1)
        page = await storeOf().find({ organizationId, limit: 2, ...(after && { after }) })
      }
      expect(new Set(seen).size).toBe(seen.length)
      expect(early.every(({ requestId }) => seen.includes(requestId))).toBe(true)
    })

    it('shows no organization another’s events, even by request id', async () => {
      const [organizationId, other] = [randomUUID(), randomUUID()]
      const event = eventIn(other)
      await append(event)
      expect(await requestIdsOf({ organizationId })).toEqual([])
      expect(await requestIdsOf({ organizationId, requestId: event.requestId })).toEqual([])
    })

    it('shows an event of no organization to whoever knows its request id, and in no list', async () => {
      const organizationId = randomUUID()
      const identityId = randomUUID()
      const event = eventIn(null, { outcome: 'denied', reason: 'identity-unknown', identityId })
      await append(event)
      expect(await requestIdsOf({ organizationId })).toEqual([])
      expect(await requestIdsOf({ organizationId, identityId })).toEqual([])
      expect(await requestIdsOf({ organizationId, requestId: event.requestId })).toEqual([event.requestId])
    })
  })
}
