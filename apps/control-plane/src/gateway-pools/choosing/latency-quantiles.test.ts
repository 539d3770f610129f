import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LatencyQuantiles } from './latency-quantiles.ts'

test('says nothing of few observations', () => {
  const p95 = new LatencyQuantiles(0.95)
  for (let count = 0; count < 9; count += 1) p95.observe(5)
  expect(p95.value).toBeUndefined()
  p95.observe(5)
  expect(p95.value).toBeGreaterThanOrEqual(5)
})

test('is never below the quantile of what was observed, and at most a fifth above', () => {
  const latencies = fc.array(fc.double({ min: 0.2, max: 20_000, noNaN: true }), {
    minLength: 20,
    maxLength: 400,
  })
  fc.assert(
    fc.property(latencies, fc.constantFrom(0.5, 0.95, 0.99), (observed, share) => {
      const quantile = new LatencyQuantiles(share)
      for (const latencyMs of observed) quantile.observe(latencyMs)
      const sorted = observed.toSorted((one, other) => one - other)
      const exact = sorted[Math.ceil(sorted.length * share) - 1] ?? 0
      expect(quantile.value).toBeGreaterThanOrEqual(exact * 0.9999)
      expect(quantile.value).toBeLessThanOrEqual(exact * 1.2)
    }),
  )
})

test('follows a change within several hundred observations', () => {
  const p99 = new LatencyQuantiles(0.99)
  for (let count = 0; count < 10_000; count += 1) p99.observe(500)
  for (let count = 0; count < 2500; count += 1) p99.observe(5)
  expect(p99.value).toBeLessThan(500)
  for (let count = 0; count < 1500; count += 1) p99.observe(5)
  expect(p99.value).toBeLessThan(6)
})

test.each([0, -1, 1e9])('takes %d for what it can count', (latencyMs) => {
  const p95 = new LatencyQuantiles(0.95)
  for (let count = 0; count < 20; count += 1) p95.observe(latencyMs)
  expect(p95.value).toBeGreaterThan(0)
  expect(p95.value).toBeLessThan(40_000)
})
