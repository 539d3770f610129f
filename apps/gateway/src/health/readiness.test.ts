import { expect, it } from 'vitest'
import type { TunnelState } from '../tunnel/tunnel-state.ts'
import { readinessOf, type GatewayState } from './readiness.ts'

const trouble = { at: 0, code: 'tcp' as const, detail: 'no connection', remedy: 'open the firewall' }

function serving(tunnel: TunnelState): GatewayState {
  return { phase: 'serving', gatewayId: 'g', gatewayName: 'eu', tunnel }
}

it('is ready with a tunnel that is connected', () => {
  const state = serving({ phase: 'connected', since: 0, replicaId: 'r' })
  expect(readinessOf(state)).toEqual({ ready: true, missing: [] })
})

it.each<[GatewayState, string, string]>([
  [{ phase: 'idle' }, 'credential', 'not enrolled'],
  [{ phase: 'enrolling' }, 'credential', 'not enrolled'],
  [serving({ phase: 'dialling', since: 0, trouble: undefined }), 'tunnel', 'dialling'],
  [serving({ phase: 'waiting', since: 0, until: 1, trouble }), 'tunnel', 'no connection; open the firewall'],
  [{ phase: 'refused', remedy: 'enrol again' }, 'service', 'enrol again'],
  [{ phase: 'closing' }, 'service', 'stopping'],
  [{ phase: 'closed' }, 'service', 'stopping'],
])('is not ready in %j and says why', (state, what, why) => {
  expect(readinessOf(state)).toEqual({ ready: false, missing: [{ what, why: expect.stringContaining(why) }] })
})
