import { setTimeout as sleep } from 'node:timers/promises'

import { DatabaseUnreachable } from './database-unreachable.ts'
import { isPassingRefusal } from './sql-state.ts'

export interface BridgeOptions {
  /** From the first refused connection on; whoever comes later waits for what is left of it. 0: nobody waits. */
  bridgedMsMax: number
  isClosed: () => boolean
  onReturn: (goneMs: number) => void
}

interface Connection {
  release(): void
}

const pauseMsMin = 20
const pauseMsMax = 200

/**
 * Connections across a restart of the database or a failover. Nothing was sent yet, so whatever wants one may wait. One
 * asks for all of them whether the database is back: thousands that ask would be an attack on it as it starts. Once it
 * has been away for longer than that, everybody is refused at once, after an attempt of their own.
 *
 * @throws DatabaseUnreachable
 */
export function bridgeOutages<Client extends Connection>(
  connect: () => Promise<Client>,
  { bridgedMsMax, isClosed, onReturn }: BridgeOptions,
): () => Promise<Client> {
  let goneSinceMs: number | undefined
  let probing: Promise<void> | undefined

  /** Undefined: it came about. */
  async function ask(): Promise<{ client: Client } | { refusal: unknown }> {
    const askedAtMs = performance.now()
    try {
      const client = await connect()
      if (goneSinceMs !== undefined) onReturn(performance.now() - goneSinceMs)
      goneSinceMs = undefined
      return { client }
    } catch (refusal) {
      goneSinceMs ??= askedAtMs
      return { refusal }
    }
  }

  function isOver(refusal: unknown): boolean {
    const goneMs = goneSinceMs === undefined ? 0 : performance.now() - goneSinceMs
    return isClosed() || !isPassingRefusal(refusal) || goneMs >= bridgedMsMax
  }

  async function probe(first: unknown): Promise<void> {
    let refusal = first
    for (let pauseMs = pauseMsMin; !isOver(refusal); pauseMs = Math.min(2 * pauseMs, pauseMsMax)) {
      await sleep(pauseMs)
      const answer = await ask()
      if ('client' in answer) return answer.client.release()
      refusal = answer.refusal
    }
    throw new DatabaseUnreachable(refusal)
  }

  return async () => {
    const giveUpAtMs = performance.now() + bridgedMsMax
    for (;;) {
      if (probing !== undefined) await probing
      const answer = await ask()
      if ('client' in answer) return answer.client
      if (isOver(answer.refusal) || performance.now() >= giveUpAtMs) {
        throw new DatabaseUnreachable(answer.refusal)
      }
      probing ??= probe(answer.refusal).finally(() => {
        probing = undefined
      })
    }
  }
}
