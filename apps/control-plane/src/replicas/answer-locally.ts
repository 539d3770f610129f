import type { AbortSignalLike, ReplicaAnswer, RequestOptions } from './replica-bus.ts'

export type Answer = (message: Uint8Array) => Promise<Uint8Array> | Uint8Array

export interface BusLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** A request to a topic that this very process serves. */
export function answerLocally(
  answer: Answer,
  message: Uint8Array,
  { timeoutMs, signal }: RequestOptions,
  onFailure: (error: unknown) => void,
): Promise<ReplicaAnswer> {
  return new Promise((resolve) => {
    const wait = startWaiting({ timeoutMs, signal }, resolve)
    const fail = (error: unknown): void => {
      onFailure(error)
      wait.settle({ kind: 'timed-out' })
    }
    if (wait.isOver()) return
    try {
      Promise.resolve(answer(message)).then(
        (answered) => wait.settle({ kind: 'answered', message: answered }),
        fail,
      )
    } catch (error) {
      fail(error)
    }
  })
}

export interface Wait {
  settle(answer: ReplicaAnswer): void
  isOver(): boolean
}

/** Calls `end` exactly once: with what settles it, `timed-out` after the time, `cancelled` at the signal. */
export function startWaiting(
  { timeoutMs, signal }: RequestOptions,
  end: (answer: ReplicaAnswer) => void,
): Wait {
  let isOver = false
  const cancelled = { handleEvent: () => settle({ kind: 'cancelled' }) }
  const timer = setTimeout(() => settle({ kind: 'timed-out' }), Math.max(0, timeoutMs))
  function settle(answer: ReplicaAnswer): void {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    signal?.removeEventListener('abort', cancelled)
    end(answer)
  }
  signal?.addEventListener('abort', cancelled)
  if (isAborted(signal)) settle({ kind: 'cancelled' })
  return { settle, isOver: () => isOver }
}

function isAborted(signal: AbortSignalLike | undefined): boolean {
  return signal?.aborted === true
}
