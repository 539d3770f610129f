import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesAnyPattern, namePatternLimits, parseNamePatterns } from './name-pattern.ts'

function matches(text: string, name: string): boolean {
  const parsed = parseNamePatterns(text)
  if (!parsed.ok) throw new Error(parsed.problem)
  return matchesAnyPattern(parsed.patterns, name)
}

/** What a glob means, said as plainly as possible and as slowly. */
function naiveMatch(glob: string, name: string): boolean {
  if (glob === '') return name === ''
  if (glob.startsWith('*')) {
    return naiveMatch(glob.slice(1), name) || (name !== '' && naiveMatch(glob, name.slice(1)))
  }
  return name !== '' && (glob[0] === '?' || glob[0] === name[0]) && naiveMatch(glob.slice(1), name.slice(1))
}

describe('name patterns at save', () => {
  it.each([
    ['a negation', '!payments'],
    ['braces', '{a,b}'],
    ['alternatives', '(a|b)'],
    ['an extended glob', '+(a)'],
    ['a character class', '[a-z]'],
    ['an empty entry', 'a,,b'],
    ['a comma at the end', 'a,'],
    ['a lone comma', ','],
    ['a space inside', 'a b'],
    ['a newline inside', 'a\nb'],
    ['a NUL', 'a\0'],
    ['letters beyond ASCII', 'pаyments'],
    ['a slash', 'a/b'],
    ['a backslash', String.raw`a\*`],
    ['too many entries', Array.from({ length: namePatternLimits.entriesMax + 1 }, () => 'a').join(',')],
    ['too much text', 'a'.repeat(namePatternLimits.textLengthMax + 1)],
  ])('T19: refuses %s', (_title, text) => {
    expect(parseNamePatterns(text).ok).toBe(false)
  })

  it('takes empty text for an empty list, which matches nothing by itself', () => {
    expect(parseNamePatterns('  ')).toEqual({ ok: true, patterns: [] })
    expect(matches('', 'payments')).toBe(false)
  })

  it('trims the entries', () => {
    expect(matches(' payments , billing\t', 'billing')).toBe(true)
  })
})

describe('name patterns at login', () => {
  it.each([
    ['payments', 'Payments'],
    ['Payments', 'payments'],
    ['payments', 'payments2'],
    ['payments', 'a-payments'],
    ['pay?', 'pay'],
    ['pay?', 'payxy'],
    ['pay*s', 'paysa'],
    ['a.b', 'axb'],
    ['*-prod', 'prod'],
    ['a*b*c', 'acb'],
    ['?', ''],
  ])('T16: %s does not match %s', (text, name) => {
    expect(matches(text, name)).toBe(false)
  })

  it.each([
    ['payments', 'payments'],
    ['billing,payments', 'payments'],
    ['*', 'anything-at-all'],
    ['*', ''],
    ['pay*', 'pay'],
    ['pay*', 'payments'],
    ['p?y*s', 'payments'],
    ['*-prod-*', 'eu-prod-1'],
    ['a*b*c', 'aXbXbXc'],
    ['**a**', 'xax'],
  ])('T16: %s matches %s', (text, name) => {
    expect(matches(text, name)).toBe(true)
  })

  it('T19: means what a plain reading of the glob means', () => {
    const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), minLength: 1, maxLength: 9 })
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 9 })
    fc.assert(
      fc.property(glob, name, (text, candidate) => {
        expect(matches(text, candidate)).toBe(naiveMatch(text, candidate))
      }),
      { numRuns: 2_000 },
    )
  })

  it('T19: takes 5,000 stars', () => {
    const name = `${'a'.repeat(252)}b`
    expect(matches('*'.repeat(5_000), name)).toBe(true)
    expect(matches('*a'.repeat(5_000), name)).toBe(false)
    expect(matches(`${'*a'.repeat(252)}*c`, name)).toBe(false)
    expect(matches(`${'*a'.repeat(252)}*b`, name)).toBe(true)
  })
})
