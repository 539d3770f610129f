import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { FirstRows, OrganizationStore } from './organization-store.ts'

/** What every organization store must do. Each test gets an empty instance. */
export function describeOrganizationStore(
  name: string,
  createEmptyStore: () => Promise<OrganizationStore>,
): void {
  describe(`${name}: organizations`, () => {
    let store: OrganizationStore
    beforeEach(async () => {
      store = await createEmptyStore()
    })
    const rowsOf = (name: string): FirstRows => ({
      organization: { id: randomUUID(), name, slug: name.toLowerCase(), wrappedKey: Buffer.alloc(8, 1) },
      user: { id: randomUUID(), email: `${name.toLowerCase()}@example.com`, passwordHash: '$argon2id$' },
      identity: { id: randomUUID(), name: 'Instance admin' },
    })

    it('a second bootstrap changes nothing', async () => {
      const first = rowsOf('First')
      const second = rowsOf('Second')
      expect(await store.bootstrap(first)).toBe('done')
      expect(await store.bootstrap(second)).toBe('already-bootstrapped')
      expect(await store.find(second.organization.id)).toBeUndefined()
      expect(await store.find(first.organization.id)).toEqual({
        id: first.organization.id,
        name: 'First',
        slug: 'first',
      })
    })

    it('of four bootstraps at once one is done', async () => {
      const outcomes = await Promise.all(
        ['One', 'Two', 'Three', 'Four'].map((name) => store.bootstrap(rowsOf(name))),
      )
      expect(outcomes.sort()).toEqual([
        'already-bootstrapped',
        'already-bootstrapped',
        'already-bootstrapped',
        'done',
      ])
    })

    it('a bootstrap that fails half-way leaves nothing behind', async () => {
      const rows = rowsOf('First')
      await expect(
        store.bootstrap({ ...rows, user: { ...rows.user, email: 'NOT-LOWER@example.com' } }),
      ).rejects.toThrow(/constraint/)
      expect(await store.isBootstrapped()).toBe(false)
      expect(await store.bootstrap(rows)).toBe('done')
      expect(await store.isBootstrapped()).toBe(true)
    })

    it('an unknown organization is not found', async () => {
      expect(await store.find(randomUUID())).toBeUndefined()
    })
  })
}
