import { setTimeout as sleep } from 'node:timers/promises'
import type { Experiment } from './experiment.ts'
import { holdTunnels } from './hold-tunnels.ts'

/** Before the first figure: what a server that takes gateways needs once (code, the young generation of the heap). */
const warmUpTunnels = 1_000
const bytesMax = 64 * 1024

export const idleMemory: Experiment = {
  name: 'P10',
  asked: 'an idle tunnel costs at most 64 KB of resident memory, TLS in process, with 5,000 tunnels',
  run: (size, say) =>
    holdTunnels('idle', async ({ server, tell: grow }) => {
      const tunnels = size === 'quick' ? 1_500 : 5_000
      await grow(warmUpTunnels)
      await sleep(4_000)
      const before = await server.figures('memory')
      await grow(warmUpTunnels + tunnels)
      say(`${tunnels} tunnels are there`)
      // Two rounds of pings: what they leave behind counts too.
      await sleep(7_000)
      const after = await server.figures('memory')
      const each = (bytes: (figures: typeof after) => number): number =>
        Math.round((bytes(after) - bytes(before)) / (after.tunnels - before.tunnels))
      const bytesPerTunnel = each(({ rssBytes }) => rssBytes)
      return {
        measured: {
          tunnels: after.tunnels,
          ended: after.ends,
          bytesPerTunnel,
          ofThatHeapBytes: each(({ heapBytes }) => heapBytes),
          ofThatExternalBytes: each(({ externalBytes }) => externalBytes),
          rssMB: Math.round(after.rssBytes / 1e6),
        },
        ok: after.tunnels === warmUpTunnels + tunnels && bytesPerTunnel <= bytesMax,
      }
    }),
}
