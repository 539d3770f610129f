import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * For routes whose callers ask again and again: sends a tag of the content (RFC 9110 §8.8.3), and 304 to whoever has it
 * already. The tag is of all that would be sent, and so of the reader's rights, of expanded references and of imports
 *
 * too.
 */
export const taggedContent = { onSend: tagContent }

function tagContent(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  done: (error: Error | null, payload: unknown) => void,
): void {
  if (reply.statusCode !== 200 || typeof payload !== 'string') return done(null, payload)
  const tag = `"${hash('sha256', payload, 'base64url')}"`
  void reply.header('etag', `W/${tag}`)
  if (!holdsTag(request.headers['if-none-match'], tag)) return done(null, payload)
  void reply.code(304).removeHeader('content-type').removeHeader('content-length')
  return done(null, null)
}

/** The weak comparison of RFC 9110 §8.8.3.2. A tag of ours holds no comma. */
function holdsTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  const tags = header.split(',').map((one) => one.trim().replace(/^W\//, ''))
  return tags.includes(tag) || header.trim() === '*'
}
