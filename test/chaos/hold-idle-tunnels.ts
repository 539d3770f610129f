import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startTunnelServer, type TunnelServer } from './start-tunnel-server.ts'

export interface IdleTunnels {
  server: TunnelServer
  /** Resolves when there are that many. */
  grow: (count: number) => Promise<void>
}

/** Runs `measure` on a server of tunnels with TLS in process, whose gateways live in another process. */
export async function holdIdleTunnels<Measured>(
  measure: (idle: IdleTunnels) => Promise<Measured>,
): Promise<Measured> {
  const server = await startTunnelServer({ handshakesPerSecondMax: 10_000 })
  const gateways = fork(
    fileURLToPath(new URL('idle-gateways-process.ts', import.meta.url)),
    [server.origin],
    {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    },
  )
  try {
    gateways.send(server.ca)
    await once(gateways, 'message')
    return await measure({
      server,
      grow: async (count) => {
        const grown = once(gateways, 'message')
        gateways.send(count)
        await Promise.race([
          grown,
          once(gateways, 'exit').then(() => Promise.reject(new Error('gateways died'))),
        ])
      },
    })
  } finally {
    const exited = once(gateways, 'exit')
    if (gateways.exitCode === null) {
      gateways.disconnect()
      await exited
    }
    await server.stop()
  }
}
