import { describe, expect, test, vi } from 'vitest'
import { PacedAnswers } from './paced-answers.ts'
import { retryAfterSecondsOf, UpgradeAdmission, type Admission, type Dialler } from './upgrade-admission.ts'
import { UpgradeTurns } from './upgrade-turns.ts'

interface Gate {
  clock: { ms: number }
  admission: UpgradeAdmission
}

const spacingMs = 1000 / 60

/** Whoever is admitted takes the next turn of a rate of 60 a second. */
function gateOf(concurrentMax: number): Gate {
  const clock = { ms: 0 }
  let freeAt = 0
  const turns = {
    spacingMs,
    get waitMs(): number {
      return Math.max(0, freeAt - clock.ms)
    },
  }
  const admission = new UpgradeAdmission({ concurrentMax, turns, elapsed: () => clock.ms })
  const enter = admission.enter.bind(admission)
  admission.enter = (dialler) => {
    const answer = enter(dialler)
    if (answer.admitted) freeAt = Math.max(freeAt, clock.ms) + spacingMs
    return answer
  }
  return { clock, admission }
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

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Admission, turns and answers together, by the clock of the fake timers. */
function createReplica(settleMs: number) {
  const elapsed = (): number => performance.now()
  const turns = new UpgradeTurns({ perSecond: 60, underWayMax: 4, elapsed })
  const admission = new UpgradeAdmission({ concurrentMax: 256, turns, elapsed })
  const answers = new PacedAnswers()
  return {
    /** @returns whether it came to a tunnel; otherwise after the wait that a gateway keeps */
    async dial(dialler: Dialler, random: number): Promise<boolean> {
      const answer = admission.enter(dialler)
      if (!answer.admitted) {
        const seconds = await new Promise<number>((resolve) =>
          answers.add(() => resolve(retryAfterSecondsOf(answer.returnAt, elapsed()))),
        )
        await sleep(seconds * 1000 * (1 + random / 4))
        return false
      }
      await turns.next(() => false)
      await sleep(settleMs)
      turns.settled()
      admission.leave(dialler, 'proven')
      return true
    },
  }
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

  test('sends who finds no place back in a second', () => {
    const gate = gateOf(1)
    gate.clock.ms = 712.75
    gate.admission.enter(gateway(1))
    const answer = gate.admission.enter(gateway(2))
    expect(answer).toEqual({ admitted: false, returnAt: 1712.75 })
    expect(retryAfterSecondsOf(1712.75, gate.clock.ms)).toBe(1)
  })

  test('P8 tells a crowd to come back one after the other, at the rate of turns', () => {
    const gate = gateOf(256)
    const returns = Array.from({ length: 2000 }, (_, index) => gate.admission.enter(gateway(index))).flatMap(
      (answer) => (answer.admitted ? [] : [answer.returnAt]),
    )
    expect(returns.length).toBeGreaterThan(1800)
    expect(returns[0]).toBeGreaterThanOrEqual(1000)
    const apart = returns.slice(1).map((at, index) => at - (returns[index] ?? 0))
    expect(Math.min(...apart)).toBeCloseTo(spacingMs)
    expect(Math.max(...apart)).toBeCloseTo(spacingMs)
  })

  test.each([
    ['at once', 1],
    ['slowly', 90],
  ])('P8 2,000 gateways dropped at once are all back within a minute, settled %s', async (_, settleMs) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const replica = createReplica(settleMs)
    const backAt: number[] = []
    const dials = { count: 0 }
    const gateways = Array.from({ length: 2000 }, async (__, index) => {
      const random = ((index * 7919) % 2000) / 2000
      await sleep(random * 500)
      for (dials.count += 1; !(await replica.dial(gateway(index), random)); dials.count += 1);
      backAt.push(performance.now())
    })
    const all = Promise.all(gateways)
    await vi.advanceTimersByTimeAsync(60_000)
    vi.useRealTimers()
    expect(backAt).toHaveLength(2000)
    await all
    const most = Math.max(
      ...backAt.map((from) => backAt.filter((at) => at >= from && at < from + 1000).length),
    )
    expect(most).toBeLessThanOrEqual(100)
    expect(dials.count).toBeLessThan(3 * 2000)
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
