import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { ClusterFrame } from '@postern/protocol'
import { describe, expect, test } from 'vitest'
import { SimulatedGateway } from '../test/simulated-gateway.ts'
import { VirtualTime } from '../test/virtual-time.ts'
import { TunnelStandings } from './tunnel-standing.ts'

const cluster: ClusterFrame = { kind: 'cluster', rootCaSha256: [], tokenIssuer: 'one', issuerKeySha256: [] }

function simulate() {
  const time = new VirtualTime()
  const gateway = new SimulatedGateway({ time, random: () => 0, gatewayId: 'gateway', slots: 2 })
  const standings = new TunnelStandings(time.elapsed)
  const standingOf = (slot: number) => {
    const tunnel = gateway.tunnels[slot]
    if (tunnel === undefined) throw new Error(`no tunnel ${slot}`)
    return { tunnel, standing: standings.of(tunnel) }
  }
  return { time, gateway, standings, standingOf }
}

test('the tunnels of a process share its reviews in flight, and each has its own latency', () => {
  const { standingOf } = simulate()
  const [one, other] = [standingOf(0).standing, standingOf(1).standing]
  one.process.asked(0)
  one.latency.observe(10, 0)
  expect(other.process).toBe(one.process)
  expect([one.load, other.load]).toEqual([1, 1])
  expect([one.cost(0), other.cost(0)]).toEqual([20, undefined])
})

test('what a gateway has from others is what it says less what this replica has sent', () => {
  const { gateway, standingOf } = simulate()
  const { standing } = standingOf(0)
  for (let count = 0; count < 3; count += 1) standing.process.asked(0)
  gateway.inFlight = 10
  expect(standing.load).toBe(10)
  gateway.inFlight = 1
  expect(standing.load).toBe(3)
})

test('a process that dials again keeps its standing', () => {
  const { gateway, standingOf } = simulate()
  const before = standingOf(0).standing.process
  gateway.loseTunnels()
  gateway.connect()
  expect(standingOf(0).standing.process).toBe(before)
})

test('a process that went and was not asked for long leaves nothing behind', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const time = new VirtualTime()
  const standings = new TunnelStandings(time.elapsed)
  const useOnce = (gatewayId: string): WeakRef<object> | undefined => {
    const [tunnel] = new SimulatedGateway({ time, random: () => 0, gatewayId }).tunnels
    return tunnel && new WeakRef(standings.of(tunnel).process)
  }
  const gone = useOnce('gone')
  // What was looked at lately is kept until this turn of the event loop ends.
  for (const minutes of [5, 11]) {
    await time.runUntil(minutes * 60_000)
    useOnce(`after ${minutes} minutes`)
    await setImmediate()
    collectGarbage()
    expect(gone?.deref() === undefined).toBe(minutes === 11)
    await setImmediate()
  }
})

test('the tunnels of a process share its standing however long it was not asked', async () => {
  const { time, standingOf } = simulate()
  const { process } = standingOf(0).standing
  await time.runUntil(11 * 60_000)
  expect(standingOf(1).standing.process).toBe(process)
})

test('a process is known to be out by its name', () => {
  const { standings, standingOf } = simulate()
  const { standing, tunnel } = standingOf(0)
  const { gatewayId, instanceId } = tunnel
  expect(standings.isProcessOut({ gatewayId, instanceId })).toBe(false)
  for (let failure = 0; failure < 3; failure += 1)
    standing.process.ejection.failed({ now: 1, startedAt: 0, mayEject: () => true })
  expect(standings.isProcessOut({ gatewayId, instanceId })).toBe(true)
  expect(standings.isProcessOut({ gatewayId, instanceId: 'another' })).toBe(false)
})

describe('T6 a tunnel is admitted', () => {
  test('by what its gateway says of its cluster, asked again when that changes', () => {
    const { standingOf } = simulate()
    const { standing, tunnel } = standingOf(0)
    const asked: unknown[] = []
    const admits = (said: ClusterFrame | undefined): boolean => {
      asked.push(said?.tokenIssuer)
      return said?.tokenIssuer !== 'other'
    }
    expect([standing.isAdmitted(admits), standing.isAdmitted(admits)]).toEqual([true, true])
    tunnel.cluster = cluster
    expect(standing.isAdmitted(admits)).toBe(true)
    tunnel.cluster = { ...cluster, tokenIssuer: 'other' }
    expect([standing.isAdmitted(admits), standing.isAdmitted(admits)]).toEqual([false, false])
    expect(asked).toEqual([undefined, 'one', 'other'])
  })

  test('by each pool for itself', () => {
    const { standing } = simulate().standingOf(0)
    expect([standing.isAdmitted(() => true), standing.isAdmitted(() => false)]).toEqual([true, false])
  })
})

test.each([
  ['it cannot reach its API server', { apiServerReachable: false, mayReviewTokens: true }, true],
  ['it may not review', { apiServerReachable: true, mayReviewTokens: false }, true],
  ['all is well', { apiServerReachable: true, mayReviewTokens: true }, false],
])('a gateway that says that %s is doubtful: %s %s', (_, said, isDoubtful) => {
  const { standing, tunnel } = simulate().standingOf(0)
  tunnel.health = { kind: 'health', credentialExpiresAtS: 0, detail: '', ...said }
  expect(standing.isDoubtful(0)).toBe(isDoubtful)
})
