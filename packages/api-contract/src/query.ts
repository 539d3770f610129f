import { z } from 'zod'
import { singleLine } from './text.ts'

/**
 * Parts of query strings (and of bodies), for every list and search of the contract:
 *
 * - `optionalQueryText(charactersMax)`: a text that may be left out; clients send what they do not have as "".
 * - `queryBoolean` / `queryBooleanOr(default)`: the literal texts `true` and `false`; any other is a 422.
 * - `pageQuery`: `offset` and `limit`, to be spread into the object of a list's query.
 */

/** An empty text is an absent one: the output is undefined. Good for bodies too. */
export const optionalQueryText = (charactersMax: number) =>
  singleLine(charactersMax)
    .transform((text) => (text === '' ? undefined : text))
    .optional()

const booleanText = z.enum(['true', 'false'])
const isTrue = (text: 'true' | 'false'): boolean => text === 'true'

/** A boolean or, where it is left out, undefined. */
export const queryBoolean = booleanText.transform(isTrue).optional()

/** A boolean whose default is part of the document. */
export const queryBooleanOr = (whenAbsent: boolean) =>
  booleanText.prefault(whenAbsent ? 'true' : 'false').transform(isTrue)

export const pageRowsMax = 1000
const pageRowsDefault = 20
/** PostgreSQL's integer. */
const offsetMax = 2_147_483_647

export const pageQuery = {
  offset: z.coerce.number().int().min(0).max(offsetMax).default(0).describe('How many to pass over'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(pageRowsMax)
    .default(pageRowsDefault)
    .describe('How many to return at most'),
}
