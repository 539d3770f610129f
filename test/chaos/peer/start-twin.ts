import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { PeerCredential } from './enrol-peer.ts'

export interface TwinOrder {
  /** The control plane's. */
  url: string
  kubernetesUrl: string
  serviceAccountFolder: string
  instanceId: string
  credential: PeerCredential
}

export interface Twin {
  /** What it has logged. */
  output(): string
  close(): Promise<void>
}

const processFile = fileURLToPath(new URL('twin-process.ts', import.meta.url))

/** Resolves once its first tunnel is up. */
export async function startTwin(order: TwinOrder): Promise<Twin> {
  const child = fork(processFile, [], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
  const failed = exited.then(() => Promise.reject(new Error(`the twin ended:\n${output}`)))
  failed.catch(() => undefined)
  child.send(order)
  await Promise.race([once(child, 'message'), failed])
  return {
    output: () => output,
    async close() {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}
