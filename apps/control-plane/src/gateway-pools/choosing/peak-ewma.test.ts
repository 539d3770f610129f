import { expect, test } from 'vitest'
import { PeakEwma } from './peak-ewma.ts'

test('knows nothing before the first observation', () => {
  expect(new PeakEwma().at(0)).toBeUndefined()
})

test('jumps up at once and comes down over ten seconds', () => {
  const latency = new PeakEwma()
  latency.observe(5, 0)
  latency.observe(800, 1)
  expect(latency.at(1)).toBe(800)
  for (let now = 2; now <= 10_001; now += 1) latency.observe(5, now)
  expect(latency.at(10_001)).toBeGreaterThan(800 / Math.E)
  expect(latency.at(10_001)).toBeLessThan(800 / Math.E + 10)
  for (let now = 10_002; now <= 100_000; now += 1) latency.observe(5, now)
  expect(latency.at(100_000)).toBeCloseTo(5, 0)
})

test('falls while nothing is observed, so that what was slow once is tried again', () => {
  const latency = new PeakEwma()
  latency.observe(800, 0)
  expect(latency.at(10_000)).toBeCloseTo(800 / Math.E, 5)
  expect(latency.at(100_000)).toBeLessThan(1)
})

test('asking changes nothing', () => {
  const latency = new PeakEwma()
  latency.observe(100, 0)
  for (let now = 0; now < 5000; now += 10) latency.at(now)
  expect(latency.at(5000)).toBeCloseTo(100 * Math.exp(-0.5), 5)
})
