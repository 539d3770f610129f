import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arePathGlobsApart, compilePathGlob, coversPathGlob, matchesPath, pathParts } from './path-glob.ts'
import { compileWildcard, coversWildcard, matchesWildcard } from './wildcard.ts'

const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 6 })
const nameGlob = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 6 })
const path = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 2 }), {
  maxLength: 4,
})
const pathGlob = fc
  .array(
    fc.oneof(
      fc.constant('**'),
      fc
        .string({ unit: fc.constantFrom('a', 'b', '*', '?'), minLength: 1, maxLength: 3 })
        .filter((part) => !part.includes('**')),
    ),
    { maxLength: 4 },
  )
  .map((parts) => `/${parts.join('/')}`)

const isMatch = (glob: string, text: string) => matchesWildcard(compileWildcard(glob), text)
const isPathMatch = (glob: string, text: string) => matchesPath(compilePathGlob(glob), pathParts(text))

/** The meaning of a glob, by the language's own engine: slow for bad ones, and so for tests alone. */
function meaningOf(glob: string): RegExp {
  return new RegExp(`^${glob.replaceAll('*', '[ab]*').replaceAll('?', '[ab]')}$`)
}
function meaningOfPath(glob: string): RegExp {
  const parts = pathParts(glob).map((part) => (part === '**' ? '(?:/[ab]+)*' : `/${partOf(part)}`))
  return new RegExp(`^${parts.join('')}$`)
}
const partOf = (part: string) => `(?=[ab])${part.replaceAll('*', '[ab]*').replaceAll('?', '[ab]')}`

describe('wildcards in names', () => {
  it('T19 match what they mean', () => {
    fc.assert(
      fc.property(nameGlob, name, (glob, text) => {
        expect(isMatch(glob, text)).toBe(meaningOf(glob).test(text))
      }),
    )
  })

  it('cover each other only where every match is covered', () => {
    fc.assert(
      fc.property(nameGlob, nameGlob, name, (outer, inner, text) => {
        fc.pre(coversWildcard(compileWildcard(outer), compileWildcard(inner)))
        expect(!isMatch(inner, text) || isMatch(outer, text)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['*', 'a*b'],
    ['a*', 'a'],
    ['a?*', 'a?'],
    ['*b', 'a*b'],
    ['a', 'a'],
  ])('%s covers %s', (outer, inner) => {
    expect(coversWildcard(compileWildcard(outer), compileWildcard(inner))).toBe(true)
  })

  it.each([
    ['a', '*'],
    ['a*', '*'],
    ['?', '*'],
    ['a', '?'],
    ['a*b', 'a*'],
  ])('%s does not cover %s', (outer, inner) => {
    expect(coversWildcard(compileWildcard(outer), compileWildcard(inner))).toBe(false)
  })

  it('T19 5,000 stars are done with at once', () => {
    expect(isMatch('*a'.repeat(5000), 'a'.repeat(9999))).toBe(true)
    expect(isMatch(`${'*a'.repeat(5000)}b`, 'a'.repeat(9999))).toBe(false)
    expect(isMatch('*'.repeat(5000), '')).toBe(true)
  })

  it('T16 know no other case and no other composition of a letter', () => {
    expect(isMatch('A*', 'ab')).toBe(false)
    expect(isMatch('\u00e9*', 'e\u0301')).toBe(false)
  })
})

describe('globs of paths', () => {
  it('T19 match what they mean', () => {
    fc.assert(
      fc.property(pathGlob, path, (glob, parts) => {
        const asText = parts.map((part) => `/${part}`).join('')
        expect(isPathMatch(glob, asText)).toBe(meaningOfPath(glob).test(asText))
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['/app/**', '/app'],
    ['/app/**', '/app/a/b'],
    ['/**', '/'],
    ['**', '/a/b'],
    ['/app/*', '/app/a/'],
    ['/*/prod', '/app/prod'],
    ['/', ''],
    ['/a?c', '/abc'],
  ])('%s matches %s', (glob, text) => {
    expect(isPathMatch(glob, text)).toBe(true)
  })

  it.each([
    ['/app/**', '/apple'],
    ['/app/*', '/app'],
    ['/app/*', '/app/a/b'],
    ['/', '/a'],
    ['/a?c', '/a/c'],
    ['/App', '/app'],
  ])('%s does not match %s', (glob, text) => {
    expect(isPathMatch(glob, text)).toBe(false)
  })

  it('cover each other only where every match is covered', () => {
    fc.assert(
      fc.property(pathGlob, pathGlob, path, (outer, inner, parts) => {
        fc.pre(coversPathGlob(compilePathGlob(outer), compilePathGlob(inner)))
        const text = `/${parts.join('/')}`
        expect(!isPathMatch(inner, text) || isPathMatch(outer, text)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('are apart only where no path is matched by both', () => {
    fc.assert(
      fc.property(pathGlob, pathGlob, path, (one, other, parts) => {
        fc.pre(arePathGlobsApart(compilePathGlob(one), compilePathGlob(other)))
        const text = `/${parts.join('/')}`
        expect(isPathMatch(one, text) && isPathMatch(other, text)).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['/**', '/app/**'],
    ['/app/**', '/app/*/b'],
    ['/app/**', '/app'],
    ['/*/**', '/app/**'],
  ])('%s covers %s', (outer, inner) => {
    expect(coversPathGlob(compilePathGlob(outer), compilePathGlob(inner))).toBe(true)
  })

  it('what stands under different folders is apart', () => {
    expect(arePathGlobsApart(compilePathGlob('/app/**'), compilePathGlob('/web/**'))).toBe(true)
    expect(arePathGlobsApart(compilePathGlob('/app/**'), compilePathGlob('/*/a'))).toBe(false)
  })

  it('T19 5,000 stars are done with at once', () => {
    expect(isPathMatch('/**/a'.repeat(5000), '/a'.repeat(9999))).toBe(true)
    expect(isPathMatch(`${'/**/a'.repeat(5000)}/b`, '/a'.repeat(9999))).toBe(false)
    expect(isPathMatch(`/${'*a'.repeat(5000)}`, `/${'a'.repeat(9999)}`)).toBe(true)
  })
})
