import { features, type KeyRotationCode } from '@postern/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { KeyRotation } from './rotate-key-over-tunnel.ts'
import type { FakeControlPlane } from './test/fake-control-plane.ts'
import { changingCredential, TunnelBench, type ChangingCredential } from './test/tunnel-bench.ts'

let bench: TunnelBench
let server: FakeControlPlane
let credential: ChangingCredential
let told: string[]
let ageMs: number

beforeEach(async () => {
  bench = await TunnelBench.start()
  ;({ server } = bench)
  credential = changingCredential(bench.keys.privateKey)
  told = []
  ageMs = 0
})
afterEach(() => bench.stop())

const publicKey = new Uint8Array(32).fill(2)
const proof = new Uint8Array(64).fill(3)

function rotation(start?: Awaited<ReturnType<KeyRotation['begin']>>): KeyRotation {
  return {
    ageMs: () => ageMs,
    async begin(keyId) {
      told.push(`begin ${keyId}`)
      return start ?? { kind: 'announce', publicKey, proof, keyId: 'key-2' }
    },
    async confirm(keyId) {
      told.push(`confirm ${keyId}`)
      credential.change(keyId)
    },
    async abandon(keyId) {
      told.push(`abandon ${keyId}`)
    },
  }
}

function open(of: KeyRotation = rotation(), everyMs = 20_000): void {
  bench.open({ credential, keyRotation: { rotation: of, everyMs } })
}

function answerWith(code: KeyRotationCode, keyId = 'key-2'): void {
  const [far] = server.tunnels
  far?.send({ kind: 'key-rotated', code, keyId, detail: 'why' })
}

test('P24: a key is announced after its time, more or less, and the new one opens the next tunnel', async () => {
  open()
  const old = await server.tunnel()
  expect((old.of('hello')[0]?.features ?? 0) & features.rotation).toBe(features.rotation)
  const [announced] = await old.frames('rotate-key')
  expect(Buffer.from(announced?.publicKey ?? [])).toEqual(Buffer.from(publicKey))
  expect(Buffer.from(announced?.proof ?? [])).toEqual(Buffer.from(proof))
  expect(bench.timing.waits).toContain(20_000)
  answerWith('rotated')
  await server.tunnel(1)
  expect(server.upgrades[1]?.jwt.header).toMatchObject({ kid: 'key-2' })
  await old.closed()
  expect(told.slice(0, 2)).toEqual(['begin key-1', 'confirm key-2'])
})

test('a key whose time passed before this process started is announced soon', async () => {
  ageMs = 50_000
  open(rotation(), 50_000)
  const far = await server.tunnel()
  await far.frames('rotate-key')
  expect(bench.timing.waits[0]).toBe(25_000)
})

test.each<[KeyRotationCode, string]>([
  ['refused', 'abandon key-2'],
  ['unavailable', 'begin key-1'],
])('a key that is %s leaves the old one in use', async (code, next) => {
  open()
  const far = await server.tunnel()
  await far.frames('rotate-key')
  answerWith(code)
  await expect.poll(() => told[1]).toBe(next)
  expect(server.upgrades).toHaveLength(1)
  expect(told).not.toContain('confirm key-2')
})

test('an answer for another key confirms nothing', async () => {
  open()
  const far = await server.tunnel()
  await far.frames('rotate-key')
  answerWith('rotated', 'key-9')
  await expect.poll(() => told.length).toBeGreaterThan(1)
  expect(told).not.toContain('confirm key-2')
})

test.each<Awaited<ReturnType<KeyRotation['begin']>>>([
  { kind: 'superseded' },
  { kind: 'later', reason: 'the store is away' },
])('nothing is announced when it is %j', async (start) => {
  open(rotation(start))
  const far = await server.tunnel()
  await expect.poll(() => told.length).toBeGreaterThan(1)
  expect(far.of('rotate-key')).toEqual([])
})

test('a control plane that knows no rotation is asked for none', async () => {
  server.receptions = [{ kind: 'welcome', features: features.reviews }]
  open()
  const far = await server.tunnel()
  await expect.poll(() => bench.timing.waits.length).toBeGreaterThan(3)
  expect(far.of('rotate-key')).toEqual([])
  expect(told).toEqual([])
})

test('the time starts anew when another process has rotated', async () => {
  open(rotation(), 60_000)
  await server.tunnel()
  credential.change('key-of-another')
  await server.tunnel(1)
  expect(told).toEqual([])
})
