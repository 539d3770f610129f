import type { FastifyRequest } from 'fastify'
import { ApiError } from '../http/api-error.ts'
import { sessionTokenInCookies } from '../users/session-cookie.ts'
import { sessionTokenIn } from '../users/session-token.ts'

/** What a request was sent with. */
export type Credential =
  | { kind: 'access-token'; token: string }
  /** Of a person. */
  | { kind: 'session'; token: string }

/** Undefined where there is none, or none of a known form. */
export type ReadCredential = (request: FastifyRequest) => Credential | undefined

/** RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1). */
const bearer = /^bearer ([A-Za-z0-9\-._~+/]{1,8192}=*)$/i
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The header, and where there is none the cookie: a page of another site can have a browser send that, but not the header. */
export function createReadCredential(publicUrl: string): ReadCredential {
  const { origin } = new URL(publicUrl)
  return (request) => {
    const { authorization, cookie } = request.headers
    if (authorization !== undefined) {
      const [, token] = bearer.exec(authorization) ?? []
      if (token === undefined) return undefined
      const session = sessionTokenIn(token)
      return session === undefined ? { kind: 'access-token', token } : { kind: 'session', token: session }
    }
    const token = sessionTokenInCookies(cookie)
    if (token === undefined) return undefined
    if (!safeMethods.has(request.method) && !isSameOrigin(request, origin)) throw foreignOrigin()
    return { kind: 'session', token }
  }
}

/** By what browsers say and scripts cannot change: Fetch Metadata, and of browsers that have none the Origin. */
function isSameOrigin({ headers }: FastifyRequest, origin: string): boolean {
  const site = headers['sec-fetch-site']
  return site === undefined ? headers.origin === origin : site === 'same-origin'
}

function foreignOrigin(): ApiError {
  return new ApiError(
    'Forbidden',
    'A change by the session cookie must come from a page of this host. Other clients send the token: Authorization: Bearer <token>',
  )
}
