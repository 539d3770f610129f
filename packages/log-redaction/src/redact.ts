/*
 * What a log line may hold. Two nets, since a mistake in one place must not publish a token:
 * 1. `redactFields`, before serialization: values under secret names are replaced; headers, bodies and objects of
 *    classes (requests, sockets, responses) are left out whole; of errors only name, message, code, stack and cause stay.
 * 2. `redactLine`, on the finished line: whatever looks like a JWT, a bearer credential or a password in a URL.
 */

export const redacted = '[redacted]'
const leftOut = '[left out]'

/** Compared without case, dashes and underscores. */
const secretNames = new Set([
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'jwt',
  'token',
  'accesstoken',
  'refreshtoken',
  'bearer',
  'tokenreviewerjwt',
  'enrolmenttoken',
  'clientsecret',
  'secret',
  'password',
  'passwordhash',
  'passphrase',
  'credentials',
  'privatekey',
  'rootkey',
  'databaseurl',
  'connectionstring',
])
const leftOutNames = new Set(['headers', 'rawheaders', 'trailers', 'body', 'payload', 'query'])

/** Top-level names for pino's own redaction, which also covers the bindings of child loggers. */
export const bindingNames: readonly string[] = [
  'authorization',
  'cookie',
  'jwt',
  'token',
  'accessToken',
  'clientSecret',
  'password',
  'secret',
  'headers',
  'body',
  'req',
  'request',
]

const depthMax = 4
const entriesMax = 50

export function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
  return redactEntries(fields, 0)
}

function redactEntries(fields: object, depth: number): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  let count = 0
  for (const [name, value] of Object.entries(fields)) {
    count += 1
    if (count > entriesMax) break
    kept[name] = redactNamed(name, value, depth)
  }
  return kept
}

function redactNamed(name: string, value: unknown, depth: number): unknown {
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined || value === null)
    return value
  const plainName = name.replaceAll(/[-_]/g, '').toLowerCase()
  if (secretNames.has(plainName)) return redacted
  if (leftOutNames.has(plainName)) return leftOut
  return redactValue(value, depth)
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return leftOut
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return redactError(value, depth)
  if (value instanceof Date) return value
  if (depth >= depthMax) return leftOut
  if (Array.isArray(value)) return value.slice(0, entriesMax).map((entry) => redactValue(entry, depth + 1))
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return redactEntries(value, depth + 1)
  return `[${value.constructor.name}]`
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  const code =
    'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') && error.code
  return {
    type: error.name,
    message: error.message,
    ...(code === false ? {} : { code }),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth >= depthMax ? {} : { cause: redactValue(error.cause, depth + 1) }),
    ...(error instanceof AggregateError && depth < depthMax
      ? { errors: error.errors.slice(0, 5).map((one: unknown) => redactValue(one, depth + 1)) }
      : {}),
  }
}

/** Every JWT's header is a JSON object, so it begins with `{"`, which is `eyJ` in base64url. */
const tokenPattern = /eyJ[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)*/g
/** Enrolment tokens of gateways. */
const enrolmentTokenPattern = /pget_[\w-]+/g
/** Of people: sessions, invitations, links to a new password. */
const personTokenPattern = /\b(?:pst|pinv|prst)_[\w-]+/g
const bearerPattern = /\b(bearer|basic)(\s+|%20)[A-Za-z0-9._~+/=-]+/gi
const urlPasswordPattern = /(:\/\/[^\s/:@"]*):[^\s/@"]+@/g

/** @param line a finished log line */
export function redactLine(line: string): string {
  let clean = line
  if (clean.includes('eyJ')) clean = clean.replaceAll(tokenPattern, redacted)
  if (clean.includes('pget_')) clean = clean.replaceAll(enrolmentTokenPattern, redacted)
  clean = clean.replaceAll(personTokenPattern, redacted)
  if (clean.includes('://')) clean = clean.replaceAll(urlPasswordPattern, `$1:${redacted}@`)
  return clean.replaceAll(bearerPattern, `$1 ${redacted}`)
}
