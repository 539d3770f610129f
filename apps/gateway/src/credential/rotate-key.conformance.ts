import { createPublicKey, verify } from 'node:crypto'
import { rotationProofText } from '@postern/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { CredentialKeeper } from './credential-keeper.ts'
import type { StoreUnderTest } from './credential-store.conformance.ts'
import { boundRecord } from './credential-store.conformance.ts'
import type { CredentialStore } from './credential-store.ts'
import { CredentialStoreError } from './credential-store.ts'
import { keyIdOf } from './gateway-key.ts'
import { createKeyRotation, type KeyRotation, type RotationStart } from './rotate-key.ts'

const log = { info: () => undefined, warn: () => undefined }

interface Process {
  keeper: CredentialKeeper
  rotation: KeyRotation
}

/** Knows one key; told of another, it knows only that, with no time for the old one: stricter than the real one. */
class ControlPlane {
  keyId: string
  announced = 0

  constructor(keyId: string) {
    this.keyId = keyId
  }

  announce(start: RotationStart, from: string, gatewayId: string): 'rotated' | 'refused' {
    if (start.kind !== 'announce') return 'refused'
    this.announced += 1
    const x = Buffer.from(start.publicKey).toString('base64url')
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    const text = rotationProofText(gatewayId, from, start.keyId)
    if (!verify(null, Buffer.from(text), key, start.proof)) return 'refused'
    if (this.keyId !== from && this.keyId !== start.keyId) return 'refused'
    this.keyId = start.keyId
    return 'rotated'
  }

  /** As a dial would find out. */
  async connect(keeper: CredentialKeeper): Promise<boolean> {
    for (;;) {
      await keeper.reread()
      const { keyId } = keeper.current
      if (keyId === this.keyId) {
        await keeper.proved(keyId)
        return true
      }
      if (!(await keeper.replaceRefused(keyId))) return false
    }
  }
}

/** The store, which ends the process at its `left`-th use. */
function dyingAfter(store: CredentialStore, left: number): CredentialStore {
  const step = <T>(work: () => Promise<T>): Promise<T> =>
    left-- > 0 ? work() : Promise.reject(new RangeError('killed'))
  return {
    place: store.place,
    read: () => step(() => store.read()),
    write: (record, revision) => step(() => store.write(record, revision)),
  }
}

async function startProcess(store: CredentialStore, now = new Date()): Promise<Process> {
  const { record } = await store.read()
  if (record?.phase !== 'bound') throw new Error('the store holds no credential')
  const keeper = new CredentialKeeper({ store, credential: record.credential, log })
  return { keeper, rotation: createKeyRotation({ store, keeper, now: () => now }) }
}

/** The key id that the store holds, and whether a next key is beside it. */
async function stored(store: CredentialStore): Promise<{ keyId: string; hasNext: boolean }> {
  const { record } = await store.read()
  if (record?.phase !== 'bound') throw new Error('the store holds no credential')
  const { keyId, privateKey } = record.credential
  if (keyId !== keyIdOf(privateKey)) throw new Error('the key is not that of its id')
  return { keyId, hasNext: record.next !== undefined }
}

async function rotate({ keeper, rotation }: Process, controlPlane: ControlPlane): Promise<RotationStart> {
  const { keyId, gatewayId } = keeper.current
  const start = await rotation.begin(keyId)
  if (start.kind !== 'announce') return start
  const answer = controlPlane.announce(start, keyId, gatewayId)
  await (answer === 'rotated' ? rotation.confirm(start.keyId) : rotation.abandon(start.keyId))
  return start
}

/** What a rotation does on every store. `make` provides an empty place. */
export function describeKeyRotation(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`key rotation in ${name}`, () => {
    const closing: StoreUnderTest[] = []
    afterEach(async () => {
      for (const place of closing.splice(0)) await place.close()
    })

    async function enrolled(): Promise<{ open: () => CredentialStore; controlPlane: ControlPlane }> {
      const place = await make()
      closing.push(place)
      const record = boundRecord()
      await place.open().write(record, (await place.open().read()).revision)
      return { open: place.open, controlPlane: new ControlPlane(record.credential.keyId) }
    }

    it('keeps the new key before it is announced, and the new one alone at the end', async () => {
      const { open, controlPlane } = await enrolled()
      const { keeper, rotation } = await startProcess(open())
      const before = keeper.current
      const start = await rotation.begin(before.keyId)
      expect(await stored(open())).toEqual({ keyId: before.keyId, hasNext: true })
      expect(keeper.current.keyId).toBe(before.keyId)
      expect(controlPlane.announce(start, before.keyId, before.gatewayId)).toBe('rotated')
      await rotation.confirm(start.kind === 'announce' ? start.keyId : '')
      expect(keeper.current.keyId).toBe(controlPlane.keyId)
      expect(await stored(open())).toEqual({ keyId: controlPlane.keyId, hasNext: false })
    })

    it('knows how old the key is, whichever process brought it, and not of one that was written down without', async () => {
      const { open, controlPlane } = await enrolled()
      const noon = new Date('2026-11-22T12:00:00Z')
      const first = await startProcess(open(), noon)
      expect(first.rotation.ageMs()).toBe(0)
      await rotate(first, controlPlane)
      const anHourLater = new Date(noon.getTime() + 3_600_000)
      expect((await startProcess(open(), anHourLater)).rotation.ageMs()).toBe(3_600_000)
    })

    it('forgets a key that was refused', async () => {
      const { open } = await enrolled()
      const process = await startProcess(open())
      const { keyId } = process.keeper.current
      await rotate(process, new ControlPlane('another'))
      expect(await stored(open())).toEqual({ keyId, hasNext: false })
      expect(process.keeper.current.keyId).toBe(keyId)
    })

    it('announces the same key again when there was no answer', async () => {
      const { open, controlPlane } = await enrolled()
      const first = await startProcess(open())
      const { keyId } = first.keeper.current
      const unanswered = await first.rotation.begin(keyId)
      const again = await rotate(await startProcess(open()), controlPlane)
      expect(again).toMatchObject({ kind: 'announce', keyId: Reflect.get(unanswered, 'keyId') })
      expect(await first.rotation.begin(keyId)).toEqual({ kind: 'superseded' })
      expect(first.keeper.current.keyId).toBe(controlPlane.keyId)
    })

    it('does not take away a key that another process may have announced', async () => {
      const { open } = await enrolled()
      const first = await startProcess(open())
      const start = await first.rotation.begin(first.keeper.current.keyId)
      await rotate(await startProcess(open()), new ControlPlane('another'))
      expect(await stored(open())).toMatchObject({ hasNext: true })
      await first.rotation.confirm(start.kind === 'announce' ? start.keyId : '')
      expect(await stored(open())).toEqual({ keyId: first.keeper.current.keyId, hasNext: false })
    })

    it.each([2, 3, 5])('comes to one key when %i processes rotate at once', async (count) => {
      const { open, controlPlane } = await enrolled()
      const processes = await Promise.all(Array.from({ length: count }, () => startProcess(open())))
      const starts = await Promise.all(processes.map((process) => rotate(process, controlPlane)))
      const keyIds = starts.flatMap((start) => (start.kind === 'announce' ? [start.keyId] : []))
      expect(new Set(keyIds)).toEqual(new Set([controlPlane.keyId]))
      for (const { keeper } of processes) {
        await keeper.reread()
        expect(keeper.current.keyId).toBe(controlPlane.keyId)
      }
      expect(await stored(open())).toEqual({ keyId: controlPlane.keyId, hasNext: false })
    })

    it('tells a process of the key that another has made', async () => {
      const { open, controlPlane } = await enrolled()
      const [first, second] = [await startProcess(open()), await startProcess(open())]
      const told: string[] = []
      const stop = second.keeper.onChange(({ keyId }) => void told.push(keyId))
      await rotate(first, controlPlane)
      await second.keeper.reread()
      expect(told).toEqual([controlPlane.keyId])
      stop()
      await rotate(first, controlPlane)
      await second.keeper.reread()
      expect(told).toHaveLength(1)
      expect(second.keeper.current.keyId).toBe(controlPlane.keyId)
    })

    it('stores the new key later when the store is away for a while', async () => {
      const { open, controlPlane } = await enrolled()
      let isAway = false
      const store = open()
      const guarded = <T>(work: () => Promise<T>): Promise<T> =>
        isAway ? Promise.reject(new CredentialStoreError('away', { isPassing: true })) : work()
      const { keeper, rotation } = await startProcess({
        place: store.place,
        read: () => guarded(() => store.read()),
        write: (record, revision) => guarded(() => store.write(record, revision)),
      })
      const { keyId, gatewayId } = keeper.current
      const start = await rotation.begin(keyId)
      controlPlane.announce(start, keyId, gatewayId)
      isAway = true
      await rotation.confirm(controlPlane.keyId)
      expect(keeper.current.keyId).toBe(controlPlane.keyId)
      expect(await rotation.begin(controlPlane.keyId)).toMatchObject({ kind: 'later', reason: 'away' })
      isAway = false
      expect(await stored(open())).toEqual({ keyId, hasNext: true })
      await keeper.reread()
      expect(await stored(open())).toEqual({ keyId: controlPlane.keyId, hasNext: false })
    })

    it('P24: leaves a usable credential whichever step is the last of its process', async () => {
      for (let steps = 1; ; steps += 1) {
        const { open, controlPlane } = await enrolled()
        const process = await startProcess(dyingAfter(open(), steps))
        const died = await rotate(process, controlPlane).then(
          () => false,
          (error: unknown) => error instanceof RangeError,
        )
        const restarted = await startProcess(open())
        expect(await controlPlane.connect(restarted.keeper)).toBe(true)
        await restarted.keeper.reread()
        expect(await stored(open())).toMatchObject({ keyId: controlPlane.keyId })
        // And the next rotation goes through.
        const { keyId } = restarted.keeper.current
        await rotate(restarted, controlPlane)
        expect(controlPlane.keyId).not.toBe(keyId)
        expect(await stored(open())).toEqual({ keyId: controlPlane.keyId, hasNext: false })
        if (!died) break
        expect(steps).toBeLessThan(20)
      }
    })

    it('P24: leaves a usable credential when the process dies after the announcement', async () => {
      const { open, controlPlane } = await enrolled()
      const { keeper, rotation } = await startProcess(open())
      const { keyId, gatewayId } = keeper.current
      controlPlane.announce(await rotation.begin(keyId), keyId, gatewayId)
      const restarted = await startProcess(open())
      expect(restarted.keeper.current.keyId).toBe(keyId)
      expect(await controlPlane.connect(restarted.keeper)).toBe(true)
      expect(await stored(open())).toEqual({ keyId: controlPlane.keyId, hasNext: false })
    })

    it('keeps the newest key when a process proves the one before it late', async () => {
      const { open, controlPlane } = await enrolled()
      const first = await startProcess(open())
      const { keyId, gatewayId } = first.keeper.current
      const start = await first.rotation.begin(keyId)
      controlPlane.announce(start, keyId, gatewayId)
      const slow = await startProcess(open())
      expect(await slow.keeper.replaceRefused(keyId)).toBe(true)
      const tried = slow.keeper.current.keyId
      await first.rotation.confirm(tried)
      await rotate(first, controlPlane)
      await slow.keeper.proved(tried)
      expect(await stored(open())).toEqual({ keyId: controlPlane.keyId, hasNext: false })
      await slow.keeper.reread()
      expect(slow.keeper.current.keyId).toBe(controlPlane.keyId)
    })

    it('ends when every key of the store is refused, having tried each once', async () => {
      const { open } = await enrolled()
      const { keeper, rotation } = await startProcess(open())
      await rotation.begin(keeper.current.keyId)
      const stranger = new ControlPlane('another')
      expect(await stranger.connect(keeper)).toBe(false)
    })
  })
}
