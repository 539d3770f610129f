import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holdsReference, parseReferences } from './parse-references.ts'

const written = (value: string): string =>
  parseReferences(value)
    .map((piece) => (typeof piece === 'string' ? piece : piece.written))
    .join('')

describe('references in a value', () => {
  it('are a key beside it, or environment, folders and key', () => {
    expect(parseReferences('postgres://${USER}:${prod.db.main.PASSWORD}@${prod.HOST}/x')).toEqual([
      'postgres://',
      { written: '${USER}', environment: undefined, path: [], key: 'USER' },
      ':',
      { written: '${prod.db.main.PASSWORD}', environment: 'prod', path: ['db', 'main'], key: 'PASSWORD' },
      '@',
      { written: '${prod.HOST}', environment: 'prod', path: [], key: 'HOST' },
      '/x',
    ])
  })

  it.each([
    ['nothing', ''],
    ['no name', '${}'],
    ['a space', '${A B}'],
    ['a shell default', '${A:-b}'],
    ['an empty part', '${prod..KEY}'],
    ['an empty environment', '${.KEY}'],
    ['no key', '${prod.}'],
    ['no end', '${KEY'],
    ['no brace', '$KEY'],
    ['a brace within', '${A${'],
    ['more folders than there can be', `\${prod.${'a.'.repeat(21)}KEY}`],
  ])('are not: %s', (_name, value) => {
    expect(written(value)).toBe(value)
    expect(holdsReference(parseReferences(value))).toBe(false)
  })

  it('are found within text that looks like the beginning of one', () => {
    expect(parseReferences('${${A}}')).toEqual([
      '${',
      { written: '${A}', environment: undefined, path: [], key: 'A' },
      '}',
    ])
  })

  it('and the text between them give the value again, whatever it is', () => {
    const part = fc.constantFrom('$', '{', '}', '${', '.', 'A', 'b.c', '${A}', '${a.b.C}', '\n', ' ', '🔑')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 50 }), (parts) => {
        expect(written(parts.join(''))).toBe(parts.join(''))
      }),
    )
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        expect(written(value)).toBe(value)
      }),
    )
  })

  it('are read from the longest value that there can be without looking twice at a character', () => {
    for (const unit of ['${', '${A', '${A.', '${A}', '${a.b}', '$', 'A.']) {
      const value = unit.repeat(Math.floor(65_536 / unit.length))
      expect(written(value)).toBe(value)
    }
  })
})
