import { expect, test } from 'vitest'
import { LoopDelay, watchEventLoopLag } from './event-loop-lag.ts'

test('a loop on time has no lag', () => {
  const delay = new LoopDelay(0)
  for (let now = 100; now < 3000; now += 100) delay.tick(now)
  expect(delay.lagMs(3000)).toBe(0)
})

test('a stall is known by whoever runs first after it, before the timer itself', () => {
  const delay = new LoopDelay(0)
  delay.tick(100)
  expect(delay.lagMs(650)).toBe(450)
})

test('a stall counts for a second after it', () => {
  const delay = new LoopDelay(0)
  delay.tick(500)
  for (let now = 600; now <= 1400; now += 100) delay.tick(now)
  expect(delay.lagMs(1400)).toBe(400)
  delay.tick(1500)
  expect(delay.lagMs(1500)).toBe(0)
})

test('the lag of this very process is measured', () => {
  const lag = watchEventLoopLag(() => performance.now())
  const until = performance.now() + 350
  while (performance.now() < until);
  expect(lag.lagMs()).toBeGreaterThanOrEqual(240)
  lag.close()
})
