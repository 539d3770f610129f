import { setTimeout as sleep } from 'node:timers/promises'
import type { Experiment } from './experiment.ts'
import { holdTunnels } from './hold-tunnels.ts'

const growthMax = 1.05
/** Closing handshakes, and what is remembered of gateways that left a moment ago. */
const settleMs = 12_000

export const nothingStays: Experiment = {
  name: 'P18',
  asked:
    'after 100,000 reviews cancelled at random moments and 10,000 tunnels that came and went, handles and timers are back to the start, and resident memory within 5 %',
  run: (size, say) =>
    holdTunnels('restless', async ({ server, tell: flap }) => {
      const amount = size === 'quick' ? { reviews: 10_000, flaps: 300 } : { reviews: 100_000, flaps: 10_000 }
      // A share first, so that code, pools and the young generation of the heap have the size that work gives them.
      const warmUp = size === 'quick' ? 1 : 0.3
      await Promise.all([server.cancelReviews(amount.reviews * warmUp), flap(amount.flaps * warmUp)])
      say('warm')
      await sleep(size === 'quick' ? 3_000 : settleMs)
      const before = await server.figures('memory')
      const [tally] = await Promise.all([server.cancelReviews(amount.reviews), flap(amount.flaps)])
      say('all came and went')
      await sleep(size === 'quick' ? 3_000 : settleMs)
      const after = await server.figures('memory')
      const growth = after.rssBytes / before.rssBytes
      const isBack = JSON.stringify(after.resources) === JSON.stringify(before.resources)
      return {
        measured: {
          ...amount,
          ...tally,
          tunnels: [before.tunnels, after.tunnels],
          ended: after.ends,
          resources: [before.resources, after.resources],
          rssMB: [before.rssBytes, after.rssBytes].map((bytes) => Math.round(bytes / 1e5) / 10),
          heapMB: [before.heapBytes, after.heapBytes].map((bytes) => Math.round(bytes / 1e5) / 10),
          growth: Number(growth.toFixed(3)),
        },
        ok: isBack && before.tunnels === after.tunnels && growth <= growthMax && tally.misdirected === 0,
      }
    }),
}
