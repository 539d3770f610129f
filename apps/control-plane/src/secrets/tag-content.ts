import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ReplyContent } from './kept-replies.ts'

/**
 * For routes whose callers ask again and again: sends a tag of the content (RFC 9110 §8.8.3), and 304 to whoever has it
 * already. The tag is of all that would be sent, and so of the reader's rights, of expanded references and of imports
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
  if (!answerUnchanged(request, reply, hash('sha256', payload, 'base64url'))) return done(null, payload)
  void reply.removeHeader('content-type').removeHeader('content-length')
  return done(null, null)
}

/** The same for JSON whose tag is known before its bytes are. */
export function sendTagged(request: FastifyRequest, reply: FastifyReply, content: ReplyContent): void {
  if (answerUnchanged(request, reply, content.tag)) void reply.send()
  else void reply.type('application/json; charset=utf-8').send(content.bytes())
}

/** Whether the caller has it already. */
function answerUnchanged(request: FastifyRequest, reply: FastifyReply, digest: string): boolean {
  const tag = `"${digest}"`
  void reply.header('etag', `W/${tag}`)
  const isKnown = holdsTag(request.headers['if-none-match'], tag)
  if (isKnown) void reply.code(304)
  return isKnown
}

/** The weak comparison of RFC 9110 §8.8.3.2. A tag of ours holds no comma. */
function holdsTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  const tags = header.split(',').map((one) => one.trim().replace(/^W\//, ''))
  return tags.includes(tag) || header.trim() === '*'
}
