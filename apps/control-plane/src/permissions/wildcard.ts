import { matchWithStars } from './match-with-stars.ts'

/**
 * A text whose only signs are `*` (any characters, none included) and `?` (any one character). Comparison is by code
 * unit: no case folding, no normalisation.
 */
export interface Wildcard {
  /** With runs of `*` made one: they mean the same and cost more. */
  readonly glob: string
  /** How many characters a match has at least. */
  readonly lengthMin: number
  readonly hasSigns: boolean
}

export function compileWildcard(text: string): Wildcard {
  const glob = text.replaceAll(/\*+/g, '*')
  return { glob, lengthMin: glob.replaceAll('*', '').length, hasSigns: /[*?]/.test(glob) }
}

export function matchesWildcard({ glob, lengthMin, hasSigns }: Wildcard, text: string): boolean {
  if (!hasSigns) return glob === text
  return lengthMin <= text.length && matchWithStars(glob, text, isStar, fits)
}

/**
 * Whether everything that `inner` matches is matched by `outer`. The signs of `inner` are taken as letters that only a
 * sign of `outer` covers, so a yes is always right, and a no may be too careful.
 */
export function coversWildcard(outer: Wildcard, inner: Wildcard): boolean {
  return matchWithStars(outer.glob, inner.glob, isStar, covers)
}

const isStar = (sign: string): boolean => sign === '*'
const fits = (sign: string, character: string): boolean => sign === '?' || sign === character
const covers = (sign: string, covered: string): boolean => (sign === '?' ? covered !== '*' : sign === covered)
