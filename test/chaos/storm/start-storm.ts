import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { PeerCredential } from '../peer/enrol-peer.ts'
import { redirection } from '../world/redirection.ts'

export interface StormOrder {
  /** The control plane's public URL. */
  url: string
  credentials: readonly PeerCredential[]
}

export interface StormReport {
  /** Gateways whose tunnel is up. */
  up: number
}

export interface Storm {
  /** Gateways whose tunnel is up now, by what they know. */
  up(): number
  close(): Promise<void>
}

const processFile = fileURLToPath(new URL('storm-process.ts', import.meta.url))

/** Opens a tunnel for each credential and keeps it open, in few processes. @param through the relay on the way, if there is one */
export function startStorm(order: StormOrder, through?: { address: string }, processes = 2): Storm {
  const ups = Array.from({ length: processes }, () => 0)
  const children = ups.map((_zero, number) => {
    const child = fork(processFile, [], {
      env: {
        PATH: process.env['PATH'],
        ...(through === undefined ? {} : redirection(order.url, through)),
      },
    })
    child.on('message', (report: StormReport) => (ups[number] = report.up))
    const credentials = order.credentials.filter((_, index) => index % processes === number)
    child.send({ ...order, credentials } satisfies StormOrder)
    return child
  })
  return {
    up: () => ups.reduce((sum, up) => sum + up, 0),
    async close() {
      await Promise.all(
        children.map(async (child) => {
          const exited = once(child, 'exit')
          if (child.connected) child.disconnect()
          if (child.exitCode === null) await exited
        }),
      )
    },
  }
}
