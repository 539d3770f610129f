import { afterEach, describe, expect, test } from 'vitest'
import { FakeGateway, helloFrame } from './test/fake-gateway.ts'
import { TunnelBench } from './test/tunnel-bench.ts'
import type { TunnelEndpointOptions } from './tunnel-endpoint.ts'

let bench: TunnelBench

async function start(options: Partial<TunnelEndpointOptions> = {}): Promise<TunnelBench> {
  bench = await TunnelBench.start(options)
  return bench
}
afterEach(async () => {
  await bench.stop()
})

function linesOf(message: string): object[] {
  return bench.log.filter((line) => line.message === message).map(({ fields }) => fields)
}

describe('a crowd of gateways', () => {
  test('P8 whose Hellos come in one moment are welcomed one after the other', async () => {
    const { url } = await start({ handshakesPerSecond: 40 })
    const gateways = await Promise.all(
      Array.from({ length: 12 }, (_, index) => FakeGateway.dial(url, `gateway-${index}.x.y`)),
    )
    const welcomedAt: number[] = []
    const welcomes = gateways.map(async (gateway) => {
      await gateway.frames('welcome')
      welcomedAt.push(performance.now())
    })
    const sentAt = performance.now()
    for (const [index, gateway] of gateways.entries())
      gateway.send(helloFrame({ instanceId: `instance-${index}` }))
    await Promise.all(welcomes)
    // 11 follow the first, at most 60 a second and a few that were due.
    expect(Math.max(...welcomedAt) - sentAt).toBeGreaterThan((11 / 60) * 1000 - 100)
  })

  test('P8 that is turned away is told when to come, each of it, and each is counted', async () => {
    const asked = Promise.withResolvers<void>()
    const { url, events } = await start({
      handshakesMax: 1,
      authenticateGateway: async () => {
        asked.resolve()
        return new Promise(() => undefined)
      },
    })
    const held = FakeGateway.dial(url, 'held.x.y').catch(() => 'refused')
    await asked.promise
    const refusals = await Promise.all(Array.from({ length: 30 }, () => FakeGateway.refused(url, {})))
    expect(refusals.map(({ status }) => status)).toEqual(refusals.map(() => 503))
    expect(refusals.map(({ body }) => body['retryAfterSeconds'])).toEqual(refusals.map(() => 1))
    expect(events.filter((event) => event === 'refused: busy')).toHaveLength(30)
    await bench.endpoint.close()
    await expect(held).resolves.toBe('refused')
  })

  test('P8 that leaves in one moment is counted, tunnel by tunnel, and logged in few lines', async () => {
    const { url, events } = await start({ handshakesPerSecond: 10_000 })
    const gateways = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        FakeGateway.connect(url, `gateway-${index}.x.y`, { instanceId: `instance-${index}` }),
      ),
    )
    for (const { webSocket } of gateways) webSocket.terminate()
    await expect.poll(() => events.filter((event) => event === 'closed: lost')).toHaveLength(40)
    await bench.endpoint.close()
    const lines = linesOf('tunnel closed')
    expect(lines).toHaveLength(21)
    expect(lines.at(-1)).toEqual({ end: 'lost', more: 20 })
    expect(linesOf('tunnel opened').at(-1)).toEqual({ more: 20 })
  })
})
