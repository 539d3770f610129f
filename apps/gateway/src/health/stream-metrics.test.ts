import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createStreamMetrics } from './stream-metrics.ts'

test('raw streams are counted when metrics are read, and refusals by code', async () => {
  const registry = new Registry()
  const metrics = createStreamMetrics([registry])
  expect(await registry.metrics()).toContain('postern_gateway_streams_open 0')
  metrics.countStreamsBy(() => 3)
  metrics.streamsRefused.inc({ code: 'host-not-allowed' })
  const text = await registry.metrics()
  expect(text).toContain('postern_gateway_streams_open 3')
  expect(text).toContain('postern_gateway_streams_refused_total{code="host-not-allowed"} 1')
})
