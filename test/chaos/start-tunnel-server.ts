import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createCertificateAuthority } from '@postern/testing/certificate-authority'

/** The first message to `tunnel-server-process.ts`. */
export interface TunnelServerStart {
  /** PEM. */
  certificate: string
  privateKey: string
  handshakesPerSecondMax: number
}

/** What it is asked by message; a collection, which makes memory comparable, costs processor time. */
export type TunnelServerQuestion = 'memory' | 'processor'

export interface TunnelServerFigures {
  tunnels: number
  /** After garbage collection when asked for `memory`. */
  rssBytes: number
  heapBytes: number
  externalBytes: number
  /** Processor time since its start. */
  userMicros: number
  systemMicros: number
}

export interface TunnelServer {
  origin: string
  /** PEM. */
  ca: string
  pid: number
  figures(asked: TunnelServerQuestion): Promise<TunnelServerFigures>
  stop(): Promise<void>
}

/** Starts the measured end of tunnels in a process of its own. */
export async function startTunnelServer({
  handshakesPerSecondMax,
}: Pick<TunnelServerStart, 'handshakesPerSecondMax'>): Promise<TunnelServer> {
  const authority = await createCertificateAuthority('idle tunnels')
  const { certificate, privateKey } = await authority.issue()
  const child = fork(fileURLToPath(new URL('tunnel-server-process.ts', import.meta.url)), {
    execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
  })
  const start: TunnelServerStart = { certificate, privateKey, handshakesPerSecondMax }
  child.send(start)
  const [{ origin }] = (await once(child, 'message')) as [{ origin: string }]
  return {
    origin,
    ca: authority.certificate,
    pid: child.pid ?? 0,
    figures: async (asked) => {
      const answered = once(child, 'message')
      child.send(asked)
      const [figures] = (await answered) as [TunnelServerFigures]
      return figures
    },
    stop: async () => {
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    },
  }
}
