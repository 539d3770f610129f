import { describe, expect, test } from 'vitest'
import {
  SimulatedGateway,
  type SimulatedGatewayOptions,
  type SimulatedTunnel,
} from '../test/simulated-gateway.ts'
import { randomOf, VirtualTime } from '../test/virtual-time.ts'
import { chooseCanary, chooseTunnel, mayEjectProcess, mayEjectTunnel } from './choose-tunnel.ts'
import { TunnelStandings, type TunnelStanding } from './tunnel-standing.ts'

const now = 1000
const random = randomOf(7)

/** Standings of the tunnels of some gateways, each with its latency. */
function standingsOf(
  ...gateways: Partial<SimulatedGatewayOptions & { latencyMs: number }>[]
): TunnelStanding[] {
  const time = new VirtualTime()
  const standings = new TunnelStandings(time.elapsed)
  return gateways.flatMap(({ latencyMs, ...options }, index) => {
    const gateway = new SimulatedGateway({ time, random, gatewayId: `gateway-${index + 1}`, ...options })
    return gateway.tunnels.map((tunnel) => {
      const standing = standings.of(tunnel)
      if (latencyMs !== undefined) standing.latency.observe(latencyMs, now)
      return standing
    })
  })
}

/** How often each is chosen of a thousand times. */
function shares(candidates: TunnelStanding[]): number[] {
  const chosen = Array.from({ length: 1000 }, () => chooseTunnel(candidates, [], { now, random }))
  return candidates.map((candidate) => chosen.filter((one) => one === candidate).length)
}

function eject(standing: Pick<TunnelStanding, 'ejection'> | undefined, at: number): void {
  for (let failures = 0; failures < 3; failures += 1)
    standing?.ejection.failed({ now: at, startedAt: at, mayEject: () => true })
}

describe('of two drawn at random the cheaper is chosen', () => {
  test('among many, the cheapest most often and the dearest never', () => {
    const [first = 0, second = 0, third = 0] = shares(
      standingsOf({ latencyMs: 1 }, { latencyMs: 5 }, { latencyMs: 25 }),
    )
    expect(first).toBeGreaterThan(600)
    expect(second).toBeGreaterThan(250)
    expect(third).toBe(0)
  })

  test('a quick one with much in flight is dearer than a slow one that is idle', () => {
    const candidates = standingsOf({ latencyMs: 2 }, { latencyMs: 10 })
    expect(shares(candidates)).toEqual([1000, 0])
    for (let count = 0; count < 5; count += 1) candidates[0]?.process.asked(now)
    expect(shares(candidates)).toEqual([0, 1000])
  })

  test('what a gateway has from other replicas counts as well', () => {
    const candidates = standingsOf({ latencyMs: 2 }, { latencyMs: 2 })
    const [tunnel] = candidates.map(({ tunnel }) => tunnel as SimulatedTunnel)
    Object.defineProperty(tunnel, 'peer', { value: { inFlight: 50, eventLoopLagMs: 0 } })
    expect(shares(candidates)).toEqual([0, 1000])
  })

  test('one that another replica holds costs a quarter more', () => {
    const candidates = standingsOf({ latencyMs: 10 }, { latencyMs: 9 })
    Object.defineProperty(candidates[1]?.tunnel, 'costFactor', { value: 1.25 })
    expect(shares(candidates)).toEqual([1000, 0])
    candidates[1]?.latency.forget()
    candidates[1]?.latency.observe(7, now)
    expect(shares(candidates)).toEqual([0, 1000])
  })

  test('one that was never asked is compared by what is in flight', () => {
    const candidates = standingsOf({ latencyMs: 1 }, {})
    candidates[0]?.process.asked(now)
    expect(shares(candidates)).toEqual([0, 1000])
    for (let count = 0; count < 2; count += 1) candidates[1]?.process.asked(now)
    expect(shares(candidates)).toEqual([1000, 0])
  })

  test.each([0, 1])('of %d there is no choice', (count) => {
    const candidates = standingsOf({}).slice(0, count)
    expect(chooseTunnel(candidates, [], { now, random })).toBe(candidates[0])
  })
})

describe('what a review has asked already', () => {
  test('is not asked again', () => {
    const candidates = standingsOf({})
    expect(chooseTunnel(candidates, candidates, { now, random })).toBeUndefined()
  })

  test('another gateway comes before another process, and that before another tunnel', () => {
    const candidates = standingsOf({ slots: 2 }, { gatewayId: 'gateway-1', instanceId: 'other' }, {})
    const [tried, sibling, sameGateway, otherGateway] = candidates
    const first = tried === undefined ? [] : [tried]
    const among = (...left: (TunnelStanding | undefined)[]) =>
      chooseTunnel([...first, ...left.filter((one) => one !== undefined)], first, { now, random })
    expect(among(sibling, sameGateway, otherGateway)).toBe(otherGateway)
    expect(among(sibling, sameGateway)).toBe(sameGateway)
    expect(among(sibling)).toBe(sibling)
  })
})

describe('those that are out or doubtful', () => {
  test('are left alone while there are others', () => {
    const candidates = standingsOf({}, {}, {}, {})
    eject(candidates[0]?.process, now)
    Object.defineProperty(candidates[1]?.tunnel, 'isSuspect', { value: true })
    candidates[2]?.process.avoid(now + 1)
    expect(shares(candidates)).toEqual([0, 0, 0, 1000])
  })

  test('never are more than half of the processes: those that are back soonest stay', () => {
    const candidates = standingsOf({}, {}, {}, {}, {})
    for (const index of [0, 1, 2]) eject(candidates[index]?.process, index * 100)
    const [soonest = 0, ...others] = shares(candidates)
    expect(soonest).toBeGreaterThan(100)
    expect(others.map((count) => count > 100)).toEqual([false, false, true, true])
  })

  test('are in the choice when all are', () => {
    const candidates = standingsOf({}, {})
    for (const { process } of candidates) eject(process, now)
    expect(shares(candidates).every((count) => count > 0)).toBe(true)
  })

  test('a process counts once, however many tunnels it has', () => {
    const candidates = standingsOf({ slots: 2 }, { slots: 1 })
    eject(candidates[0]?.process, now)
    expect(shares(candidates)).toEqual([0, 0, 1000])
  })

  test('half of a pool may be ejected, and of a process half of its tunnels', () => {
    const candidates = standingsOf({ slots: 2 }, {}, {})
    expect(mayEjectProcess(candidates)).toBe(true)
    eject(candidates[2]?.process, now)
    expect(mayEjectProcess(candidates)).toBe(false)
    const [one, sibling, alone] = candidates
    expect(one && mayEjectTunnel(candidates, one)).toBe(true)
    eject(sibling, now)
    expect(one && mayEjectTunnel(candidates, one)).toBe(false)
    expect(alone && mayEjectTunnel(candidates, alone)).toBe(false)
  })

  test('come last already after a failure, while a canary asks what it was', () => {
    const candidates = standingsOf({}, {}, {})
    const [, failed] = candidates
    failed?.process.ejection.failed({ now, startedAt: now, mayEject: () => true })
    expect(shares(candidates)[1]).toBe(0)
    expect(chooseCanary(candidates, now)).toBe(failed)
    failed?.process.ejection.succeeded(now, now)
    expect(shares(candidates)[1]).toBeGreaterThan(100)
    expect(chooseCanary(candidates, now)).toBeUndefined()
  })

  test('are tried by the tunnel that nothing speaks against', () => {
    const candidates = standingsOf({ slots: 2 }, {})
    const [dead, sound] = candidates
    for (const one of [dead?.ejection, dead?.process.ejection])
      one?.failed({ now, startedAt: now, mayEject: () => true })
    expect(chooseCanary(candidates, now)).toBe(sound)
    // That was well: it is the tunnel.
    dead?.process.ejection.succeeded(now, now)
    expect(chooseCanary(candidates, now)).toBe(dead)
    dead?.process.ejection.canarySent(now)
    expect(chooseCanary(candidates, now)).toBeUndefined()
  })

  test('are tried in turns, those that are out before those that are in question', () => {
    const candidates = standingsOf({}, {}, {}, {})
    const [bad, worse, out, chosen] = candidates
    for (const one of [bad, worse, chosen])
      one?.process.ejection.failed({ now, startedAt: now, mayEject: () => false })
    eject(out?.process, now)
    const turns: (TunnelStanding | undefined)[] = []
    for (const at of [now + 1, now + 2, now + 3, now + 5000]) {
      const canary = chooseCanary(candidates, at, chosen)
      turns.push(canary)
      canary?.process.ejection.canarySent(at)
      canary?.process.ejection.canaryEnded(at)
      canary?.process.ejection.failed({ now: at, startedAt: at, mayEject: () => false })
    }
    expect(turns).toEqual([bad, worse, bad, out])
  })

  test('are due for a canary when their time is over, one at a time', () => {
    const candidates = standingsOf({}, {})
    eject(candidates[1]?.process, now)
    expect(chooseCanary(candidates, now + 4999)).toBeUndefined()
    expect(chooseCanary(candidates, now + 5000)).toBe(candidates[1])
    candidates[1]?.process.ejection.canarySent(now)
    expect(chooseCanary(candidates, now + 5000)).toBeUndefined()
  })
})

describe('a tunnel of this replica', () => {
  /** The first is this replica's own; the others are held elsewhere. */
  function withRemotes(...gateways: Parameters<typeof standingsOf>): TunnelStanding[] {
    const [own, ...others] = standingsOf(...gateways)
    if (own === undefined) return []
    for (const { tunnel } of others) Object.assign(tunnel, { costFactor: 1.25 })
    return [own, ...others]
  }

  test('is preferred to all that others hold, while it costs at most a quarter more', () => {
    expect(
      shares(withRemotes({ latencyMs: 5 }, { latencyMs: 4.1 }, { latencyMs: 4.1 }, { latencyMs: 4.1 })),
    ).toEqual([1000, 0, 0, 0])
    expect(shares(withRemotes({ latencyMs: 5 }, { latencyMs: 3.9 }))).toEqual([0, 1000])
  })

  test('is preferred before anything is known of either, until reviews wait on it', () => {
    const candidates = withRemotes({}, {})
    expect(shares(candidates)).toEqual([1000, 0])
    candidates[0]?.process.asked(now)
    expect(shares(candidates)).toEqual([0, 1000])
  })

  test('is preferred to another of the same process whatever that has in flight', () => {
    const candidates = withRemotes({ gatewayId: 'same' }, { gatewayId: 'same' })
    for (let count = 0; count < 5; count += 1) candidates[0]?.process.asked(now)
    expect(shares(candidates)).toEqual([1000, 0])
  })

  test('is passed over while it is doubtful', () => {
    const candidates = withRemotes({ latencyMs: 1 }, { latencyMs: 9 })
    const [own] = candidates
    Object.assign(own?.tunnel ?? {}, { isSuspect: true })
    expect(shares(candidates)).toEqual([0, 1000])
  })
})
