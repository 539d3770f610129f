import type { FastifyReply } from 'fastify'

/** Fires when the connection closes before the reply was sent. */
export function signalOfLeaving(reply: FastifyReply): AbortSignal {
  const leaving = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) leaving.abort()
  })
  return leaving.signal
}
