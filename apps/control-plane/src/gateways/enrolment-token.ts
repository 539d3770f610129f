import { createHash, randomBytes } from 'node:crypto'

declare const enrolmentTokenBrand: unique symbol
/** `pget_` (so that scanners of leaked secrets know it) and 256 random bits in base64url. */
export type EnrolmentToken = string & { readonly [enrolmentTokenBrand]: true }

export const enrolmentTokenLifetimeMs = 3_600_000

const tokenForm = /^pget_[\w-]{43}$/
const randomByteCount = 32
const fingerprintCharacters = 12

export function createEnrolmentToken(): EnrolmentToken {
  const text = `pget_${randomBytes(randomByteCount).toString('base64url')}`
  if (!isEnrolmentToken(text)) throw new Error('an enrolment token has not its own form')
  return text
}

export function isEnrolmentToken(text: string): text is EnrolmentToken {
  return tokenForm.test(text)
}

/** A plain hash is enough: nobody guesses 256 random bits. */
export function hashEnrolmentToken(token: EnrolmentToken): Buffer {
  return createHash('sha256').update(token).digest()
}

/** What may stand in logs in the token's place. */
export function fingerprintOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, fingerprintCharacters)
}
