import type { HealthFrame } from '@postern/protocol'
import { expect, test } from 'vitest'
import { judgeGatewayHealth, type JudgedTunnel } from './judge-gateway-health.ts'

const nowMs = Date.parse('2026-11-22T00:00:00Z')

function tunnel(fields: Partial<JudgedTunnel> = {}, health: Partial<HealthFrame> = {}): JudgedTunnel {
  return {
    isRoutable: true,
    isSuspect: false,
    isEjected: false,
    health: {
      kind: 'health',
      apiServerReachable: true,
      mayReviewTokens: true,
      credentialExpiresAtS: 0,
      detail: '',
      ...health,
    },
    ...fields,
  }
}

const unreachable = tunnel({}, { apiServerReachable: false, detail: 'connect ECONNREFUSED' })

test('a gateway without a tunnel is disconnected', () => {
  expect(judgeGatewayHealth([], true, nowMs)).toEqual({ status: 'disconnected' })
})

test.each<[string, JudgedTunnel[]]>([
  ['says that all is well', [tunnel()]],
  ['has said nothing yet', [tunnel({ health: undefined })]],
  ['has one good tunnel beside a bad one', [unreachable, tunnel()]],
  ['has a new tunnel beside a draining one', [tunnel({ isRoutable: false }), tunnel()]],
  ['has a credential that lives for a while', [tunnel({}, { credentialExpiresAtS: nowMs / 1000 + 3600 })]],
])('a gateway that %s is healthy', (_, tunnels) => {
  expect(judgeGatewayHealth(tunnels, false, nowMs)).toEqual({ status: 'healthy' })
})

test.each<[string, JudgedTunnel[], RegExp]>([
  ['answers no ping', [tunnel({ isSuspect: true })], /does not answer pings/],
  ['drops reviews', [tunnel({ isEjected: true })], /left alone/],
  ['does not reach its API server', [unreachable], /API server \(connect ECONNREFUSED\)$/],
  ['may not review', [tunnel({}, { mayReviewTokens: false })], /system:auth-delegator/],
  [
    'has a credential that ends',
    [tunnel({}, { credentialExpiresAtS: nowMs / 1000 + 60 })],
    /expires at 2026-11-22T00:01:00/,
  ],
  ['has only draining tunnels', [tunnel({ isRoutable: false })], /draining/],
  [
    'has a good tunnel only among those that drain',
    [tunnel({ isRoutable: false }), unreachable],
    /API server/,
  ],
])('a gateway that %s is degraded, with the reason', (_, tunnels, reason) => {
  const health = judgeGatewayHealth(tunnels, false, nowMs)
  expect(health).toEqual({ status: 'degraded', reason: expect.stringMatching(reason) })
})

test('P16 two processes with one instance id degrade a gateway whose tunnel is good', () => {
  const health = judgeGatewayHealth([tunnel()], true, nowMs)
  expect(health).toEqual({ status: 'degraded', reason: expect.stringContaining('restart both') })
})
