import { mailIdsMax, writeReviewMail } from './remote-review.ts'
import { mailTopicOf, type TunnelBus } from './tunnel-bus.ts'

/**
 * Most reviews are answered sooner, and need no word before their answer; hedges wait for ten times as long. The word of
 * all others goes in one message.
 */
const collectMs = 5

/** Tells processes that gateways have their reviews. */
export class AcceptedMail {
  readonly #bus: Pick<TunnelBus, 'publish'>
  readonly #unsent = new Map<string, Set<number>>()
  #timer: NodeJS.Timeout | undefined

  constructor(bus: Pick<TunnelBus, 'publish'>) {
    this.#bus = bus
  }

  accepted(processId: string, id: number): void {
    const ids = this.#unsent.get(processId) ?? new Set()
    this.#unsent.set(processId, ids.add(id))
    this.#timer ??= setTimeout(() => this.#send(), collectMs)
  }

  /** Its answer says more. */
  answered(processId: string, id: number): void {
    this.#unsent.get(processId)?.delete(id)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#unsent.clear()
  }

  #send(): void {
    this.#timer = undefined
    for (const [processId, ids] of this.#unsent) {
      const all = [...ids]
      for (let start = 0; start < all.length; start += mailIdsMax) {
        const mail = writeReviewMail({ kind: 'accepted', ids: all.slice(start, start + mailIdsMax) })
        this.#bus.publish(mailTopicOf(processId), mail)
      }
    }
    this.#unsent.clear()
  }
}
