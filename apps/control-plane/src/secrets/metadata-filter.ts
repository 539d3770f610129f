import { invalidField } from '../http/validation-failure.ts'
import type { MetadataEntry } from './secret-cipher.ts'

/** What one entry of a secret's metadata must have; an absent part may be anything. */
export interface MetadataWish {
  readonly key?: string | undefined
  readonly value?: string | undefined
}

const wishesMax = 20

/**
 * `key=team,value=payments|key=tier` → each wish between bars, all of which a secret must meet. A value may hold commas,
 * a key none. Throws ApiError (422) for anything else.
 */
export function parseMetadataFilter(text: string): MetadataWish[] {
  const wishes = text.split('|').map(parseWish)
  if (wishes.length > wishesMax) throw malformed()
  return wishes
}

export function meetsWishes(metadata: readonly MetadataEntry[], wishes: readonly MetadataWish[]): boolean {
  return wishes.every((wish) =>
    metadata.some(
      ({ key, value }) =>
        (wish.key === undefined || wish.key === key) && (wish.value === undefined || wish.value === value),
    ),
  )
}

const wishPattern = /^(?:key=(?<key>[^,]+))?(?<comma>,)?(?:value=(?<value>[^]*))?$/

function parseWish(text: string): MetadataWish {
  const { key, comma, value } = wishPattern.exec(text.trim())?.groups ?? {}
  const isJoined = key !== undefined && value !== undefined
  if ((key === undefined && value === undefined) || (comma !== undefined) !== isJoined) throw malformed()
  return { key: key?.trim(), value }
}

function malformed(): Error {
  return invalidField(
    'metadataFilter',
    `must be like key=team,value=payments|key=tier; ${wishesMax} wishes at most`,
  )
}
