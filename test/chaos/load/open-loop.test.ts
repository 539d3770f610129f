import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { startOpenLoop } from './open-loop.ts'

describe('an open-loop load', () => {
  it('begins calls at their times, whether or not those before have ended', async () => {
    const load = startOpenLoop({ perSecond: 100, call: () => sleep(300) })
    await sleep(200)
    const before = load.ended.length
    const calls = await load.stop()
    expect(before).toBe(0)
    expect(calls.length).toBeGreaterThan(10)
    for (const { latencyMs } of calls) expect(latencyMs).toBeGreaterThan(295)
  })

  it('charges a stall to every call that was due in it', async () => {
    const load = startOpenLoop({ perSecond: 100, call: (index) => Promise.resolve(index) })
    await sleep(50)
    const stalledUntil = performance.now() + 300
    while (performance.now() < stalledUntil);
    await sleep(50)
    const calls = await load.stop()
    expect(calls.map(({ outcome }) => outcome)).toEqual(calls.map((_call, index) => index))
    const late = calls.filter(({ latencyMs }) => latencyMs > 100)
    expect(late.length).toBeGreaterThan(15)
    for (const { dueAt } of late) expect(dueAt).toBeLessThan(stalledUntil)
  })
})
