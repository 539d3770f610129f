import { randomBytes } from 'node:crypto'

const segment = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const signature = (): string => randomBytes(256).toString('base64url')

/** What strangers post in the place of a pod's token, each kind as often; none of it can be live (T26). */
export function makeJunkTokens(count: number): string[] {
  const kinds: (() => string)[] = [
    () => signature(),
    () => `${segment({ alg: 'RS256' })}.${randomBytes(300).toString('base64url')}.${signature()}`,
    () => expired(3600),
    () => expired(10 * 365 * 24 * 3600),
  ]
  return Array.from({ length: count }, (_, index) => kinds[index % kinds.length]?.() ?? '')
}

/** In all but its time like a pod's. */
function expired(secondsAgo: number): string {
  const exp = Math.floor(Date.now() / 1000) - secondsAgo
  const claims = {
    iss: 'https://kubernetes.default.svc',
    aud: ['https://kubernetes.default.svc'],
    sub: 'system:serviceaccount:payments:api',
    iat: exp - 3600,
    exp,
  }
  return `${segment({ alg: 'RS256', kid: randomBytes(16).toString('hex') })}.${segment(claims)}.${signature()}`
}
