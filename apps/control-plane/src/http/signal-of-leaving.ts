import type { FastifyReply } from 'fastify'

/** What is needed of an AbortSignal: each login has one, and listens to it once. */
export interface LeavingSignal {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: LeavingListener): void
  removeEventListener(type: 'abort', listener: LeavingListener): void
}

export interface LeavingListener {
  handleEvent(): void
}

/** Fires when the connection closes before the reply was sent. */
export function signalOfLeaving(reply: FastifyReply): LeavingSignal {
  const leaving = new Leaving()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) leaving.abort()
  })
  return leaving
}

class Leaving implements LeavingSignal {
  aborted = false
  #listeners: readonly LeavingListener[] = []

  addEventListener(_type: 'abort', listener: LeavingListener): void {
    this.#listeners = [...this.#listeners, listener]
  }

  removeEventListener(_type: 'abort', listener: LeavingListener): void {
    this.#listeners = this.#listeners.filter((one) => one !== listener)
  }

  abort(): void {
    if (this.aborted) return
    this.aborted = true
    for (const listener of this.#listeners) listener.handleEvent()
  }
}
