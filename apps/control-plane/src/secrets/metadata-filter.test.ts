import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ApiError } from '../http/api-error.ts'
import { meetsWishes, parseMetadataFilter } from './metadata-filter.ts'

function outcomeOf(text: string): string {
  try {
    return parseMetadataFilter(text).length > 0 ? 'read' : 'empty'
  } catch (error) {
    return error instanceof ApiError ? 'refused' : 'failed'
  }
}

describe('a filter by metadata', () => {
  it.each([
    ['key=a', [{ key: 'a', value: undefined }]],
    ['value=a,b', [{ key: undefined, value: 'a,b' }]],
    ['value=', [{ key: undefined, value: '' }]],
    [
      'key=a,value=b=c|key=d',
      [
        { key: 'a', value: 'b=c' },
        { key: 'd', value: undefined },
      ],
    ],
    [
      ' key=a | key=b ',
      [
        { key: 'a', value: undefined },
        { key: 'b', value: undefined },
      ],
    ],
  ])('%j is read', (text, wishes) => {
    expect(parseMetadataFilter(text)).toEqual(wishes)
  })

  it.each(['', 'a', 'key=', 'key=a,', ',value=b', 'key=a,b', 'key=a||key=b', 'key=a|'.repeat(21)])(
    '%j is refused, and not repeated',
    (text) => {
      expect(() => parseMetadataFilter(text)).toThrow(
        expect.objectContaining({
          code: 'ValidationFailure',
          issues: [expect.objectContaining({ path: ['metadataFilter'] })],
        }),
      )
    },
  )

  it('is read or refused, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(['read', 'refused']).toContain(outcomeOf(text))
      }),
    )
  })

  it('is met by secrets with an entry for each wish', () => {
    const metadata = [
      { key: 'team', value: 'pay', isEncrypted: false },
      { key: 'tier', value: '1', isEncrypted: true },
    ]
    expect(meetsWishes(metadata, parseMetadataFilter('key=team,value=pay|key=tier'))).toBe(true)
    expect(meetsWishes(metadata, parseMetadataFilter('key=team,value=1'))).toBe(false)
    expect(meetsWishes([], parseMetadataFilter('key=team'))).toBe(false)
  })
})
