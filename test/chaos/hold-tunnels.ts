import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { answerOf, endChild, startTunnelServer, type TunnelServer } from './start-tunnel-server.ts'

export interface HeldTunnels {
  server: TunnelServer
  /** Tells the gateways a number, and resolves when they have done what it means to them. */
  tell: (count: number) => Promise<void>
}

/**
 * Runs `measure` on a server of tunnels with TLS in process, whose gateways live in another process.
 * @param gateways `idle`: a number makes as many; `restless`: a number makes as many come and go
 */
export async function holdTunnels<Measured>(
  gateways: 'idle' | 'restless',
  measure: (held: HeldTunnels) => Promise<Measured>,
): Promise<Measured> {
  const server = await startTunnelServer()
  const child = fork(fileURLToPath(new URL(`${gateways}-gateways-process.ts`, import.meta.url)), [
    server.origin,
  ])
  try {
    const ready = answerOf(child)
    child.send(server.ca)
    await ready
    return await measure({
      server,
      tell: async (count) => {
        const done = answerOf(child)
        child.send(count)
        await done
      },
    })
  } finally {
    await endChild(child)
    await server.stop()
  }
}
