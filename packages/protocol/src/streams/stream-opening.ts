import type { ResetCode } from '../codes.ts'
import type { RawStream } from './raw-stream.ts'

/** Where a raw stream is to lead. */
export interface StreamTarget {
  /** A name or an address; an IPv6 address without brackets. */
  host: string
  port: number
}

/** A stream that the other side wishes to open. Exactly one of `accept` and `refuse` has an effect, and only once. */
export interface StreamOpening extends StreamTarget {
  /** Aborted when nobody waits for the stream any more. */
  signal: AbortSignal
  /** Undefined when nobody waits for the stream any more. */
  accept: () => RawStream | undefined
  /** @param detail for the operator of the other side */
  refuse: (code: ResetCode, detail: string) => void
}
