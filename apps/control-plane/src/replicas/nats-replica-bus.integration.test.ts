import { createSecretKey, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import { connect } from '@nats-io/transport-node'
import { type NatsServer, startNatsCluster, startNatsServer } from '@postern/testing/nats-server'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

import {
  type TestBus,
  type TestBusOptions,
  bytes,
  hasNatsServer,
  openTestBus,
  text,
} from './test/open-test-bus.ts'

const opened: TestBus[] = []

async function open(options: TestBusOptions): Promise<TestBus> {
  const bus = await openTestBus(options)
  opened.push(bus)
  return bus
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ bus }) => bus.close()))
})

const soon = { timeout: 10_000, interval: 10 }

describe.skipIf(!hasNatsServer)('NatsReplicaBus', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await startNatsServer()
  })
  afterAll(() => server.stop())

  const openTwo = (): Promise<[TestBus, TestBus]> =>
    Promise.all([open({ urls: [server.url] }), open({ urls: [server.url] })])

  it('tells every replica that listens, and not the one that speaks', async () => {
    const [first, second] = await openTwo()
    const third = await open({ urls: [server.url] })
    const heard: string[] = []
    for (const [name, { bus }] of Object.entries({ first, second, third })) {
      bus.listen('news', (message) => heard.push(`${name} ${text(message)}`))
      bus.listen('other', (message) => heard.push(`wrong ${text(message)}`))
    }
    await ready(second, third)
    first.bus.publish('news', bytes('a'))
    await vi.waitFor(() => expect(heard.toSorted()).toEqual(['second a', 'third a']), soon)
    await sleep(50)
    expect(heard).toHaveLength(2)
  })

  it('asks the one that serves a topic, which may be itself', async () => {
    const [first, second] = await openTwo()
    second.bus.serve('tunnel.t-1', (message) => bytes(`second ${text(message)}`))
    first.bus.serve('tunnel.t-2', async (message) => Promise.resolve(bytes(`first ${text(message)}`)))
    await ready(second)
    expect(await ask(first, 'tunnel.t-1', 'a')).toBe('second a')
    expect(await ask(first, 'tunnel.t-2', 'b')).toBe('first b')
    const many = Array.from({ length: 500 }, (_, index) => ask(first, 'tunnel.t-1', `${index}`))
    expect(await Promise.all(many)).toEqual(many.map((_, index) => `second ${index}`))
    expect(first.standing()?.waiting).toBe(0)
  })

  it('knows at once that nobody serves a topic, before and after somebody did', async () => {
    const [first, second] = await openTwo()
    expect(await ask(first, 'tunnel.t-3', 'a')).toBe('no-responders')
    const stop = second.bus.serve('tunnel.t-3', (message) => message)
    await ready(second)
    expect(await ask(first, 'tunnel.t-3', 'a')).toBe('a')
    stop()
    await ready(second)
    expect(await ask(first, 'tunnel.t-3', 'a')).toBe('no-responders')
  })

  it('gives up after the time, and at the signal', async () => {
    const [first, second] = await openTwo()
    second.bus.serve('slow', () => new Promise(() => undefined))
    await ready(second)
    expect((await first.bus.request('slow', bytes('a'), { timeoutMs: 20 })).kind).toBe('timed-out')
    const caller = new AbortController()
    const asked = first.bus.request('slow', bytes('a'), { timeoutMs: 10_000, signal: caller.signal })
    caller.abort()
    expect((await asked).kind).toBe('cancelled')
    const late = await first.bus.request('slow', bytes('a'), { timeoutMs: 10_000, signal: caller.signal })
    expect(late.kind).toBe('cancelled')
    expect(first.standing()?.waiting).toBe(0)
  })

  it('answers nothing where the one that serves fails, and says so in its log', async () => {
    const [first, second] = await openTwo()
    second.bus.serve('failing', () => Promise.reject(new Error('a bug')))
    await ready(second)
    expect((await first.bus.request('failing', bytes('a'), { timeoutMs: 50 })).kind).toBe('timed-out')
    expect(second.log.join('\n')).toContain('a request of another replica failed')
  })

  it('sends what was published before it closes', async () => {
    const [first, second] = await openTwo()
    const heard: string[] = []
    second.bus.listen('last', (message) => heard.push(text(message)))
    await ready(second)
    first.bus.publish('last', bytes('words'))
    await first.bus.close()
    await vi.waitFor(() => expect(heard).toEqual(['words']), soon)
    expect(first.bus.isConnected).toBe(false)
    expect(await ask(first, 'last', 'a')).toBe('disconnected')
  })

  describe('with somebody else at the same NATS server', () => {
    it('lets him read nothing, and hears nothing of him', async () => {
      const [first, second] = await openTwo()
      const stranger = await connect({ servers: `127.0.0.1:${server.port}` })
      const seen: { subject: string; data: Uint8Array; reply: string }[] = []
      const heard: string[] = []
      second.bus.listen('news', (message) => heard.push(text(message)))
      second.bus.serve('tunnel.t-4', (message) => {
        heard.push(`asked ${text(message)}`)
        return bytes('verdict canary')
      })
      await ready(second)
      stranger.subscribe('>', {
        callback: (_error, { subject, data, reply = '' }) => {
          seen.push({ subject, data, reply })
        },
      })
      await stranger.flush()
      first.bus.publish('news', bytes('notice canary'))
      expect(await ask(first, 'tunnel.t-4', 'token canary')).toBe('verdict canary')
      await vi.waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(3), soon)
      expect(seen.some(({ data }) => Buffer.from(data).includes('canary'))).toBe(false)
      expect(heard).toEqual(['notice canary', 'asked token canary'])

      const before = second.told.length
      for (const { subject, data, reply } of seen) {
        const changed = Uint8Array.from(data, (byte, index) => (index === data.length - 20 ? byte ^ 1 : byte))
        stranger.publish(subject, data, { reply })
        stranger.publish(subject, changed, { reply })
        stranger.publish(subject, bytes('nonsense'), { reply })
        // A request turned into a notice, an answer that would go elsewhere, one topic for another.
        stranger.publish(subject, data)
        stranger.publish(subject, data, { reply: 'postern.inbox.elsewhere' })
        stranger.publish('postern.news', data)
        stranger.publish('postern.tunnel.t-4', data, { reply: 'postern.inbox.elsewhere' })
      }
      await stranger.flush()
      await sleep(100)
      await stranger.close()
      expect(heard).toHaveLength(2)
      expect(new Set(second.told.slice(before))).toEqual(
        new Set(['discarded unreadable', 'discarded replayed']),
      )
    })

    it('takes no answer from him, and waits for the right one', async () => {
      const [first, second] = await openTwo()
      const stranger = await connect({ servers: `127.0.0.1:${server.port}` })
      stranger.subscribe('postern.tunnel.t-5', {
        callback: (_error, message) => {
          message.respond(bytes('forged'))
          message.respond(message.data)
        },
      })
      await stranger.flush()
      second.bus.serve('tunnel.t-5', async () => {
        await sleep(50)
        return bytes('right')
      })
      await ready(second)
      expect(await ask(first, 'tunnel.t-5', 'a')).toBe('right')
      expect(first.told).toContain('discarded unreadable')
      await stranger.close()
    })

    it('has nothing to do with replicas of another instance', async () => {
      const [first, other] = await Promise.all([
        open({ urls: [server.url] }),
        open({ urls: [server.url], secret: createSecretKey(randomBytes(32)) }),
      ])
      const heard: string[] = []
      other.bus.listen('news', (message) => heard.push(text(message)))
      other.bus.serve('tunnel.t-6', (message) => message)
      await ready(other)
      first.bus.publish('news', bytes('a'))
      expect((await first.bus.request('tunnel.t-6', bytes('a'), { timeoutMs: 100 })).kind).toBe('timed-out')
      expect(heard).toEqual([])
      expect(other.told.filter((what) => what === 'discarded unreadable')).toHaveLength(2)
    })
  })
})

describe.skipIf(!hasNatsServer)('NatsReplicaBus, as NATS comes and goes', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await startNatsServer()
  })
  afterAll(() => server.stop())

  it('says at once that the connection broke, and is as before when NATS is back', async () => {
    const [first, second] = await Promise.all([open({ urls: [server.url] }), open({ urls: [server.url] })])
    const heard: string[] = []
    let reconnections = 0
    first.bus.onReconnected(() => (reconnections += 1))
    first.bus.listen('news', (message) => heard.push(text(message)))
    second.bus.serve('slow', () => new Promise(() => undefined))
    second.bus.serve('tunnel.t-1', (message) => message)
    await ready(first, second)
    const asked = first.bus.request('slow', bytes('a'), { timeoutMs: 60_000 })
    await sleep(20)
    await server.kill()
    expect((await asked).kind).toBe('disconnected')
    expect(first.bus.isConnected).toBe(false)
    expect(await ask(first, 'tunnel.t-1', 'a')).toBe('disconnected')
    first.bus.publish('news', bytes('lost'))
    expect(first.told).toEqual(['connected', 'disconnected', 'unsent'])
    const stopListening = first.bus.listen('while-away', (message) => heard.push(text(message)))
    await sleep(300)

    await server.restart()
    await vi.waitFor(() => expect([first, second].every(({ bus }) => bus.isConnected)).toBe(true), soon)
    expect(reconnections).toBe(1)
    await ready(first, second)
    expect(await ask(first, 'tunnel.t-1', 'b')).toBe('b')
    second.bus.publish('news', bytes('c'))
    second.bus.publish('while-away', bytes('d'))
    await vi.waitFor(() => expect(heard).toEqual(['c', 'd']), soon)
    stopListening()
  })

  it('notices within 5 s that NATS went silent, keeps a bounded amount for it, and goes on when it is back', async () => {
    const [first, second] = await Promise.all([open({ urls: [server.url] }), open({ urls: [server.url] })])
    second.bus.serve('tunnel.t-2', (message) => message)
    await ready(second)
    const memory = process.memoryUsage().rss
    const startedAt = performance.now()
    server.pause()
    const chunk = new Uint8Array(100_000)
    const asked = first.bus.request('tunnel.t-2', bytes('a'), { timeoutMs: 60_000 })
    while (first.bus.isConnected && performance.now() - startedAt < 20_000) {
      for (let count = 0; count < 20; count += 1) first.bus.publish('news', chunk)
      await sleep(10)
    }
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    expect((await asked).kind).toBe('disconnected')
    expect(first.told).toContain('unsent')
    expect(process.memoryUsage().rss - memory).toBeLessThan(200 * 1024 * 1024)
    // Attempts at a server that accepts and says nothing keep no sockets: each ends before the next.
    await sleep(8_000)
    const sockets = process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap')
    expect(sockets.length).toBeLessThanOrEqual(4)
    server.resume()
    await vi.waitFor(() => expect([first, second].every(({ bus }) => bus.isConnected)).toBe(true), soon)
    await ready(first, second)
    expect(await ask(first, 'tunnel.t-2', 'b')).toBe('b')
  })

  it('begins without NATS, and connects when it comes', async () => {
    await server.kill()
    const late = await open({ urls: [server.url], waitMs: 300 })
    let connections = 0
    late.bus.onReconnected(() => (connections += 1))
    expect([late.refusal, late.bus.isConnected]).toEqual([undefined, false])
    expect(late.log).toEqual([
      expect.stringMatching(/no connection to NATS.*cannot be reached \(ECONNREFUSED\)/),
    ])
    await server.restart()
    await vi.waitFor(() => expect(late.bus.isConnected).toBe(true), soon)
    expect(connections).toBe(1)
  })
})

describe.skipIf(!hasNatsServer)('NatsReplicaBus at a NATS cluster', () => {
  it('moves on from a server that is killed, and without any loss from one that says it will stop', async () => {
    const servers = await startNatsCluster(3)
    try {
      const [a, b] = await Promise.all([
        open({ urls: servers.map(({ url }) => url) }),
        open({ urls: servers.map(({ url }) => url) }),
      ])
      b.bus.serve('tunnel.t-1', (message) => message)
      await vi.waitFor(async () => expect(await ask(a, 'tunnel.t-1', 'a')).toBe('a'), soon)

      const outcomes: string[] = []
      const asking = { isOver: false }
      const load = (async () => {
        while (!asking.isOver) {
          outcomes.push(await ask(a, 'tunnel.t-1', 'a'))
          await sleep(2)
        }
      })()
      const firstUsed = servers.find(({ url }) => a.standing()?.server === url.replace('nats://', ''))
      firstUsed?.enterLameDuckMode()
      await vi.waitFor(() => expect(a.log.join('\n')).toContain('moved to another NATS server'), soon)
      await sleep(3_000)
      asking.isOver = true
      await load
      expect(new Set(outcomes)).toEqual(new Set(['a']))
      expect(a.told.filter((what) => what === 'disconnected')).toEqual([])

      const nextUsed = servers.find(({ url }) => a.standing()?.server === url.replace('nats://', ''))
      expect(nextUsed).not.toBe(firstUsed)
      await nextUsed?.kill()
      await vi.waitFor(async () => expect(await ask(a, 'tunnel.t-1', 'b')).toBe('b'), soon)
    } finally {
      await Promise.all(servers.map((server) => server.stop()))
    }
  })
})

/** What each has subscribed to is known to the server. */
async function ready(...buses: TestBus[]): Promise<void> {
  await Promise.all(buses.map(({ bus }) => bus.request('nobody', bytes(''), { timeoutMs: 5_000 })))
}

async function ask({ bus }: TestBus, topic: string, message: string): Promise<string> {
  const answer = await bus.request(topic, bytes(message), { timeoutMs: 5_000 })
  return answer.kind === 'answered' ? text(answer.message) : answer.kind
}
