import { isSecretToken } from './secret-token.ts'
import { sessionAgeSecondsMax } from './session-store.ts'

const cookieName = 'postern_session'

/**
 * The token in a Cookie header. Where the name comes twice somebody else, such as a neighbouring host of the domain, has set one of
 * them, and none counts.
 */
export function sessionTokenInCookies(header: string | undefined): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${cookieName}=`))
    .map((pair) => pair.slice(cookieName.length + 1))
  const [token, ...others] = values
  return token !== undefined && others.length === 0 && isSecretToken(token, 'pst_') ? token : undefined
}

/** `Set-Cookie` values (RFC 6265). Never readable by scripts; over plain HTTP only where the instance itself has no TLS. */
export interface SessionCookies {
  set(token: string): string
  clear(): string
}

export function createSessionCookies(publicUrl: string): SessionCookies {
  const secure = new URL(publicUrl).protocol === 'http:' ? '' : '; Secure'
  const cookie = (value: string, maxAge: number): string =>
    `${cookieName}=${value}; Path=/; Max-Age=${String(maxAge)}; HttpOnly${secure}; SameSite=Lax`
  return { set: (token) => cookie(token, sessionAgeSecondsMax), clear: () => cookie('', 0) }
}
