import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/**
 * Carries what one gives to the other, both ways: each direction ends on its own and waits for who reads it slowly. If
 * either breaks, so does the other: never does a part look like the whole.
 */
export function joinStreams(one: Duplex, other: Duplex): void {
  one.pipe(other)
  other.pipe(one)
  breakWith(one, other)
  breakWith(other, one)
}

/** Ends a stream so that whoever reads from it learns that it was cut. */
export function cut(stream: Duplex): void {
  if (stream instanceof Socket) stream.resetAndDestroy()
  else stream.destroy()
}

function breakWith(stream: Duplex, other: Duplex): void {
  const onClose = (): void => {
    if (!stream.readableEnded || !stream.writableFinished) cut(other)
  }
  stream.on('close', onClose)
  if (stream.closed) onClose()
}
