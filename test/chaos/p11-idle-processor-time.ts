import { setTimeout as sleep } from 'node:timers/promises'
import { holdBareSockets } from './bare-sockets.ts'
import type { Experiment } from './experiment.ts'
import { holdTunnels } from './hold-tunnels.ts'

const coreShareMax = 0.06
const fullTunnels = 5_000

export const idleProcessorTime: Experiment = {
  name: 'P11',
  asked: '5,000 idle tunnels with pings every 3 s from both sides cost at most 6 % of a core, TLS in process',
  async run(size, say) {
    const tunnels = size === 'quick' ? 1_000 : fullTunnels
    const seconds = size === 'quick' ? 6 : 60
    const ours = await holdTunnels('idle', async ({ server, tell: grow }) => {
      await grow(tunnels)
      say(`${tunnels} tunnels are there`)
      const used = await measureProcessor(() => server.figures('processor'), seconds)
      const { tunnels: there, ends } = await server.figures('processor')
      return { ...used, there, ends }
    })
    const bare = await holdBareSockets(tunnels, (look) => {
      say(`${tunnels} bare sockets are there`)
      return measureProcessor(look, seconds)
    })
    // What a few tunnels cost scales: the event loop wakes more often for each of them, never less.
    const atFull = (share: number): number => (share * fullTunnels) / tunnels
    return {
      measured: {
        tunnels: ours.there,
        ended: ours.ends,
        seconds,
        coreShare: round(ours.share),
        ofThatInTheKernel: round(ours.systemShare),
        coreSharePer5000: round(atFull(ours.share)),
        // The floor: the same bytes over sockets that nobody does anything with.
        bareSockets: {
          coreShare: round(bare.share),
          ofThatInTheKernel: round(bare.systemShare),
          coreSharePer5000: round(atFull(bare.share)),
        },
        ofBareSockets: Number((ours.share / bare.share).toFixed(2)),
      },
      ok: ours.there === tunnels && atFull(ours.share) <= coreShareMax,
    }
  },
}

/** @returns shares of one core */
async function measureProcessor(
  look: () => Promise<{ userMicros: number; systemMicros: number }>,
  seconds: number,
): Promise<{ share: number; systemShare: number }> {
  // Past the handshakes' garbage and into optimized code.
  await sleep(6_000)
  const before = await look()
  const startedAt = performance.now()
  await sleep(seconds * 1_000)
  const after = await look()
  const elapsedMicros = (performance.now() - startedAt) * 1_000
  const systemShare = (after.systemMicros - before.systemMicros) / elapsedMicros
  return { share: (after.userMicros - before.userMicros) / elapsedMicros + systemShare, systemShare }
}

function round(share: number): number {
  return Number(share.toFixed(4))
}
