import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { noFaults, type LinkFaults, type RelayFigures } from './link-faults.ts'

export interface RelayOrder {
  id: number
  order:
    | { kind: 'apply'; faults: Partial<LinkFaults> }
    | { kind: 'cut'; how: LinkFaults['cutBy'] }
    | { kind: 'figures' }
}

export interface RelayAnswer {
  id: number
  port: number
  figures: RelayFigures
}

/** A relay in a process of its own. Each order is in force when its promise resolves. */
export interface RelayProcess {
  /** `127.0.0.1:port` */
  readonly address: string
  readonly port: number
  readonly pid: number
  /** Changes these faults and leaves the others. */
  apply(faults: Partial<LinkFaults>): Promise<void>
  /** Takes all faults back; connections that have lost bytes stay dead until they are cut. */
  heal(): Promise<void>
  /** Cuts every connection there is now. */
  cut(how?: LinkFaults['cutBy']): Promise<void>
  figures(): Promise<RelayFigures>
  close(): Promise<void>
}

const processFile = fileURLToPath(new URL('relay-process.ts', import.meta.url))

/** @param target where it leads; @param listenPort 0 for any */
export async function startRelay(
  target: { host: string; port: number },
  listenPort = 0,
): Promise<RelayProcess> {
  const child = fork(processFile, [target.host, String(target.port), String(listenPort)])
  const exited = once(child, 'exit')
  const waiting = new Map<number, (answer: RelayAnswer) => void>()
  child.on('message', (answer: RelayAnswer) => {
    waiting.get(answer.id)?.(answer)
    waiting.delete(answer.id)
  })
  const failed = exited.then(() => Promise.reject(new Error('the relay ended')))
  // Whoever waits for an answer hears it; nobody may wait at all.
  failed.catch(() => undefined)
  const answerTo = (id: number): Promise<RelayAnswer> =>
    Promise.race([new Promise<RelayAnswer>((resolve) => waiting.set(id, resolve)), failed])
  let lastId = 0
  const tell = (order: RelayOrder['order']): Promise<RelayAnswer> => {
    lastId += 1
    const answer = answerTo(lastId)
    child.send({ id: lastId, order } satisfies RelayOrder)
    return answer
  }
  const { port } = await answerTo(0)
  return {
    address: `127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    apply: async (faults) => void (await tell({ kind: 'apply', faults })),
    heal: async () => void (await tell({ kind: 'apply', faults: noFaults })),
    cut: async (how = 'reset') => void (await tell({ kind: 'cut', how })),
    figures: async () => (await tell({ kind: 'figures' })).figures,
    async close() {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}
