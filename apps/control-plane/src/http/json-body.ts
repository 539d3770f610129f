import type { FastifyInstance } from 'fastify'
import { ApiError } from './api-error.ts'

/** Deeper than any body of the contract, and shallow enough for every recursive walk over it. */
const jsonDepthMax = 32

/**
 * JSON bodies alone: `__proto__` and `constructor.prototype` are refused, the depth is bounded, and an empty body
 * is no body (clients send the content type with an empty POST or DELETE).
 */
export function acceptJsonBodies(
  server: Pick<FastifyInstance, 'removeAllContentTypeParsers' | 'addContentTypeParser'>,
): void {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text: string, done) => {
    if (text.length === 0) return done(null)
    try {
      return done(null, parseJsonBody(text))
    } catch (error) {
      return done(error instanceof ApiError ? error : new ApiError('BadRequest', notJson))
    }
  })
}

const notJson = 'The body of the request is not valid JSON'
const byteOrderMark = 0xfeff

/** Throws an ApiError for JSON that is refused, and what JSON.parse throws for anything else. */
function parseJsonBody(text: string): unknown {
  const body: unknown = JSON.parse(text.charCodeAt(0) === byteOrderMark ? text.slice(1) : text)
  if (isContainer(body)) refuseUnsafe(body)
  return body
}

/**
 * Level by level, without recursion: the body may be as deep as it is long. The walk that bounds the depth sees every
 * key as it was parsed, so no spelling of one escapes it, and no text needs to be searched.
 */
function refuseUnsafe(body: object): void {
  let level: object[] = [body]
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > jsonDepthMax) {
      throw new ApiError('BadRequest', `The body is nested deeper than ${jsonDepthMax} levels`)
    }
    const next: object[] = []
    for (const container of level) {
      if (isUnsafe(container)) throw new ApiError('BadRequest', notJson)
      for (const child of Object.values(container)) if (isContainer(child)) next.push(child)
    }
    level = next
  }
}

/** JSON.parse makes an own property of `__proto__`; whoever copies it carelessly changes a prototype. */
function isUnsafe(container: object): boolean {
  if (Object.hasOwn(container, '__proto__')) return true
  if (!Object.hasOwn(container, 'constructor')) return false
  const { constructor }: { constructor: unknown } = container
  return isContainer(constructor) && Object.hasOwn(constructor, 'prototype')
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
