import { describe, expect, test } from 'vitest'
import { UpgradeAdmission, type Admission, type Dialler } from './upgrade-admission.ts'

interface Gate {
  clock: { ms: number }
  admission: UpgradeAdmission
}

function gateOf(concurrentMax: number, perSecondMax = 100): Gate {
  const clock = { ms: 0 }
  return {
    clock,
    admission: new UpgradeAdmission({ concurrentMax, perSecondMax, elapsed: () => clock.ms }),
  }
}

const gateway = (index: number): Dialler => ({
  source: `10.0.${index >> 8}.${index & 255}`,
  keyName: `key-${index}`,
})

/** Dials, and proves to be who it says. */
function dial({ admission }: Gate, dialler: Dialler): Admission {
  const answer = admission.enter(dialler)
  if (answer.admitted) admission.leave(dialler, 'proven')
  return answer
}

/** A dial that proves nothing. */
function junk({ admission }: Gate, source: string): Admission {
  const dialler = { source, keyName: undefined }
  const answer = admission.enter(dialler)
  if (answer.admitted) admission.leave(dialler, 'none')
  return answer
}

describe('admission of upgrades', () => {
  test('bounds how many are under way, and strangers leave half of the places free', () => {
    const { admission } = gateOf(4)
    const known = gateway(1)
    admission.enter(known)
    admission.leave(known, 'proven')
    const strangers = [2, 3, 4].map((index) => admission.enter(gateway(index)).admitted)
    expect(strangers).toEqual([true, true, false])
    expect([1, 2, 3].map(() => admission.enter(known).admitted)).toEqual([true, true, false])
    admission.leave(known, 'proven')
    expect(admission.enter(known).admitted).toBe(true)
  })

  test('says one second when it means one, whatever fraction of a millisecond the clock shows', () => {
    const gate = gateOf(1)
    gate.clock.ms = 712.7361850283054
    gate.admission.enter(gateway(1))
    expect(gate.admission.enter(gateway(2))).toEqual({ admitted: false, retryAfterSeconds: 1 })
  })

  test('P8 gives each dial a turn, so that none of its seconds has more than the rate', () => {
    const gate = gateOf(1000)
    const turns: number[] = []
    for (; gate.clock.ms < 10_000; gate.clock.ms += 1) {
      const answer = dial(gate, gateway(gate.clock.ms))
      if (answer.admitted) turns.push(gate.clock.ms + answer.waitMs)
    }
    const inSecondFrom = turns.map(
      (from) => turns.filter((turn) => turn >= from && turn < from + 1000).length,
    )
    expect(Math.max(...inSecondFrom)).toBeLessThanOrEqual(100)
    expect(turns.length).toBeGreaterThan(990)
  })

  test('P8 2,000 gateways dropped at once are all back within a minute, whatever jitter they add', () => {
    const gate = gateOf(256)
    const dials: { at: number; index: number }[] = Array.from({ length: 2000 }, (_, index) => ({
      at: (index * 7919) % 500,
      index,
    }))
    const backAt = new Map<number, number>()
    let dialled = 0
    for (let next = dials.shift(); next !== undefined; next = dials.shift()) {
      gate.clock.ms = Math.max(gate.clock.ms, next.at)
      dialled += 1
      const answer = dial(gate, gateway(next.index))
      if (answer.admitted) backAt.set(next.index, next.at + answer.waitMs)
      else {
        const jitter = 1 + ((next.index * 31) % 100) / 400
        dials.push({ at: next.at + answer.retryAfterSeconds * 1000 * jitter, index: next.index })
        dials.sort((one, other) => one.at - other.at)
      }
    }
    expect(backAt.size).toBe(2000)
    expect(Math.max(...backAt.values())).toBeLessThan(60_000)
    expect(dialled).toBeLessThan(3 * 2000)
  })

  test('a flood of strangers from many addresses does not keep a gateway out that was here before', () => {
    const gate = gateOf(256)
    dial(gate, gateway(1))
    const answers: boolean[] = []
    for (; gate.clock.ms < 20_000; gate.clock.ms += 1) {
      junk(gate, `192.0.2.${gate.clock.ms % 250}`)
      if (gate.clock.ms % 1000 === 999) answers.push(dial(gate, gateway(1)).admitted)
    }
    expect(answers).toEqual(answers.map(() => true))
  })

  test('a flood from a few addresses leaves nearly all turns to gateways that are not known yet', () => {
    const gate = gateOf(256)
    let admitted = 0
    let dialled = 0
    for (; gate.clock.ms < 20_000; gate.clock.ms += 1) {
      for (const source of ['192.0.2.1', '192.0.2.2']) junk(gate, source)
      if (gate.clock.ms % 20 !== 0) continue
      dialled += 1
      if (dial(gate, gateway(dialled)).admitted) admitted += 1
    }
    expect(admitted / dialled).toBeGreaterThan(0.9)
  })

  test('a key that dials without end has its share, and no more', () => {
    const gate = gateOf(256)
    dial(gate, gateway(1))
    let admitted = 0
    for (; gate.clock.ms < 60_000; gate.clock.ms += 10) if (dial(gate, gateway(1)).admitted) admitted += 1
    expect(admitted).toBeLessThanOrEqual(64 + 60 * 4)
    expect(dial(gate, gateway(2)).admitted).toBe(true)
  })

  test('a name of a key that proves nothing is a known one no more', () => {
    const gate = gateOf(2)
    const { admission } = gate
    dial(gate, gateway(1))
    admission.enter(gateway(1))
    admission.leave(gateway(1), 'none')
    admission.enter(gateway(1))
    expect(admission.enter(gateway(1)).admitted).toBe(false)
  })
})
