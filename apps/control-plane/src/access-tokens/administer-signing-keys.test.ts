import { describe, expect, it } from 'vitest'
import type { AuditEvent } from '../audit/audit-event.ts'
import type { Commit } from '../database/commit.ts'
import { createAdministerSigningKeys } from './administer-signing-keys.ts'
import type { SigningKeyStore } from './signing-key-store.ts'
import { SigningKeys } from './signing-keys.ts'
import {
  createSettableClock,
  createSigningKeyStoreInMemory,
  encodingKeyring,
} from './test/access-token-fixtures.ts'

const dayMs = 86_400_000

async function open() {
  const clock = createSettableClock()
  const store = createSigningKeyStoreInMemory(clock)
  const recorded: AuditEvent[] = []
  const audit = { record: async (event: AuditEvent) => void recorded.push(event) }
  const commit: Commit<{ signingKeys: SigningKeyStore; audit: typeof audit }> = (change) =>
    change({ signingKeys: store, audit })
  const replica = async () => {
    const keys = await SigningKeys.open({ store, keyring: encodingKeyring, clock })
    const now = () => new Date(clock.nowMs())
    const told = { count: 0 }
    const onAdded = () => void (told.count += 1)
    const administration = createAdministerSigningKeys({ keys, commit, auditLog: audit, onAdded, now })
    return { keys, told, administration }
  }
  return { clock, recorded, one: await replica(), other: await replica() }
}

describe('the rotation of signing keys by age', () => {
  it('waits until the newest key is old, and is then done by one of all replicas, with an audit row', async () => {
    const { clock, recorded, one, other } = await open()
    clock.set(clock.nowMs() + 30 * dayMs - 1)
    expect(await one.administration.rotateByAge(30 * dayMs)).toBe(false)
    clock.set(clock.nowMs() + 1)
    expect(await one.administration.rotateByAge(30 * dayMs)).toBe(true)
    // The other one has not heard of the new key yet, and does not add a third.
    expect(await other.administration.rotateByAge(30 * dayMs)).toBe(false)
    expect([one.told.count, other.told.count]).toEqual([1, 0])
    expect([one.keys.published().length, other.keys.published().length]).toEqual([2, 2])
    expect(recorded).toMatchObject([
      { event: 'signing-key-rotated', outcome: 'success', actor: { kind: 'system' }, organizationId: null },
    ])
    expect(recorded[0]?.details).toEqual({ keyId: one.keys.described()[1]?.id })
  })
})
