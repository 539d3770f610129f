import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StreamWorld } from './stream-world.ts'

/** Where the bytes go. */
export type Direction = 'to the control plane' | 'to the gateway'

export interface Bulk {
  stream: Duplex
  /** Bytes that arrived since the last call. */
  takeArrived(): Promise<number>
  end(): void
}

const block = Buffer.alloc(64 * 1024, 7)

/** A stream that always has something to send, and a far end that takes all of it. */
export async function startBulk(world: StreamWorld, direction: Direction): Promise<Bulk> {
  const isToGateway = direction === 'to the gateway'
  const stream = await world.openBulk(isToGateway ? 'takes' : 'sends')
  stream.on('error', () => undefined)
  let received = 0
  stream.on('data', (chunk: Buffer) => (received += chunk.length))
  if (isToGateway) {
    const send = (): void => {
      while (!stream.destroyed && stream.write(block));
    }
    stream.on('drain', send)
    send()
  }
  let counted = 0
  return {
    stream,
    async takeArrived() {
      const { bytesToClient } = await world.relay.figures()
      const total = isToGateway ? bytesToClient : received
      const arrived = total - counted
      counted = total
      return arrived
    },
    end: () => stream.destroy(),
  }
}

/** Megabits a second over this time. */
export async function measureRate(bulk: Pick<Bulk, 'takeArrived'>, ms: number): Promise<number> {
  await bulk.takeArrived()
  const since = performance.now()
  await sleep(ms)
  const bytes = await bulk.takeArrived()
  return (bytes * 8) / ((performance.now() - since) * 1000)
}
