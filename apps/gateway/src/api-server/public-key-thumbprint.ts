import { createHash } from 'node:crypto'

/** The members that make a key, in lexical order. Source: RFC 7638 §3.2, RFC 8037 §2. */
const membersOf = new Map([
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['OKP', ['crv', 'kty', 'x']],
  ['RSA', ['e', 'kty', 'n']],
])

/** The SHA-256 thumbprint (RFC 7638 §3) of a public JWK, or nothing when it is none. */
export function publicKeyThumbprint(jwk: unknown): [Uint8Array] | [] {
  if (typeof jwk !== 'object' || jwk === null) return []
  const fields: Record<string, unknown> = { ...jwk }
  const members = typeof fields['kty'] === 'string' ? membersOf.get(fields['kty']) : undefined
  if (members === undefined) return []
  const required: Record<string, string> = {}
  for (const member of members) {
    const value = fields[member]
    if (typeof value !== 'string') return []
    required[member] = value
  }
  return [createHash('sha256').update(JSON.stringify(required)).digest()]
}
