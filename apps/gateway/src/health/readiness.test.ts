import { expect, it } from 'vitest'
import type { TunnelState } from '../tunnel/tunnel-state.ts'
import { readinessOf, type GatewayState } from './readiness.ts'

const trouble = { at: 0, code: 'tcp' as const, detail: 'no connection', remedy: 'open the firewall' }

function serving(...tunnels: TunnelState[]): GatewayState {
  return { phase: 'serving', gatewayId: 'g', gatewayName: 'eu', tunnels }
}

const well = { apiServerReachable: true, mayReviewTokens: true, credentialExpiresAtS: 0, detail: '' }
const connected = serving({ phase: 'connected', since: 0, replicaId: 'r' })

it('is ready with a tunnel that is connected and an API server that answers', () => {
  expect(readinessOf(connected, well)).toEqual({ ready: true, missing: [] })
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
  expect(readinessOf(state, well)).toEqual({
    ready: false,
    missing: [{ what, why: expect.stringContaining(why) }],
  })
})

it.each([
  [undefined, 'has not been asked yet'],
  [{ ...well, mayReviewTokens: false, detail: 'bind its service account' }, 'bind its service account'],
  [{ ...well, apiServerReachable: false, detail: 'no connection' }, 'no connection'],
])('is not ready while it cannot review (%j)', (health, why) => {
  expect(readinessOf(connected, health)).toEqual({
    ready: false,
    missing: [{ what: 'api-server', why: expect.stringContaining(why) }],
  })
})

it.each<TunnelState[]>([
  [
    { phase: 'waiting', since: 0, until: 1, trouble },
    { phase: 'connected', since: 0, replicaId: 'r' },
  ],
  [{ phase: 'handing-over', since: 0, replicaId: 'r', trouble: undefined }],
])('is ready with one tunnel that serves (%j)', (...tunnels) => {
  expect(readinessOf(serving(...tunnels), well)).toMatchObject({ ready: true })
})

it('stays ready while the API server asks for patience', () => {
  expect(readinessOf(connected, { ...well, detail: 'it is overloaded' })).toMatchObject({ ready: true })
})

it('names everything that is missing', () => {
  expect(readinessOf({ phase: 'enrolling' }, undefined).missing.map(({ what }) => what)).toEqual([
    'credential',
    'api-server',
  ])
})
