import type { FastifyInstance } from 'fastify'
import { ApiError } from './api-error.ts'

/** Deeper than any body of the contract, and shallow enough for every recursive walk over it. */
const jsonDepthMax = 32

/**
 * JSON bodies alone: `__proto__` and `constructor.prototype` are refused, the depth is bounded, and an empty body
 * is no body (clients send the content type with an empty POST or DELETE).
 */
export function acceptJsonBodies(
  server: Pick<
    FastifyInstance,
    'removeAllContentTypeParsers' | 'addContentTypeParser' | 'getDefaultJsonParser'
  >,
): void {
  const parseSafely = server.getDefaultJsonParser('error', 'error')
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text: string, done) => {
    if (text.length === 0) return done(null)
    return parseSafely(request, text, (error, body) => {
      if (error !== null) return done(error)
      if (isTooDeep(body))
        return done(new ApiError('BadRequest', `The body is nested deeper than ${jsonDepthMax} levels`))
      return done(null, body)
    })
  })
}

/** Without recursion: the body may be as deep as it is long. */
function isTooDeep(body: unknown): boolean {
  let level: object[] = isContainer(body) ? [body] : []
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > jsonDepthMax) return true
    const next: object[] = []
    for (const container of level) {
      for (const child of Object.values(container)) if (isContainer(child)) next.push(child)
    }
    level = next
  }
  return false
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
