/** `pnpm bench presence`: what it costs to say and to hear of tunnels, in this process alone. */
import { createSecretKey } from 'node:crypto'
import { MessageSealer } from '../../apps/control-plane/src/replicas/sealed-message.ts'
import {
  presenceLimits,
  readPresence,
  writePresence,
} from '../../apps/control-plane/src/tunnel/remote/presence.ts'
import { RemoteTunnelTable } from '../../apps/control-plane/src/tunnel/remote/remote-tunnel-table.ts'
import { anyTunnel } from './scale/announce-tunnels.ts'

export interface PresenceFigures {
  bench: 'presence'
  tunnels: number
  /** Microseconds of CPU for each tunnel. */
  sayMicros: number
  hearMicros: number
  bytes: number
}

const topic = 'postern.tunnels'
const rounds = 8

/** The least of several rounds: the first ones run uncompiled. */
export function benchPresence(tunnels: number): PresenceFigures {
  const secret = createSecretKey(Buffer.alloc(32))
  const [speaker, hearer] = [new MessageSealer(secret), new MessageSealer(secret)]
  const all = Array.from({ length: tunnels }, (_, index) => anyTunnel(index))
  const table = new RemoteTunnelTable({
    isConnected: () => true,
    ask: () => Promise.resolve({ kind: 'cancelled' }),
    replicaFound: () => undefined,
    replicaLost: () => undefined,
    observer: { presenceDropped: (why) => fail(why) },
    elapsed: () => performance.now(),
  })
  const said: number[] = []
  const heard: number[] = []
  let [sequence, bytes] = [0, 0]
  for (let round = 0; round < rounds; round += 1) {
    const messages: Buffer[] = []
    said.push(
      cpuOf(() => {
        for (let start = 0; start < tunnels; start += presenceLimits.hereMax) {
          sequence += 1
          const here = all.slice(start, start + presenceLimits.hereMax)
          const from = { processId: 'process', replicaId: 'replica', sequence, sentAtMs: performance.now() }
          messages.push(speaker.seal(topic, writePresence({ ...from, here, gone: [], isLeaving: false })))
        }
      }),
    )
    bytes = messages.reduce((total, message) => total + message.byteLength, 0)
    heard.push(
      cpuOf(() => {
        for (const message of messages) {
          const opened = hearer.open(topic, message)
          const presence = opened.kind === 'opened' ? readPresence(opened.message) : undefined
          table.hear(presence ?? fail(opened.kind))
        }
      }),
    )
  }
  const least = (all: readonly number[]): number => Math.round((Math.min(...all) / tunnels) * 10) / 10
  return {
    bench: 'presence',
    tunnels,
    sayMicros: least(said),
    hearMicros: least(heard),
    bytes: Math.round(bytes / tunnels),
  }
}

function cpuOf(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

function fail(why: string): never {
  throw new Error(`a message was not taken: ${why}`)
}
