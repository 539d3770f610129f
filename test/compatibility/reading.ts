import type { RawReply } from './send-raw.ts'

/** What a client's struct or class reads of a reply: each path must lead to a value of that kind. */
export type Kind = 'text' | 'integer' | 'boolean' | 'time' | 'list' | 'null or text' | 'null or integer'

const isOfKind: Record<Kind, (value: unknown) => boolean> = {
  text: (value) => typeof value === 'string',
  integer: (value) => Number.isSafeInteger(value),
  boolean: (value) => typeof value === 'boolean',
  time: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(value),
  list: (value) => Array.isArray(value),
  'null or text': (value) => value === null || value === undefined || typeof value === 'string',
  'null or integer': (value) => value === null || value === undefined || Number.isSafeInteger(value),
}

/** Everything that is not as the client reads it, with what stood there. Empty: all is well. */
export function unreadable(reply: RawReply, fields: Readonly<Record<string, Kind>>): string[] {
  if (reply.status !== 200) return [`status ${reply.status}: ${reply.text.slice(0, 500)}`]
  return Object.entries(fields)
    .map(([path, kind]) => ({ path, kind, value: valueAt(reply.body, path) }))
    .filter(({ kind, value }) => !isOfKind[kind](value))
    .map(({ path, kind, value }) => `${path} is no ${kind} but ${JSON.stringify(value)}`)
}

/** `a.0.b` of parsed JSON; undefined where the path ends early. */
export function valueAt(body: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inside, key) => {
    if (typeof inside !== 'object' || inside === null || !Object.hasOwn(inside, key)) return undefined
    return Reflect.get(inside, key)
  }, body)
}

export function textOf(reply: RawReply, path: string): string {
  const value = valueAt(reply.body, path)
  if (typeof value !== 'string')
    throw new Error(`no text at ${path}: ${reply.status} ${reply.text.slice(0, 500)}`)
  return value
}

/** The fields of every reply to a login, for structs with int64. */
export const loginFields: Readonly<Record<string, Kind>> = {
  accessToken: 'text',
  expiresIn: 'integer',
  accessTokenMaxTTL: 'integer',
  tokenType: 'text',
}

export const secretFields = (at: string): Readonly<Record<string, Kind>> => ({
  [`${at}.id`]: 'text',
  [`${at}._id`]: 'text',
  [`${at}.workspace`]: 'text',
  [`${at}.environment`]: 'text',
  [`${at}.version`]: 'integer',
  [`${at}.type`]: 'text',
  [`${at}.secretKey`]: 'text',
  [`${at}.secretValue`]: 'text',
  [`${at}.secretComment`]: 'text',
  [`${at}.secretValueHidden`]: 'boolean',
})
