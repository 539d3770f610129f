import { compileWildcard, matchesWildcard, type Wildcard } from '../permissions/wildcard.ts'

/** One entry of a rule: an exact name, or a glob. */
export interface NamePattern extends Wildcard {
  readonly text: string
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
  return patterns.some((pattern) => matchesWildcard(pattern, name))
}

function compile(text: string): NamePattern {
  return { text, ...compileWildcard(text) }
}

function problem(text: string): ParsedNamePatterns {
  return { ok: false, problem: text }
}
