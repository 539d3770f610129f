import { verify, type KeyObject } from 'node:crypto'
import { isJsonObject, jsonAt, textAt, textsAt } from '../json-at.ts'
import type { ObjectStore } from './object-store.ts'

/** Whom a token stands for. */
export interface User {
  readonly username: string
  readonly uid?: string
  readonly groups: readonly string[]
}

export type Authentication =
  | { readonly kind: 'authenticated'; readonly user: User; readonly audiences: readonly string[] }
  /** `error` is what a TokenReview shows. */
  | { readonly kind: 'refused'; readonly error: string }

export interface TokenAuthenticatorOptions {
  readonly issuer: string
  /** The server's own audiences. */
  readonly audiences: readonly string[]
  readonly adminToken: string
  readonly publicKey: KeyObject
  readonly objects: ObjectStore
}

/** Authenticates a token for whoever is among `audiences`. */
export type AuthenticateToken = (token: string, audiences: readonly string[]) => Authentication

interface SignedClaims {
  readonly audiences: readonly string[]
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly notBefore: number
  readonly expiresAt: number
}

// As the API server: one minute for clocks that differ.
const leewaySeconds = 60
const verifiedTokensMax = 10_000

/**
 * The API server's chain: the static administrator's token, then service-account tokens. Signatures are checked once
 * a token and remembered; expiry, audiences and the account's existence are looked at every time.
 */
export function createTokenAuthenticator(options: TokenAuthenticatorOptions): AuthenticateToken {
  const verified = new Map<string, SignedClaims>()

  function claimsOf(token: string): SignedClaims | undefined {
    const known = verified.get(token)
    if (known !== undefined) return known
    if (jsonAt(readPart(token.split('.')[1] ?? ''), 'iss') !== options.issuer) return undefined
    const claims = readSignedClaims(token, options.publicKey)
    if (claims === undefined) return undefined
    const oldest = verified.size < verifiedTokensMax ? undefined : verified.keys().next().value
    if (oldest !== undefined) verified.delete(oldest)
    verified.set(token, claims)
    return claims
  }

  return (token, audiences) => {
    if (token === options.adminToken) return authenticateAdministrator(options.audiences, audiences)
    const claims = claimsOf(token)
    if (claims === undefined) return { kind: 'refused', error: unverifiedError(token, options.issuer) }
    const error = whyRefused(claims, audiences, options.objects)
    if (error !== undefined) return { kind: 'refused', error: `[invalid bearer token, ${error}]` }
    const user = {
      username: `system:serviceaccount:${claims.namespace}:${claims.name}`,
      uid: claims.uid,
      groups: [
        'system:serviceaccounts',
        `system:serviceaccounts:${claims.namespace}`,
        'system:authenticated',
      ],
    }
    return { kind: 'authenticated', user, audiences: intersection(claims.audiences, audiences) }
  }
}

function authenticateAdministrator(own: readonly string[], asked: readonly string[]): Authentication {
  const audiences = intersection(own, asked)
  if (audiences.length === 0) return { kind: 'refused', error: 'invalid bearer token' }
  return {
    kind: 'authenticated',
    user: { username: 'admin', uid: 'admin', groups: ['system:masters', 'system:authenticated'] },
    audiences,
  }
}

/** Three readable parts of this issuer reached the signature check; anything else was nobody's to check. */
function unverifiedError(token: string, issuer: string): string {
  const [, payload = '', signature = '', ...rest] = token.split('.')
  const ours = rest.length === 0 && jsonAt(readPart(payload), 'iss') === issuer
  return ours && decodeBase64Url(signature.replaceAll(/\s/g, '')) !== undefined
    ? '[invalid bearer token, square/go-jose: error in cryptographic primitive]'
    : 'invalid bearer token'
}

function whyRefused(
  claims: SignedClaims,
  audiences: readonly string[],
  objects: ObjectStore,
): string | undefined {
  const now = Date.now() / 1000
  if (now > claims.expiresAt + leewaySeconds) return 'Token has expired.'
  if (now < claims.notBefore - leewaySeconds) return 'Token could not be validated.'
  const account = objects.get(
    { group: '', resource: 'serviceaccounts', namespace: claims.namespace },
    claims.name,
  )
  if (account?.metadata.uid !== claims.uid) return 'Token has been invalidated'
  if (intersection(claims.audiences, audiences).length > 0) return undefined
  return `token audiences ${listed(claims.audiences)} is invalid for the target audiences ${listed(audiences)}`
}

/**
 * The claims of a token that `publicKey` verifies, or undefined for anything else. White space is dropped first and
 * stray bits of a last character are ignored, as the API server's decoders do: one token has several spellings.
 */
function readSignedClaims(token: string, publicKey: KeyObject): SignedClaims | undefined {
  const [header = '', payload = '', signature = ''] = token.replaceAll(/\s/g, '').split('.')
  const bytes = token.split('.').length === 3 ? decodeBase64Url(signature) : undefined
  if (bytes === undefined || jsonAt(readPart(header), 'alg') !== 'RS256') return undefined
  if (!verify('RSA-SHA256', Buffer.from(`${header}.${payload}`), publicKey, bytes)) return undefined
  const claims = readPart(payload)
  const account = jsonAt(claims, 'kubernetes.io')
  return {
    audiences: textsAt(claims, 'aud'),
    namespace: textAt(account, 'namespace'),
    name: textAt(account, 'serviceaccount', 'name'),
    uid: textAt(account, 'serviceaccount', 'uid'),
    notBefore: Number(jsonAt(claims, 'nbf')),
    expiresAt: Number(jsonAt(claims, 'exp')),
  }
}

function readPart(part: string): unknown {
  const bytes = decodeBase64Url(part)
  try {
    const json: unknown = bytes === undefined ? undefined : JSON.parse(bytes.toString('utf8'))
    return isJsonObject(json) ? json : undefined
  } catch {
    // Not a JWT: any text may be posted as a token.
    return undefined
  }
}

/** As Go decodes it: line ends are skipped, stray bits ignored, and any other character is an error. */
function decodeBase64Url(text: string): Buffer | undefined {
  const characters = text.replaceAll(/[\r\n]/g, '')
  if (!/^[\w-]+$/.test(characters) || characters.length % 4 === 1) return undefined
  return Buffer.from(characters, 'base64url')
}

/** A list as Go prints it: `["a" "b"]`. */
function listed(entries: readonly string[]): string {
  return `[${entries.map((entry) => JSON.stringify(entry)).join(' ')}]`
}

function intersection(left: readonly string[], right: readonly string[]): string[] {
  return left.filter((entry) => right.includes(entry))
}
