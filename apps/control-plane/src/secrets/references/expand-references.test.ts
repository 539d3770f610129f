import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ResolvedPiece, expandReferences } from './expand-references.ts'

/** `>x` is a reference to x, `?x` one that leads nowhere; anything else is text. */
function graphOf(values: Record<string, readonly string[]>): Map<string, ResolvedPiece[]> {
  return new Map(Object.entries(values).map(([id, pieces]) => [id, pieces.map(pieceOf)]))
}

function pieceOf(text: string): ResolvedPiece {
  if (text.startsWith('>')) return { written: `\${${text.slice(1)}}`, target: text.slice(1) }
  if (text.startsWith('?')) return { written: `\${${text.slice(1)}}`, target: undefined }
  return text
}

const expand = (values: Record<string, readonly string[]>, limits?: Parameters<typeof expandReferences>[1]) =>
  Object.fromEntries(expanded(graphOf(values), limits))

function expanded(...[graph, limits]: Parameters<typeof expandReferences>): Map<string, string> {
  const found = expandReferences(graph, limits)
  if (found === 'too-long') throw new Error('longer than all may be together')
  return found
}

describe('the expansion of references', () => {
  it('puts values in the place of references, through any number of secrets', () => {
    expect(
      expand({ url: ['x://', '>host', ':', '>port'], host: ['db.', '>zone'], zone: ['eu'], port: ['1'] }),
    ).toEqual({
      url: 'x://db.eu:1',
      host: 'db.eu',
      zone: 'eu',
      port: '1',
    })
  })

  it('leaves what leads nowhere as it is written', () => {
    expect(expand({ a: ['1', '?gone', '>unknown'] })).toEqual({ a: '1${gone}${unknown}' })
  })

  it('ends at a circle, which is the same from wherever it is entered', () => {
    const values = { a: ['a', '>b'], b: ['b', '>a'], self: ['>self', '!'], outside: ['o', '>a'] }
    const expected = { a: 'a${b}', b: 'b${a}', self: '${self}!', outside: 'oa${b}' }
    expect(expand(values)).toEqual(expected)
    expect(expand(Object.fromEntries(Object.entries(values).toReversed()))).toEqual(expected)
  })

  it('never reads an expanded value again', () => {
    const inText = new Map<string, ResolvedPiece[]>([
      ['a', ['$', { written: '${b}', target: 'b' }]],
      ['b', ['{a}']],
    ])
    expect(expanded(inText).get('a')).toBe('${a}')
  })

  it('follows ten references one after the other, and no more', () => {
    const chain = Object.fromEntries(
      Array.from({ length: 12 }, (_, at) => [`s${at}`, at === 11 ? ['end'] : [`>s${at + 1}`]]),
    )
    expect(expand(chain)).toMatchObject({ s11: 'end', s1: 'end', s0: '${s1}' })
  })

  it('stops where a value would grow beyond its size', () => {
    const doubling = Object.fromEntries(
      Array.from({ length: 10 }, (_, at) => [
        `s${at}`,
        at === 9 ? ['x'.repeat(8)] : [`>s${at + 1}`, `>s${at + 1}`],
      ]),
    )
    const expanded = expand(doubling, { depthMax: 100, charactersMax: 64, charactersTotalMax: 10_000 })
    expect(expanded['s6']).toBe('x'.repeat(64))
    expect(expanded['s5']).toBe('${s6}${s6}')
    for (const text of Object.values(expanded)) expect(text.length).toBeLessThanOrEqual(64)
  })

  it('makes no more text than all expanded values may be together, however many secrets are to grow', () => {
    const piece: ResolvedPiece = { written: '${big}', target: 'big' }
    const graph = new Map<string, ResolvedPiece[]>([['big', ['x'.repeat(60_000)]]])
    // 2.4 GB, had it to be made first.
    for (let at = 0; at < 10_000; at += 1) graph.set(`s${at}`, [piece, piece, piece, piece])
    const before = process.memoryUsage().rss
    expect(expandReferences(graph)).toBe('too-long')
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024)
  })

  it('takes a chain as long as a project, and everything referring to everything', () => {
    const long = Object.fromEntries(
      Array.from({ length: 20_000 }, (_, at) => [`s${at}`, ['-', `>s${at + 1}`]]),
    )
    expect(Object.keys(expand(long))).toHaveLength(20_000)
    const ids = Array.from({ length: 200 }, (_, at) => `s${at}`)
    const dense = Object.fromEntries(ids.map((id) => [id, ids.map((other) => `>${other}`)]))
    expect(expand(dense)['s0']).toBe(ids.map((id) => `\${${id}}`).join(''))
  })

  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const piece = fc.constantFrom('text', '?gone', ...names.map((name) => `>${name}`))
  const graphs = fc.dictionary(fc.constantFrom(...names), fc.array(piece, { maxLength: 5 }), {
    noNullPrototype: true,
  })

  it('ends for any graph, within the size, and gives the same in any order', () => {
    fc.assert(
      fc.property(graphs, (values) => {
        const limits = { depthMax: 3, charactersMax: 100, charactersTotalMax: 10_000 }
        const expanded = expand(values, limits)
        expect(Object.keys(expanded).toSorted()).toEqual(Object.keys(values).toSorted())
        for (const text of Object.values(expanded)) expect(text.length).toBeLessThanOrEqual(100)
        expect(expand(Object.fromEntries(Object.entries(values).toReversed()), limits)).toEqual(expanded)
      }),
    )
  })

  it('is what plain substitution gives wherever there is no circle', () => {
    fc.assert(
      fc.property(graphs, (given) => {
        // Only forward: no circle.
        const values = Object.fromEntries(
          Object.entries(given).map(([id, pieces]) => [
            id,
            pieces.filter((one) => !one.startsWith('>') || one.slice(1) > id),
          ]),
        )
        const substitute = (text: string): string => {
          const name = text.slice(1)
          if (text.startsWith('>')) return values[name]?.map(substitute).join('') ?? `\${${name}}`
          return text.startsWith('?') ? `\${${name}}` : text
        }
        const plain = Object.fromEntries(
          Object.entries(values).map(([id, pieces]) => [id, pieces.map(substitute).join('')]),
        )
        expect(expand(values)).toEqual(plain)
      }),
    )
  })
})
