import { z } from 'zod'

/** A name or a value on one line. Control characters have no place in it, and PostgreSQL takes no NUL. */
export const singleLine = (charactersMax: number) =>
  z
    .string()
    .trim()
    .max(charactersMax)
    .regex(/^\P{Cc}*$/u, 'Control characters are not allowed')

/** An id as a caller names it. A UUID counts in either case (RFC 9562 §4); from here on each id has one spelling. */
export const namedId = z.uuid().toLowerCase()

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i
const nilUuid = '00000000-0000-0000-0000-000000000000'

/** An id in a path. What is no UUID names nothing: it is read as the nil UUID (RFC 9562 §5.9), which no row has, and so answers 404. */
export const pathId = z
  .string()
  .transform((text) => (uuid.test(text) ? text.toLowerCase() : nilUuid))
  .describe('A UUID')

export const timestamp = z.iso.datetime({ precision: 3 }).describe('UTC, such as 2026-01-31T09:30:00.000Z')
