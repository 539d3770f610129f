import { createSecretToken, isSecretToken } from './secret-token.ts'
import type { Session } from './session-store.ts'

export function createSessionToken(): string {
  return createSecretToken('pst_')
}

/** What a client may read in its token. The server never does: what counts is the session in the database. */
export interface SessionTokenHints {
  sessionId: string
  userId: string
  organizationId: string | null
  expiresAt: Date
}

/**
 * Command lines know from a token whose it is and when it ends only if it has the form of a JWT (RFC 7519). So tokens go
 * out as `<header>.<hints>.<session token>`: unsigned, and nothing but its last part is ever looked at here.
 */
export function dressSessionToken(token: string, hints: SessionTokenHints): string {
  const claims = {
    authTokenType: 'accessToken',
    userId: hints.userId,
    tokenVersionId: hints.sessionId,
    ...(hints.organizationId !== null && { organizationId: hints.organizationId }),
    exp: Math.floor(hints.expiresAt.getTime() / 1000),
  }
  return [{ alg: 'none', typ: 'JWT' }, claims].map(encodePart).concat(token).join('.')
}

export function hintsOf(
  { id, userId, expiresAt }: Session,
  organizationId: string | null,
): SessionTokenHints {
  return { sessionId: id, userId, expiresAt, organizationId }
}

/** The session token in a bearer credential, dressed or plain; undefined where it is something else. */
export function sessionTokenIn(bearer: string): string | undefined {
  const token = bearer.slice(bearer.lastIndexOf('.') + 1)
  return isSecretToken(token, 'pst_') ? token : undefined
}

function encodePart(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
