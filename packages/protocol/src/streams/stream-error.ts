import type { ResetCode } from '../codes.ts'

/** Why a raw stream could not be opened, or broke. */
export class StreamError extends Error {
  override name = 'StreamError'
  /** What the side that ended the stream said; connection-lost: the connection that carried it is gone. */
  readonly reason: ResetCode | 'connection-lost'
  readonly detail: string

  /** @param detail for operators; never bytes of the stream */
  constructor(reason: ResetCode | 'connection-lost', detail: string) {
    super(detail === '' ? reason : `${reason}: ${detail}`)
    this.reason = reason
    this.detail = detail
  }

  /** Whether another gateway, or the same one later, may do better. */
  shouldRetry(): boolean {
    return this.reason !== 'window-overrun'
  }
}
