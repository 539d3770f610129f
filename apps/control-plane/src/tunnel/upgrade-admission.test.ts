import { expect, test } from 'vitest'
import { UpgradeAdmission } from './upgrade-admission.ts'

function admission(
  concurrentMax: number,
  perSecondMax: number,
): { clock: { ms: number }; gate: UpgradeAdmission } {
  const clock = { ms: 0 }
  return { clock, gate: new UpgradeAdmission({ concurrentMax, perSecondMax, elapsed: () => clock.ms }) }
}

test('no more upgrades than the bound are under way at once', () => {
  const { gate } = admission(2, 100)
  expect([gate.enter(), gate.enter(), gate.enter()].map(({ admitted }) => admitted)).toEqual([
    true,
    true,
    false,
  ])
  gate.leave()
  expect(gate.enter()).toEqual({ admitted: true })
})

test('over time no more are admitted than the rate allows', () => {
  const { clock, gate } = admission(1000, 100)
  let admitted = 0
  for (; clock.ms < 10_000; clock.ms += 1) {
    if (!gate.enter().admitted) continue
    gate.leave()
    admitted += 1
  }
  expect(admitted).toBeGreaterThanOrEqual(1095)
  expect(admitted).toBeLessThanOrEqual(1101)
})

test('a crowd is told to come back spread over time, each second as many as are admitted', () => {
  const { gate } = admission(10_000, 100)
  const waits = new Map<number, number>()
  for (let gateway = 0; gateway < 600; gateway++) {
    const entry = gate.enter()
    const wait = entry.admitted ? 0 : entry.retryAfterSeconds
    waits.set(wait, (waits.get(wait) ?? 0) + 1)
  }
  expect([...waits.keys()]).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(Math.max(...waits.values())).toBe(100)
})
