import { expect, test } from 'vitest'
import { VirtualTime } from '../test/virtual-time.ts'
import { SimulatedGateway } from '../test/simulated-gateway.ts'
import { TunnelStandings, type TunnelStanding } from './tunnel-standing.ts'
import { waitForCandidate } from './wait-for-candidate.ts'

/** Two gateways of which a test says who is about to return, and when a tunnel is there and admitted. */
function waiting() {
  const time = new VirtualTime()
  const gateway = new SimulatedGateway({ time, random: () => 0, gatewayId: 'gateway-1' })
  const standings = new TunnelStandings(time.elapsed)
  const [tunnel] = gateway.tunnels
  const here: { isThere: boolean; isAdmitted: boolean; returning: string[] } = {
    isThere: false,
    isAdmitted: false,
    returning: [],
  }
  const caller = new AbortController()
  const candidates = (): TunnelStanding[] =>
    here.isThere && here.isAdmitted && tunnel !== undefined ? [standings.of(tunnel)] : []
  let endedAt: number | undefined
  const tunnels = {
    tunnelsOf: () => (here.isThere && tunnel !== undefined ? [tunnel] : []),
    isReturning: (gatewayId: string) => here.returning.includes(gatewayId),
    waitForTunnel: (_: string, waitMs: number, signal: AbortSignal | undefined) =>
      new Promise<void>((resolve) => {
        time.after(Math.min(waitMs, 10), resolve)
        signal?.addEventListener('abort', () => resolve())
      }),
  }
  const members = { memberIds: ['gateway-1', 'gateway-2'], admits: () => true }
  const start = (waitMs: number): void => {
    void waitForCandidate({ state: time, members, tunnels, candidates }, waitMs, caller.signal).then(
      () => (endedAt = time.elapsed()),
    )
  }
  return { time, here, caller, start, endedAt: () => endedAt }
}

test('nobody is waited for where none had a tunnel a moment ago', async () => {
  const { time, start, endedAt } = waiting()
  start(3000)
  await time.runUntil(0)
  expect(endedAt()).toBe(0)
})

test('one that returns ends the waiting as soon as it is admitted', async () => {
  const { time, here, start, endedAt } = waiting()
  here.returning = ['gateway-1', 'gateway-2']
  start(3000)
  time.after(500, () => {
    here.isThere = true
    here.returning = ['gateway-2']
  })
  time.after(700, () => (here.isAdmitted = true))
  await time.runUntil(699)
  expect(endedAt()).toBeUndefined()
  await time.runUntil(800)
  expect(endedAt()).toBeLessThanOrEqual(750)
})

test('the waiting has an end', async () => {
  const { time, here, start, endedAt } = waiting()
  here.returning = ['gateway-1']
  start(3000)
  await time.runUntil(3100)
  expect(endedAt()).toBeGreaterThanOrEqual(2900)
  expect(endedAt()).toBeLessThanOrEqual(3050)
})

test('a caller who leaves does not wait', async () => {
  const { time, here, caller, start, endedAt } = waiting()
  here.returning = ['gateway-1']
  start(3000)
  time.after(100, () => caller.abort())
  await time.runUntil(200)
  expect(endedAt()).toBe(100)
  expect(time.waiting).toBeLessThanOrEqual(1)
})
