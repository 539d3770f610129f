import {
  arePathGlobsApart,
  compilePathGlob,
  coversPathGlob,
  matchesPath,
  type PathGlob,
  pathParts,
} from './path-glob.ts'
import { compileWildcard, coversWildcard, matchesWildcard, type Wildcard } from './wildcard.ts'

/** What a text must be. A string: exactly that. Of an object everything that it names must hold. */
export type Match =
  | string
  | {
      readonly $eq?: string | undefined
      readonly $ne?: string | undefined
      readonly $in?: readonly string[] | undefined
      readonly $glob?: string | undefined
    }

/** A match made ready. Each function that compares two says yes only where it is certain. */
export interface TextMatch {
  holds(text: string): boolean
  isWithin(outer: TextMatch): boolean
  isApartFrom(other: TextMatch): boolean
  /** One match for each text, where only some can hold. */
  single(): readonly TextMatch[]
  /** All that can hold; undefined where they are not to be counted. */
  readonly texts: readonly string[] | undefined
  readonly excluded: string | undefined
  readonly glob: Glob | undefined
}

interface Glob {
  holds(text: string): boolean
  isWithin(outer: Glob): boolean
  isApartFrom(other: Glob): boolean
  readonly path: PathGlob | undefined
  readonly name: Wildcard | undefined
}

/** How texts of a kind are spelled, and what their globs mean. */
export interface TextKind {
  spell(text: string): string
  glob(text: string): Glob
}

export const nameKind: TextKind = { spell: (text) => text, glob: nameGlob }
export const pathKind: TextKind = { spell: (text) => `/${pathParts(text).join('/')}`, glob: pathGlob }

export function compileMatch(match: Match, kind: TextKind): TextMatch {
  const { $eq, $ne, $in, $glob } = typeof match === 'string' ? { $eq: match } : match
  const glob = $glob === undefined ? undefined : kind.glob($glob)
  const excluded = $ne === undefined ? undefined : kind.spell($ne)
  const isKept = (text: string): boolean => text !== excluded && (glob?.holds(text) ?? true)
  const listed = $in?.map((text) => kind.spell(text))
  const texts =
    $eq === undefined ? listed : [kind.spell($eq)].filter((text) => listed?.includes(text) ?? true)
  return textMatch(texts?.filter(isKept), isKept, excluded, glob)
}

function textMatch(
  texts: readonly string[] | undefined,
  isKept: (text: string) => boolean,
  excluded: string | undefined,
  glob: Glob | undefined,
): TextMatch {
  const self: TextMatch = {
    texts,
    excluded,
    glob,
    holds: (text) => (texts === undefined ? isKept(text) : texts.includes(text)),
    isWithin: (outer) => isWithin(self, outer),
    isApartFrom: (other) => areApart(self, other),
    single: () => texts?.map((text) => textMatch([text], isKept, excluded, glob)) ?? [self],
  }
  return self
}

function isWithin(inner: TextMatch, outer: TextMatch): boolean {
  if (inner.texts !== undefined) return inner.texts.every((text) => outer.holds(text))
  if (outer.texts !== undefined) return false
  if (outer.excluded !== undefined && inner.holds(outer.excluded)) return false
  return outer.glob === undefined || (inner.glob?.isWithin(outer.glob) ?? false)
}

function areApart(one: TextMatch, other: TextMatch): boolean {
  if (one.texts !== undefined) return !one.texts.some((text) => other.holds(text))
  if (other.texts !== undefined) return !other.texts.some((text) => one.holds(text))
  return one.glob !== undefined && other.glob !== undefined && one.glob.isApartFrom(other.glob)
}

function pathGlob(text: string): Glob {
  const path = compilePathGlob(text)
  return {
    path,
    name: undefined,
    holds: (given) => matchesPath(path, pathParts(given)),
    isWithin: (outer) => outer.path !== undefined && coversPathGlob(outer.path, path),
    isApartFrom: (other) => other.path !== undefined && arePathGlobsApart(path, other.path),
  }
}

function nameGlob(text: string): Glob {
  const name = compileWildcard(text)
  return {
    path: undefined,
    name,
    holds: (given) => matchesWildcard(name, given),
    isWithin: (outer) => outer.name !== undefined && coversWildcard(outer.name, name),
    // Two globs of names may nearly always meet.
    isApartFrom: () => false,
  }
}
