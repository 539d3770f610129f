import { setTimeout as sleep } from 'node:timers/promises'
import type { Experiment } from './experiment.ts'
import { holdTunnels } from './hold-tunnels.ts'

const coreShareMax = 0.06
const fullTunnels = 5_000

export const idleProcessorTime: Experiment = {
  name: 'P11',
  asked: '5,000 idle tunnels with pings every 3 s from both sides cost at most 6 % of a core, TLS in process',
  run: (size, say) =>
    holdTunnels('idle', async ({ server, tell: grow }) => {
      const tunnels = size === 'quick' ? 1_500 : fullTunnels
      const seconds = size === 'quick' ? 9 : 60
      await grow(tunnels)
      say(`${tunnels} tunnels are there`)
      // Past the handshakes' garbage and into optimized code.
      await sleep(6_000)
      const before = await server.figures('processor')
      const startedAt = performance.now()
      await sleep(seconds * 1_000)
      const after = await server.figures('processor')
      const elapsedMicros = (performance.now() - startedAt) * 1_000
      const userShare = (after.userMicros - before.userMicros) / elapsedMicros
      const systemShare = (after.systemMicros - before.systemMicros) / elapsedMicros
      const share = userShare + systemShare
      // What a few tunnels cost scales: the event loop wakes more often for each of them, never less.
      const coreShareAtFull = (share * fullTunnels) / tunnels
      return {
        measured: {
          tunnels: after.tunnels,
          ended: after.ends,
          seconds,
          coreShare: Number(share.toFixed(4)),
          ofThatInTheKernel: Number(systemShare.toFixed(4)),
          coreSharePer5000: Number(coreShareAtFull.toFixed(4)),
        },
        ok: after.tunnels === tunnels && coreShareAtFull <= coreShareMax,
      }
    }),
}
