/**
 * One entry of a rule: an exact name, or a glob whose only signs are `*` (any characters, none included) and `?` (any
 * one character). Comparison is by code unit: no case folding, no normalisation.
 */
export interface NamePattern {
  text: string
  /** The text with runs of `*` made one: they mean the same and cost more. */
  glob: string
  /** How many characters a match has at least. */
  lengthMin: number
  isGlob: boolean
}

export type ParsedNamePatterns =
  | { ok: true; patterns: readonly NamePattern[] }
  | { ok: false; problem: string }

export const namePatternLimits = { textLengthMax: 16_384, entriesMax: 256 } as const

/** What a Kubernetes name can hold, upper case and underscore (which never match) included, and the two signs. */
const allowedCharacters = /^[A-Za-z0-9._*?-]+$/

/**
 * Reads a comma-separated list as an operator writes it. Empty text is an empty list. Anything that looks like a richer
 * rule language (`!x`, `{a,b}`, `(a|b)`, `[a-z]`) is a problem rather than a literal, because whoever wrote it meant it.
 */
export function parseNamePatterns(text: string): ParsedNamePatterns {
  if (text.length > namePatternLimits.textLengthMax) {
    return problem(`is longer than ${namePatternLimits.textLengthMax} characters`)
  }
  if (text.trim() === '') return { ok: true, patterns: [] }
  const entries = text.split(',').map((entry) => entry.trim())
  if (entries.length > namePatternLimits.entriesMax) {
    return problem(`has more than ${namePatternLimits.entriesMax} entries`)
  }
  if (entries.includes('')) return problem('has an empty entry: remove the extra comma')
  if (!entries.every((entry) => allowedCharacters.test(entry))) {
    return problem(
      'has an entry with characters other than letters, digits, ".", "-", "_" and the signs "*" and "?"',
    )
  }
  return { ok: true, patterns: entries.map(compile) }
}

/** Whether any of the patterns matches. An empty list matches nothing: "no restriction" is the caller's rule to state. */
export function matchesAnyPattern(patterns: readonly NamePattern[], name: string): boolean {
  return patterns.some((pattern) => matches(pattern, name))
}

function compile(text: string): NamePattern {
  const glob = text.replaceAll(/\*+/g, '*')
  return { text, glob, lengthMin: glob.replaceAll('*', '').length, isGlob: /[*?]/.test(glob) }
}

/**
 * Remembers only the last star: a later star matches whatever an earlier one could have, so going back further never
 * helps. A pattern longer than the name is out at once, so the work is bounded by the name's length, whatever the glob.
 */
function matches(pattern: NamePattern, name: string): boolean {
  if (!pattern.isGlob) return pattern.text === name
  if (pattern.lengthMin > name.length) return false
  const { glob } = pattern
  let at = 0
  let star = -1
  let resumeAt = 0
  let index = 0
  while (index < name.length) {
    const sign = glob[at]
    if (sign === '*') {
      star = at++
      resumeAt = index
    } else if (sign === '?' || (sign !== undefined && sign === name[index])) {
      at++
      index++
    } else if (star === -1) {
      return false
    } else {
      at = star + 1
      index = ++resumeAt
    }
  }
  return at === glob.length || (glob[at] === '*' && at + 1 === glob.length)
}

function problem(text: string): ParsedNamePatterns {
  return { ok: false, problem: text }
}
