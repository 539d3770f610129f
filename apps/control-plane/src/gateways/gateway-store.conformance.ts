import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Gateway, GatewayStore } from './gateway-store.ts'

export interface GatewayStoreFixture {
  store: GatewayStore
  createOrganization(): Promise<string>
  /** An identity with a Kubernetes Auth that names the gateway. */
  attachIdentity(organizationId: string, gatewayId: string, name: string): Promise<string>
}

/** What every gateway store must do. */
export function describeGatewayStore(fixture: () => GatewayStoreFixture): void {
  async function created(organizationId: string, name: string): Promise<Gateway> {
    const outcome = await fixture().store.create({ organizationId, name })
    if (outcome.kind !== 'saved') throw new Error(`not created: ${outcome.kind}`)
    return outcome.gateway
  }

  describe('a gateway store', () => {
    it('creates a gateway that never connected and has no key', async () => {
      const organizationId = await fixture().createOrganization()
      const gateway = await created(organizationId, 'berlin')
      expect(gateway).toEqual({
        id: expect.any(String),
        organizationId,
        name: 'berlin',
        createdAt: expect.any(Date),
        updatedAt: expect.any(Date),
        lastConnectedAt: null,
        revokedAt: null,
        isEnrolled: false,
        attachedIdentityCount: 0,
        authMethod: 'token',
      })
      expect(await fixture().store.findGateway(gateway.id, organizationId)).toEqual(gateway)
    })

    it('takes a name once in an organization, and again in another', async () => {
      const organizationId = await fixture().createOrganization()
      await created(organizationId, 'berlin')
      expect(await fixture().store.create({ organizationId, name: 'berlin' })).toEqual({ kind: 'name-taken' })
      const other = await fixture().createOrganization()
      expect((await created(other, 'berlin')).organizationId).toBe(other)
    })

    it('gives a name that twenty ask for at once to one of them', async () => {
      const organizationId = await fixture().createOrganization()
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () => fixture().store.create({ organizationId, name: 'raced' })),
      )
      expect(outcomes.filter((outcome) => outcome.kind === 'saved')).toHaveLength(1)
    })

    it('lists the gateways of one organization in the order of their creation', async () => {
      const organizationId = await fixture().createOrganization()
      await created(await fixture().createOrganization(), 'foreign')
      for (const name of ['c', 'a', 'b']) await created(organizationId, name)
      const names = (await fixture().store.list(organizationId)).map((gateway) => gateway.name)
      expect(names).toEqual(['c', 'a', 'b'])
    })

    it('renames, but not to a name that is taken', async () => {
      const organizationId = await fixture().createOrganization()
      const gateway = await created(organizationId, 'old')
      await created(organizationId, 'taken')
      const { store } = fixture()
      expect(await store.rename(gateway.id, organizationId, 'new')).toMatchObject({
        kind: 'saved',
        gateway: { id: gateway.id, name: 'new' },
      })
      expect(await store.rename(gateway.id, organizationId, 'taken')).toEqual({ kind: 'name-taken' })
      expect((await store.findGateway(gateway.id, organizationId))?.name).toBe('new')
    })

    it('revokes once: a second time keeps the first time', async () => {
      const organizationId = await fixture().createOrganization()
      const gateway = await created(organizationId, 'berlin')
      const at = new Date('2026-11-22T12:00:00Z')
      const { store } = fixture()
      expect((await store.revoke(gateway.id, organizationId, at))?.revokedAt).toEqual(at)
      const again = await store.revoke(gateway.id, organizationId, new Date(at.getTime() + 1000))
      expect(again?.revokedAt).toEqual(at)
    })

    it('deletes', async () => {
      const organizationId = await fixture().createOrganization()
      const gateway = await created(organizationId, 'berlin')
      const { store } = fixture()
      expect(await store.delete(gateway.id, organizationId)).toEqual({ kind: 'deleted', gateway })
      expect(await store.findGateway(gateway.id, organizationId)).toBeUndefined()
      expect(await store.delete(gateway.id, organizationId)).toEqual({ kind: 'not-found' })
    })

    it('does not delete what a Kubernetes Auth names, and says which identities do', async () => {
      const organizationId = await fixture().createOrganization()
      const gateway = await created(organizationId, 'berlin')
      const { store } = fixture()
      const second = await fixture().attachIdentity(organizationId, gateway.id, 'web')
      const first = await fixture().attachIdentity(organizationId, gateway.id, 'api')
      expect(await store.delete(gateway.id, organizationId)).toEqual({
        kind: 'in-use',
        identities: [
          { id: first, name: 'api' },
          { id: second, name: 'web' },
        ],
        gateways: [],
      })
      expect((await store.findGateway(gateway.id, organizationId))?.attachedIdentityCount).toBe(2)
    })

    it('notes who is connected, never backwards, and leaves the others alone', async () => {
      const organizationId = await fixture().createOrganization()
      const [one, two, other] = [
        await created(organizationId, 'one'),
        await created(await fixture().createOrganization(), 'two'),
        await created(organizationId, 'other'),
      ]
      const { store } = fixture()
      const at = new Date('2026-11-22T12:00:00Z')
      await store.recordConnected([one.id, two.id], at)
      await store.recordConnected([one.id], new Date(at.getTime() - 1))
      await store.recordConnected([], at)
      for (const { id, organizationId } of [one, two]) {
        expect((await store.findGateway(id, organizationId))?.lastConnectedAt).toEqual(at)
      }
      expect((await store.findGateway(other.id, organizationId))?.lastConnectedAt).toBeNull()
    })

    it('T18 treats a gateway of another organization as unknown', async () => {
      const organizationId = await fixture().createOrganization()
      const gateway = await created(organizationId, 'berlin')
      const { store } = fixture()
      for (const other of [await fixture().createOrganization(), randomUUID()]) {
        expect(await store.findGateway(gateway.id, other)).toBeUndefined()
        expect(await store.rename(gateway.id, other, 'stolen')).toEqual({ kind: 'not-found' })
        expect(await store.delete(gateway.id, other)).toEqual({ kind: 'not-found' })
        expect(await store.revoke(gateway.id, other, new Date())).toBeUndefined()
      }
      expect(await store.findGateway(gateway.id, organizationId)).toEqual(gateway)
    })
  })
}
